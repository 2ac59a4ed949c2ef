"""The figures of a hall, from its visits (pure). The same visits give the same figures, in any order."""

import math
import uuid
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from app.core.clock import local
from app.monitoring.visits import Visit
from app.queue.rules import WAIT_TARGET
from app.queue.states import State

MINUTE: Final = timedelta(minutes=1)

K = TypeVar("K", bound=Hashable)


class Share(NamedTuple):
    """So many of so many; no value of nothing."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        return None if self.denominator == 0 else round(self.numerator / self.denominator, 4)


class Spread(NamedTuple):
    """How long something took, in minutes: half of them at most `p50`, nineteen of twenty at most `p95`."""

    n: int
    p50: float | None
    p95: float | None
    longest: float | None

    @classmethod
    def of(cls, lengths: Iterable[timedelta]) -> "Spread":
        ordered = sorted(lengths)
        if not ordered:
            return cls(0, None, None, None)
        return cls(
            len(ordered),
            minutes(quantile(ordered, 0.5)),
            minutes(quantile(ordered, 0.95)),
            minutes(ordered[-1]),
        )


class Figures(NamedTuple):
    """What there is to say of some visits.

    `within_target` counts who was called within 15 minutes of the agreed time (plan VII.4) among those
    whose wait is over; leaving before the call ends a wait like a call does, and counts as abandoned too.
    """

    tickets: int
    within_target: Share
    wait: Spread
    delay: Spread
    abandoned: Share
    missed: Share
    served: int
    waiting: int


class Exceeded(NamedTuple):
    """Somebody who waited longer than the target."""

    ticket_id: uuid.UUID
    number: str
    pool_id: uuid.UUID
    ticket_class: str
    arrived_at: datetime
    wait_from: datetime
    wait: timedelta
    left: bool


def figures(visits: Iterable[Visit]) -> Figures:
    """Over all of them."""
    known = [visit for visit in visits if visit.state is not State.UNDONE]
    waits = [visit.wait for visit in known if visit.wait is not None]
    called = sum(visit.first_called_at is not None for visit in known)
    return Figures(
        tickets=len(known),
        within_target=Share(sum(wait <= WAIT_TARGET for wait in waits), len(waits)),
        wait=Spread.of(waits),
        delay=Spread.of(visit.delay for visit in known if visit.delay is not None),
        abandoned=Share(
            sum(visit.state is State.LEFT and visit.first_called_at is None for visit in known), len(known)
        ),
        missed=Share(sum(visit.state is State.MISSED for visit in known), called),
        served=sum(visit.state is State.DONE for visit in known),
        waiting=sum(visit.state is State.WAITING and not visit.away for visit in known),
    )


def grouped(visits: Iterable[Visit], by: Callable[[Visit], K]) -> dict[K, Figures]:
    """The figures of each group, in the order of the groups."""
    groups: dict[K, list[Visit]] = {}
    for visit in visits:
        groups.setdefault(by(visit), []).append(visit)
    return {key: figures(groups[key]) for key in sorted(groups, key=str)}


def hour_of(visit: Visit) -> int:
    """The hour of the wall clock somebody came in."""
    return local(visit.arrived_at).hour


def exceeded(visits: Iterable[Visit], *, now: datetime) -> list[Exceeded]:
    """Everybody who waited, or is waiting, longer than the target; the longest first."""
    found = []
    for visit in visits:
        waits = visit.state is State.WAITING and visit.wait is None and not visit.away
        wait = now - visit.wait_from if waits else visit.wait
        if wait is not None and wait > WAIT_TARGET and visit.state is not State.UNDONE:
            found.append(
                Exceeded(
                    visit.ticket_id,
                    visit.number,
                    visit.pool_id,
                    visit.ticket_class,
                    visit.arrived_at,
                    visit.wait_from,
                    wait,
                    visit.state is State.LEFT,
                )
            )
    return sorted(found, key=lambda each: (-each.wait, each.ticket_id))


T = TypeVar("T", float, timedelta)


def quantile(ordered: Sequence[T], share: float) -> T:
    """The smallest of the ordered values that so great a share of them does not exceed."""
    if not ordered:
        raise ValueError("nothing has no quantile")
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * share - 1e-9) - 1))]


def minutes(length: timedelta) -> float:
    """To the tenth of a minute: finer than anybody presses a button."""
    return round(length / MINUTE, 1)
