"""The promises of a simulated day: who was promised what, how each ended, and what it all comes to."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from app.simulation.chances import Happening, as_seen
from app.simulation.doors import Household
from app.simulation.members import Member

ASKING_AT_ONCE: Final = 4
# What a promise can come to. A result that `stays` is at the post office when the day ends.
COLLECTIONS_END: Final = ("received", "absent", "incomplete", "cancelled", "put_off", "not_kept")
DELIVERIES_END: Final = ("delivered", "held", "returned", "put_off", "not_kept")


@dataclass
class Visit:
    """A promise that was made, and how it ended."""

    household: Household
    id: str
    starts_at: datetime
    ends_at: datetime
    kind: str = "collection"
    member: Member | None = None
    came_at: datetime | None = None
    ended: str | None = None

    @property
    def kept(self) -> bool:
        """Somebody was at the door while the window was open."""
        return self.came_at is not None and self.came_at <= self.ends_at

    def is_to(self, what: Happening) -> bool:
        return what in self.household.happens


@dataclass
class DoorBook:
    """The visits of the day by id, and what was seen beside them."""

    asked: int = 0
    visits: dict[str, Visit] = field(default_factory=dict)
    # Promises that ended with another one for the same visit.
    put_off: list[Visit] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    incidents: Counter[str] = field(default_factory=Counter)
    named: Collection[str] = ()
    # Where the house knows of another end than the courier.
    differences: list[str] = field(default_factory=list)
    custody: dict[str, Any] = field(default_factory=dict)
    settlement: dict[str, int | bool] = field(default_factory=dict)
    # The house is asked by so many at once; the hall's visitors book beside them.
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKING_AT_ONCE))

    def note(self, what: Happening) -> None:
        self.seen[what.value] += 1

    def put_off_to(self, visit: Visit, starts_at: datetime, ends_at: datetime) -> None:
        """The promise ends; the visit has another one."""
        self.put_off.append(replace(visit, ended="put_off"))
        # The second time they are there, with what was missing.
        better = visit.household.happens - {Happening.ABSENT, Happening.PAPER_MISSING}
        visit.household = visit.household._replace(happens=better)
        visit.starts_at, visit.ends_at = starts_at, ends_at
        visit.came_at = visit.ended = None

    @property
    def promises(self) -> list[Visit]:
        return [*self.visits.values(), *self.put_off]

    @property
    def due(self) -> list[Visit]:
        """Promises somebody had to keep."""
        return [visit for visit in self.promises if visit.ended != "cancelled"]

    @property
    def broken(self) -> list[Visit]:
        """Windows that closed before anybody came."""
        return [visit for visit in self.due if visit.ended and not visit.kept]

    @property
    def unnamed(self) -> list[Visit]:
        """Promises that broke and no incident names."""
        return [visit for visit in self.broken if visit.id not in self.named]

    @property
    def over(self) -> bool:
        """Everybody who asked was answered, and every promise has an end."""
        answered = len(self.visits) + sum(self.refused.values()) >= self.asked
        return answered and all(visit.ended for visit in self.visits.values())

    @property
    def sound(self) -> bool:
        """Nothing sealed is out of anybody's hands or still under way, no cash is unaccounted for, the
        house knows how each visit ended, and an incident names each promise that broke.
        """
        lost = self.custody.get("faults") or self.custody.get("with_couriers")
        told = not self.differences and not self.unnamed
        return not lost and bool(self.settlement.get("balanced", True)) and told

    def late_minutes(self) -> list[float]:
        """By how much those who came after the window were late."""
        return sorted(
            (visit.came_at - visit.ends_at) / timedelta(minutes=1)
            for visit in self.due
            if visit.came_at is not None and not visit.kept
        )

    def _ends(self, kind: str) -> Counter[str]:
        return Counter(visit.ended for visit in self.promises if visit.ended and visit.kind == kind)

    def figures(self) -> dict[str, float | int]:
        """What the day at the doors comes to so far."""
        ended, brought = self._ends("collection"), self._ends("delivery")
        kept = sum(visit.kept for visit in self.due)
        late = self.late_minutes()
        promised = Counter(visit.kind for visit in self.promises)
        return {
            "visits_promised": promised["collection"],
            "deliveries_promised": promised["delivery"],
            "visits_refused": sum(self.refused.values()),
            "visits_cancelled": ended["cancelled"],
            "promises_kept": kept,
            "promises_due": len(self.due),
            "promises_kept_share": round(kept / len(self.due), 4) if self.due else 1.0,
            "promises_put_off": ended["put_off"] + brought["put_off"],
            "promises_broken": len(self.broken),
            "broken_without_incident": len(self.unnamed),
            "late_starts": len(late),
            "latest_minutes": round(late[-1], 1) if late else 0.0,
            "absent": ended["absent"],
            "incomplete": ended["incomplete"],
            "not_kept": ended["not_kept"] + brought["not_kept"],
            "packages_received": ended["received"],
            "results_delivered": brought["delivered"],
            "results_held": brought["held"],
            "results_returned": brought["returned"],
            "second_attempts": self.seen["second_attempts"],
            "doors_moved": self.seen["doors_moved"],
            "late_foreseen": self.seen["late_foreseen"],
            "bags_passed_on": self.seen["bags_passed_on"],
            "joint_inventories": self.seen["joint_inventories"],
            "legs": self.seen["legs"],
            "slow_legs": self.seen["slow_legs"],
            "phones_died": self.seen[Happening.PHONE_DIES],
            "reports_queued": self.seen["reports_queued"],
            "reports_told_twice": self.seen["reports_told_twice"],
            "reports_of_suspect_clocks": self.seen["reports_of_suspect_clocks"],
            "refunds": self.seen["refunds"],
        }

    def summary(self) -> dict[str, Any]:
        """The figures, and what stands beside them at the end of a day."""
        return self.figures() | {
            "visits_ended": {name: self._ends("collection")[name] for name in COLLECTIONS_END},
            "deliveries_ended": {name: self._ends("delivery")[name] for name in DELIVERIES_END},
            "happened": as_seen(self.seen),
            "incidents": dict(self.incidents),
            "differences": self.differences,
            "custody": self.custody,
            "settlement": self.settlement,
            "visit_refusals": dict(self.refused),
        }
