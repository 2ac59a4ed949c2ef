"""What the events of one ticket tell: waits, times and counts are computed from here (pure).

The row of a ticket is kept for speed; this is what it can be rebuilt from.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.queue.states import State

STATE_AFTER: Final[Mapping[str, State]] = MappingProxyType(
    {
        "issued": State.WAITING,
        "called": State.CALLED,
        "recalled": State.CALLED,
        "started": State.SERVING,
        "parked": State.PARKED,
        "resumed": State.SERVING,
        "transferred": State.WAITING,
        "put_back": State.WAITING,
        "missed": State.MISSED,
        "finished": State.DONE,
        "left": State.LEFT,
        "check_in_undone": State.UNDONE,
    }
)
# Whether the holder went away until an agreed time and is not back.
AWAY_AFTER: Final[Mapping[str, bool]] = MappingProxyType({"return_agreed": True, "came_back": False})
CALLS: Final = frozenset({"called", "recalled"})
ENDED: Final = frozenset({State.DONE, State.LEFT, State.MISSED, State.UNDONE})


class Event(NamedTuple):
    """One line of the queue's events."""

    type: str
    at: datetime
    data: Mapping[str, Any]


class Span(NamedTuple):
    """One procedure, done without a pause, by one officer."""

    procedure: str
    took: timedelta


class Story(NamedTuple):
    """A ticket as its events tell it; class and wait are those of the last.

    `spans` are what was done, without the pauses and what goes on.
    """

    number: str
    ticket_class: str
    priority_group: str | None
    procedures: tuple[str, ...]
    state: State
    issued_at: datetime
    wait_from: datetime
    calls: int
    first_called_at: datetime | None
    ended_at: datetime | None
    spans: tuple[Span, ...]
    p50_quoted: int | None
    p80_quoted: int | None
    away: bool = False

    @property
    def served(self) -> timedelta:
        """The time at a counter."""
        return sum((span.took for span in self.spans), timedelta())

    @property
    def waited(self) -> timedelta | None:
        """From the agreed time or the door until the first call; None for one never called."""
        if self.first_called_at is None:
            return None
        return max(timedelta(), self.first_called_at - self.wait_from)


def story(events: Iterable[Event]) -> Story | None:
    """Fold the events of one ticket, in order; None before it was issued."""
    found: Story | None = None
    open_span: tuple[str, datetime] | None = None
    for event in events:
        if found is None:
            found = _begun(event)
            continue
        state = STATE_AFTER.get(event.type, found.state)
        begins = event.data.get("procedure")
        spans = found.spans
        if open_span is not None and (begins is not None or state is not State.SERVING):
            spans, open_span = (*spans, Span(open_span[0], event.at - open_span[1])), None
        if begins is not None:
            open_span = (begins, event.at)
        found = found._replace(
            ticket_class=event.data["ticket_class"],
            wait_from=datetime.fromisoformat(event.data["wait_from"]),
            away=AWAY_AFTER.get(event.type, found.away),
            state=state,
            spans=spans,
            procedures=tuple(event.data["procedures"]),
            calls=found.calls + (event.type in CALLS),
            first_called_at=found.first_called_at or (event.at if event.type in CALLS else None),
            ended_at=_ended_at(found, state, event.at),
        )
    return found


def _ended_at(before: Story, state: State, at: datetime) -> datetime | None:
    if state not in ENDED:
        return None
    return at if state is not before.state else before.ended_at


def _begun(event: Event) -> Story:
    data = event.data
    return Story(
        number=data["number"],
        ticket_class=data["ticket_class"],
        priority_group=data["priority_group"],
        procedures=tuple(data["procedures"]),
        state=State.WAITING,
        issued_at=event.at,
        wait_from=datetime.fromisoformat(data["wait_from"]),
        calls=0,
        first_called_at=None,
        ended_at=None,
        spans=(),
        p50_quoted=data.get("p50_minutes"),
        p80_quoted=data.get("p80_minutes"),
    )
