"""What a partner's visits of a period come to, each figure with what it counts and of how many (pure).

Visits a citizen cancelled count nowhere and are listed. A visit is judged once its window is over.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.home_service.states import Kind, State
from app.rounds.blocks import blocks_of
from app.rounds.penalties import Figure


class VisitFacts(NamedTuple):
    """One visit as it went. Times are the effective ones: a device's clock put right."""

    id: uuid.UUID
    reference: str
    kind: str
    state: str
    starts_at: datetime
    ends_at: datetime
    shift_starts_at: datetime | None
    shift_ends_at: datetime | None
    arrived_at: datetime | None
    sealed_at: datetime | None
    brought_at: datetime | None
    attempted: bool
    failed: bool
    packages: int
    broken: int
    received: int
    differing: int


class Share(NamedTuple):
    """How many of how many."""

    numerator: int
    denominator: int


class Levels(NamedTuple):
    """The shares of a period, and the references of what was cancelled."""

    shares: Mapping[Figure, Share]
    visits: int
    cancelled: Sequence[str]


def _kept(visit: VisitFacts) -> bool:
    return visit.arrived_at is not None and visit.starts_at <= visit.arrived_at <= visit.ends_at


def _in_block(visit: VisitFacts) -> bool:
    """At the post office by the end of the block in which the papers were sealed."""
    end = _block_end(visit)
    return visit.brought_at is not None and end is not None and visit.brought_at <= end


def _block_end(visit: VisitFacts) -> datetime | None:
    """Of the block whose window it was; without a shift on that day nobody promised to be back."""
    if visit.shift_starts_at is None or visit.shift_ends_at is None:
        return None
    blocks = blocks_of(local_date(visit.starts_at), visit.shift_starts_at, visit.shift_ends_at)
    return next((block.ends_at for block in blocks if visit.starts_at < block.ends_at), None)


def _is_collected(visit: VisitFacts) -> bool:
    return visit.kind == Kind.COLLECTION and visit.sealed_at is not None


# Figure → (which visits or packages it is of, which of them count).
Counts = Callable[[VisitFacts], int]
COUNTED: Final[Mapping[Figure, tuple[Counts, Counts]]] = MappingProxyType(
    {
        Figure.PROMISE_KEPT: (lambda _visit: 1, lambda visit: int(_kept(visit))),
        Figure.FIRST_ATTEMPT: (
            lambda visit: int(visit.attempted),
            lambda visit: int(visit.attempted and not visit.failed),
        ),
        Figure.HANDED_OVER_IN_BLOCK: (
            lambda visit: int(_is_collected(visit) and _block_end(visit) is not None),
            lambda visit: int(_is_collected(visit) and _in_block(visit)),
        ),
        Figure.SEAL_INTACT: (lambda visit: visit.packages, lambda visit: visit.packages - visit.broken),
        Figure.INCOMPLETE_AFTER_CHECK: (lambda visit: visit.received, lambda visit: visit.differing),
    }
)


def levels(visits: Iterable[VisitFacts], *, now: datetime) -> Levels:
    """The figures over visits whose window is over."""
    over = [visit for visit in visits if visit.ends_at <= now]
    judged = [visit for visit in over if visit.state != State.CANCELLED]
    return Levels(
        shares={
            figure: Share(sum(map(good, judged)), sum(map(of, judged)))
            for figure, (of, good) in COUNTED.items()
        },
        visits=len(judged),
        cancelled=[visit.reference for visit in over if visit.state == State.CANCELLED],
    )
