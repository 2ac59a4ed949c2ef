"""The end of a centre's day (kết thúc ngày): nobody is left waiting for a counter that will not call."""

import uuid
from datetime import date, datetime
from typing import NamedTuple

from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.queue import day as days
from app.queue.errors import DayNotOver, StillServing
from app.queue.queries import COLUMNS, TicketRow
from app.queue.rules import END_OF_DAY, end_of
from app.queue.states import AT_A_COUNTER, State
from app.queue.steps import give_return_places_back, note, note_ticket


class DayClosed(NamedTuple):
    """What the end of a day found; all zero when it had been closed before.

    `not_served` are those of them who had an appointment and came: the centre's debt, never theirs.
    `still_open` are numbers of an earlier day that a counter still holds: an officer has to finish them.
    """

    waiting: int
    parked: int
    not_served: int
    counters: int
    still_open: tuple[str, ...]


@operation
async def close_day(*, centre_id: uuid.UUID, day: date, now: datetime) -> DayClosed:
    """Whoever still waits or was put aside has left, the counters are closed. Twice is once.

    Refused before the last opening and the hours of the centre have ended, and while the hall is still
    at work (`DayNotOver`), or while somebody is called or served (`StillServing`). After midnight that
    one alone stays as it is, with its counter.
    """
    work = in_transaction()
    # Calling locks the counter first: with all of them held nobody is called meanwhile.
    await work.fetch(
        "SELECT FROM counter_state WHERE centre_id = $1 ORDER BY counter_id FOR UPDATE", centre_id
    )
    held = await _held(centre_id, day)
    closes_at = await days.ends_at(centre_id, day)
    if now < closes_at:
        raise DayNotOver(closes_at=closes_at)
    if held and local_date(now) <= day:
        raise StillServing(numbers=list(held))
    ended = await _end_tickets(centre_id, day, now=now)
    closed = await _close_counters(centre_id, day, now=now)
    found = DayClosed(
        waiting=sum(before == State.WAITING for before, _ in ended),
        parked=sum(before == State.PARKED for before, _ in ended),
        not_served=sum(ticket.appointment_id is not None for _, ticket in ended),
        counters=closed,
        still_open=held,
    )
    if ended or closed:
        await note("day_closed", centre_id=centre_id, at=now, data={"day": day} | found._asdict())
    return found


async def _held(centre_id: uuid.UUID, day: date) -> tuple[str, ...]:
    rows = await in_transaction().fetch(
        "SELECT number FROM ticket WHERE centre_id = $1 AND local_date = $2 AND state = ANY($3)"
        " ORDER BY number",
        centre_id,
        day,
        [state.value for state in AT_A_COUNTER],
    )
    return tuple(row["number"] for row in rows)


async def _end_tickets(centre_id: uuid.UUID, day: date, *, now: datetime) -> list[tuple[str, TicketRow]]:
    """Everybody who waits or was put aside has left; each with the state before."""
    rows = await in_transaction().fetch(
        "WITH open AS (SELECT id, state AS before FROM ticket WHERE centre_id = $1 AND local_date = $2"
        " AND state IN ('waiting', 'parked') ORDER BY id FOR UPDATE),"
        " ended AS (UPDATE ticket SET state = 'left', ended_at = $3, version = version + 1"
        f" WHERE id IN (SELECT id FROM open) RETURNING {COLUMNS})"
        " SELECT open.before, ended.* FROM ended JOIN open ON open.id = ended.id ORDER BY ended.id",
        centre_id,
        day,
        now,
    )
    ended = []
    for before, *values in rows:
        ticket = TicketRow(*values)
        await note_ticket("left", ticket, at=now, reason=END_OF_DAY, before=before)
        ended.append((before, ticket))
    await give_return_places_back([ticket for _, ticket in ended])
    return ended


async def _close_counters(centre_id: uuid.UUID, day: date, *, now: datetime) -> int:
    """Counters opened on the day or before; one that holds a ticket, or was opened since, stays."""
    rows = await in_transaction().fetch(
        "UPDATE counter_state SET state = 'closed', since = $3, version = version + 1"
        " WHERE centre_id = $1 AND state <> 'closed' AND since < $2 AND NOT EXISTS"
        " (SELECT FROM ticket WHERE ticket.counter_id = counter_state.counter_id"
        "   AND ticket.state IN ('called', 'serving')) RETURNING counter_id",
        centre_id,
        end_of(day),
        now,
    )
    for row in rows:
        await note(
            "closed", centre_id=centre_id, counter_id=row["counter_id"], at=now, data={"reason": END_OF_DAY}
        )
    return len(rows)
