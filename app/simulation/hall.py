"""What the simulated day knows of itself: its people's tickets, and the figures shown."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.monitoring.figures import quantile
from app.queue.rules import WAIT_TARGET
from app.simulation.members import Member
from app.simulation.plan import Visitor

MINUTE: Final = timedelta(minutes=1)


@dataclass
class Guest:
    """Somebody with a number, and since when their wait counts."""

    visitor: Visitor
    number: str
    waits_from: datetime
    called_at: datetime | None = None
    ended: str | None = None
    away_until: datetime | None = None
    # Who came with an appointment is known by the phone it was made with.
    member: Member | None = None
    phone: str = ""

    @property
    def wait(self) -> timedelta | None:
        """First call minus arrival or agreed time, whichever was later; None before the call."""
        return None if self.called_at is None else max(timedelta(), self.called_at - self.waits_from)


@dataclass
class Book:
    """The day's tickets by id, and what happened beside them."""

    guests: dict[str, Guest] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    booked: int = 0
    stayed_away: int = 0
    expected: int = 0
    offered: int = 0
    accepted: int = 0

    def waits(self) -> list[float]:
        """Minutes until the first call, of everybody who was called, in order."""
        waits = [guest.wait for guest in self.guests.values()]
        return sorted(wait / MINUTE for wait in waits if wait is not None)

    @property
    def waiting(self) -> Sequence[Guest]:
        return [guest for guest in self._uncalled if guest.away_until is None]

    @property
    def _uncalled(self) -> Sequence[Guest]:
        return [guest for guest in self.guests.values() if guest.called_at is None and not guest.ended]

    def awaited_before(self, moment: datetime | None) -> bool:
        """Whether somebody waits, or is to be back before then.

        No time is the end of the day: then also whether somebody is still to come, for a place booked late.
        """
        return (moment is None and not self.all_came) or any(
            guest.away_until is None or moment is None or guest.away_until < moment
            for guest in self._uncalled
        )

    @property
    def last_to_wait(self) -> datetime | None:
        """When the last of those not yet called began to wait, or is to come back."""
        return max((guest.waits_from for guest in self._uncalled), default=None)

    @property
    def served(self) -> int:
        return sum(guest.ended == "done" for guest in self.guests.values())

    @property
    def over(self) -> bool:
        """Everybody who was going to come has come, and has gone."""
        return self.all_came and all(guest.ended for guest in self.guests.values())

    @property
    def all_came(self) -> bool:
        """Everybody of the plan has a number, stayed away, or was turned away."""
        return len(self.guests) + self.stayed_away + sum(self.refused.values()) >= self.expected

    def figures(self) -> dict[str, float | int]:
        """What the day comes to so far; minutes of the day."""
        waits = self.waits()
        target = WAIT_TARGET / MINUTE
        within = sum(wait <= target for wait in waits)
        return {
            "tickets": len(self.guests),
            "booked": self.booked,
            "stayed_away": self.stayed_away,
            "refused": sum(self.refused.values()),
            "return_offered": self.offered,
            "return_accepted": self.accepted,
            "away": len(self._uncalled) - len(self.waiting),
            "waiting": len(self.waiting),
            "called": len(waits),
            "served": self.served,
            "within_15_minutes": round(within / len(waits), 4) if waits else 1.0,
            "p50_minutes": round(quantile(waits, 0.5), 1) if waits else 0.0,
            "p95_minutes": round(quantile(waits, 0.95), 1) if waits else 0.0,
            "longest_minutes": round(waits[-1], 1) if waits else 0.0,
        }
