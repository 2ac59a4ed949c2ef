"""Who asks for a courier on a simulated day, how it goes at their door, and what it all comes to.

Travel is the straight way with the detour and the speed of COURIER.md 4, and takes more or less by chance;
doors take what the catalogue's collections take, log-normal around twelve minutes.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.rounds.rules import distance_km

DETOUR: Final = 1.3
KM_PER_HOUR: Final = 25.0
TRAVEL_SPREAD: Final = 0.25
DOOR_MINUTES: Final = 12.0
DOOR_SPREAD: Final = 0.35
NEAR_DEGREES: Final = 0.03
ABSENT: Final = 0.08
INCOMPLETE: Final = 0.07
CHANGES_MIND: Final = 0.05
SHOWS_PAPER: Final = 0.1
# Civil status, which costs a fee, and disability, which costs nothing.
PROCEDURES: Final = ("1.004873", "1.004884", "1.001699")
VISITS_A_COURIER: Final = 6
ASKING_AT_ONCE: Final = 4


class Household(NamedTuple):
    """Somebody who has papers fetched, and what will be at their door."""

    procedure: str
    lat: float
    lon: float
    wishes: datetime
    absent: bool
    incomplete: bool
    changes_mind: bool
    shows_paper: bool
    minutes: float


def households(
    windows: Sequence[datetime], *, centre: tuple[float, float], couriers: int, seed: int
) -> list[Household]:
    """So many as the couriers can do, each wishing for one of the day's windows."""
    if not windows:
        return []
    return list(_households(windows, centre, couriers, random.Random(seed + 1)))  # noqa: S311 - a simulation


def _households(
    windows: Sequence[datetime], centre: tuple[float, float], couriers: int, chance: random.Random
) -> Iterator[Household]:
    lat, lon = centre
    for n in range(round(couriers * VISITS_A_COURIER * len(windows) / 4)):
        yield Household(
            procedure=PROCEDURES[n % len(PROCEDURES)],
            lat=round(lat + chance.uniform(-NEAR_DEGREES, NEAR_DEGREES), 5),
            lon=round(lon + chance.uniform(-NEAR_DEGREES, NEAR_DEGREES), 5),
            wishes=chance.choice(windows),
            absent=chance.random() < ABSENT,
            incomplete=chance.random() < INCOMPLETE,
            changes_mind=chance.random() < CHANGES_MIND,
            shows_paper=chance.random() < SHOWS_PAPER,
            minutes=DOOR_MINUTES * math.exp(chance.gauss(0, DOOR_SPREAD)),
        )


def ride_minutes(start: tuple[float, float], end: tuple[float, float], chance: random.Random) -> float:
    """How long the way takes this time: traffic is never twice the same."""
    usual = distance_km(*start, *end) * DETOUR / KM_PER_HOUR * 60
    return usual * math.exp(chance.gauss(0, TRAVEL_SPREAD))


@dataclass
class Visit:
    """A promise that was made, and how it ended."""

    household: Household
    id: str
    starts_at: datetime
    ends_at: datetime
    came_at: datetime | None = None
    ended: str | None = None

    @property
    def kept(self) -> bool:
        """Somebody was at the door while the window was open."""
        return self.came_at is not None and self.came_at <= self.ends_at


@dataclass
class DoorBook:
    """The visits of the day by id, and what was seen beside them."""

    asked: int = 0
    visits: dict[str, Visit] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    custody: dict[str, int] = field(default_factory=dict)
    settlement: dict[str, int | bool] = field(default_factory=dict)
    # The house is asked by so many at once; the hall's visitors book beside them.
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKING_AT_ONCE))

    @property
    def due(self) -> list[Visit]:
        """Promises somebody had to keep."""
        return [visit for visit in self.visits.values() if visit.ended != "cancelled"]

    @property
    def over(self) -> bool:
        """Everybody who asked was answered, and every promise has an end."""
        answered = len(self.visits) + sum(self.refused.values()) >= self.asked
        return answered and all(visit.ended for visit in self.visits.values())

    @property
    def sound(self) -> bool:
        """Nothing sealed is out of anybody's hands, and no cash is unaccounted for."""
        return not self.custody.get("faults") and bool(self.settlement.get("balanced", True))

    def late_minutes(self) -> list[float]:
        """By how much those who came after the window were late."""
        return sorted(
            (visit.came_at - visit.ends_at) / timedelta(minutes=1)
            for visit in self.due
            if visit.came_at is not None and not visit.kept
        )

    def figures(self) -> dict[str, float | int]:
        """What the day at the doors comes to so far."""
        ended = Counter(visit.ended for visit in self.visits.values() if visit.ended)
        came = [visit for visit in self.due if visit.came_at is not None]
        kept = sum(visit.kept for visit in came)
        late = self.late_minutes()
        return {
            "visits_promised": len(self.visits),
            "visits_refused": sum(self.refused.values()),
            "visits_cancelled": ended["cancelled"],
            "promises_kept": kept,
            "promises_due": len(self.due),
            "promises_kept_share": round(kept / len(self.due), 4) if self.due else 1.0,
            "late_starts": len(late),
            "latest_minutes": round(late[-1], 1) if late else 0.0,
            "absent": ended["absent"],
            "incomplete": ended["incomplete"],
            "packages_received": ended["received"],
            "phones_died": self.seen["phones_died"],
            "reports_queued": self.seen["reports_queued"],
            "reports_told_twice": self.seen["reports_told_twice"],
            "refunds": self.seen["refunds"],
        }
