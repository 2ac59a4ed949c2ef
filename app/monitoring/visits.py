"""One visit to a hall, as figures need it, from either witness: the ticket's row or its events (pure)."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.queue.history import Event, story
from app.queue.queries import TicketRow
from app.queue.states import ReturnState, State


class Visit(NamedTuple):
    """Somebody with a number. `arrived_at` is the door, `wait_from` the agreed time when that is later."""

    ticket_id: uuid.UUID
    number: str
    pool_id: uuid.UUID
    ticket_class: str
    state: State
    arrived_at: datetime
    wait_from: datetime
    first_called_at: datetime | None
    ended_at: datetime | None
    away: bool = False

    @property
    def wait_ended_at(self) -> datetime | None:
        """The first call; for whoever left before it, the moment of leaving.

        Whoever went away until an agreed time and did not come back waited for nobody.
        """
        if self.first_called_at is not None:
            return self.first_called_at
        if self.away:
            return None
        return self.ended_at if self.state is State.LEFT else None

    @property
    def wait(self) -> timedelta | None:
        """From the agreed time or the door to the first call; None while it lasts."""
        ended = self.wait_ended_at
        return None if ended is None else max(timedelta(), ended - self.wait_from)

    @property
    def delay(self) -> timedelta | None:
        """From the door to the first call, whatever was agreed in between."""
        ended = self.wait_ended_at
        return None if ended is None else max(timedelta(), ended - self.arrived_at)


def by_row(row: TicketRow) -> Visit:
    """As the ticket's row says it."""
    return Visit(
        ticket_id=row.id,
        number=row.number,
        pool_id=row.pool_id,
        ticket_class=row.ticket_class,
        state=State(row.state),
        arrived_at=row.issued_at,
        wait_from=row.wait_from,
        first_called_at=row.first_called_at,
        ended_at=row.ended_at,
        away=row.return_state == ReturnState.AGREED,
    )


class TicketEvent(NamedTuple):
    """One event with the ticket and the pool it happened in."""

    ticket_id: uuid.UUID
    pool_id: uuid.UUID
    event: Event


def by_events(events: Iterable[TicketEvent]) -> list[Visit]:
    """As the events tell it. They come by ticket, in order; a ticket whose issue is not among them is left
    out.
    """
    told: dict[uuid.UUID, list[TicketEvent]] = {}
    for each in events:
        told.setdefault(each.ticket_id, []).append(each)
    found = (_folded(each) for each in told.values() if each[0].event.type == "issued")
    return [visit for visit in found if visit is not None]


def _folded(events: Sequence[TicketEvent]) -> Visit | None:
    told = story(each.event for each in events)
    if told is None:
        return None
    return Visit(
        ticket_id=events[0].ticket_id,
        number=told.number,
        pool_id=events[-1].pool_id,
        ticket_class=told.ticket_class,
        state=told.state,
        arrived_at=told.issued_at,
        wait_from=told.wait_from,
        first_called_at=told.first_called_at,
        ended_at=told.ended_at,
        away=told.away,
    )
