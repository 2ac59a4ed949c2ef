"""How what couriers report folds into the state of a visit, in whatever order it arrives (pure)."""

import uuid
from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from app.home_service import states
from app.home_service.states import Kind, Report, State


class Reported(Protocol):
    """What the fold looks at of a report."""

    @property
    def event_id(self) -> uuid.UUID: ...
    @property
    def type(self) -> Report: ...
    @property
    def device_seq(self) -> int: ...


E = TypeVar("E", bound=Reported)


def still_counts(event: Reported, *, reached: int) -> bool:
    """A late word of an earlier attempt moves nothing any more; money was taken whenever it was taken."""
    return event.type is Report.FEE_COLLECTED or event.device_seq > reached


def next_of(
    kind: Kind, state: State, waiting: Iterable[E], *, refused: Collection[uuid.UUID] = ()
) -> tuple[E, State] | None:
    """The report to apply now and the state it leads to, or None while predecessors are missing.

    The device's own count orders them: its clock may be hours off, and is never asked.
    """
    for event in sorted(waiting, key=lambda e: (e.device_seq, states.RANK[e.type], e.event_id)):
        target = states.after(kind, state, event.type)
        if target is not None and event.event_id not in refused:
            return event, target
    return None


def against(
    state: State, present: Iterable[E], former: Iterable[E], *, refused: Collection[uuid.UUID] = ()
) -> E | None:
    """A sealed bag that goes against what had been decided: it is there, and wins.

    `present` come from whom the visit is with, `former` from couriers it was taken from.
    """
    could = [
        event
        for events, states_won in ((present, states.SEALED_AGAINST), (former, states.SEALED_BY_ANOTHER))
        for event in events
        if event.type is Report.SEALED and state in states_won and event.event_id not in refused
    ]
    return min(could, key=lambda e: (e.device_seq, e.event_id), default=None)
