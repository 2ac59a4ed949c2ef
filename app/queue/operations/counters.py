"""Open, pause and close a counter (quầy), and let a standby officer take it over."""

import uuid
from datetime import datetime
from typing import Any

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.queue import queries
from app.queue.errors import CounterBusy, CounterTakenOver, OfficerAtAnotherCounter
from app.queue.operations.periods import end_period, open_period
from app.queue.queries import CounterRow
from app.queue.states import AT_A_COUNTER, State
from app.queue.steps import locked, note, note_ticket
from app.staff import queries as staff_queries
from app.staff import steps as staff
from app.staff.queries import ShiftRow


@operation
async def open_counter(
    *, counter_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, now: datetime
) -> CounterRow:
    """Open it for an officer of today's roster; whoever opened it before gives it up.

    Raises `NotOnRoster` outside the term, and for a standby officer who was not called to this counter.
    """
    await staff.require_term(officer_id, centre_id=centre_id, counter_id=counter_id, on=local_date(now))
    return await _set(counter_id, centre_id, officer_id, "open", now)


@operation
async def pause_counter(
    *, counter_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, now: datetime
) -> CounterRow:
    """No further call; the open ticket can be finished."""
    return await _set(counter_id, centre_id, officer_id, "paused", now)


@operation
async def close_counter(
    *, counter_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, now: datetime
) -> CounterRow:
    """Refused while a ticket is open: somebody would be forgotten."""
    # Calling locks the counter too, so nobody is called while this looks.
    await in_transaction().execute("SELECT FROM counter_state WHERE counter_id = $1 FOR UPDATE", counter_id)
    held = await queries.open_at(counter_id)
    if held is not None and held.centre_id == centre_id:
        raise CounterBusy(number=held.number, ticket_id=held.id, version=held.version)
    return await _set(counter_id, centre_id, officer_id, "closed", now)


@operation
async def activate_standby(
    *, shift_id: uuid.UUID, centre_id: uuid.UUID, counter_id: uuid.UUID, now: datetime
) -> ShiftRow:
    """A standby officer takes over a counter in one call (điều động cán bộ dự phòng). Twice is once.

    The term is checked, the counter is open for them, and the ticket it holds goes on with them, its time
    with the officer before ended. Raises `ShiftNotFound`, `NotOnStandby`, `CounterNotFound`,
    `CounterTakenOver` when another standby officer sits there, and `OfficerAtAnotherCounter`.
    """
    shift = await staff.stand_in(shift_id, centre_id=centre_id, counter_id=counter_id, now=now)
    await centres.counter(counter_id, centre_id=centre_id)
    if await _sits_there(shift.officer_id, counter_id, centre_id, now=now):
        return shift
    await _set(counter_id, centre_id, shift.officer_id, "open", now)
    held = await queries.open_at(counter_id)
    if held is not None:
        await _take_along(held.id, counter_id, centre_id, now=now)
    return shift


async def _take_along(
    ticket_id: uuid.UUID, counter_id: uuid.UUID, centre_id: uuid.UUID, *, now: datetime
) -> None:
    """Whoever stands at the counter goes on with the new officer, unless they were done that moment."""
    held = await locked(ticket_id, centre_id=centre_id)
    if held.counter_id != counter_id or held.state not in AT_A_COUNTER:
        return
    more: dict[str, Any] = {}
    if held.state == State.SERVING:
        await end_period(held.id, now=now)
        more = {"procedure": await open_period(held, resuming=True, now=now)}
    await note_ticket("taken_over", held, at=now, **more)


async def _sits_there(
    officer_id: uuid.UUID, counter_id: uuid.UUID, centre_id: uuid.UUID, *, now: datetime
) -> bool:
    """Lock the counter, and see who has it open; whether it is this officer already."""
    work = in_transaction()
    await work.execute(
        "INSERT INTO counter_state (counter_id, centre_id, state, officer_id, since)"
        " VALUES ($1, $2, 'closed', $3, $4) ON CONFLICT DO NOTHING",
        counter_id,
        centre_id,
        officer_id,
        now,
    )
    sits = await work.fetchrow(
        "SELECT state, officer_id FROM counter_state WHERE counter_id = $1 FOR UPDATE", counter_id
    )
    elsewhere = await work.fetchval(
        "SELECT counter_id FROM counter_state WHERE centre_id = $1 AND officer_id = $2"
        " AND counter_id <> $3 AND state <> 'closed' LIMIT 1",
        centre_id,
        officer_id,
        counter_id,
    )
    if elsewhere is not None:
        raise OfficerAtAnotherCounter(counter=(await centres.counter(elsewhere)).number)
    if sits["state"] != "open":
        return False
    if sits["officer_id"] == officer_id:
        return True
    standing = await staff_queries.standing(
        centre_id, sits["officer_id"], counter_id=counter_id, on=local_date(now)
    )
    if standing.standing_in:
        raise CounterTakenOver
    return False


async def _set(
    counter_id: uuid.UUID,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    state: str,
    now: datetime,
) -> CounterRow:
    counter = await centres.counter(counter_id, centre_id=centre_id)
    await in_transaction().execute(
        "INSERT INTO counter_state (counter_id, centre_id, state, officer_id, since)"
        " VALUES ($1,$2,$3,$4,$5) ON CONFLICT (counter_id) DO UPDATE SET state = EXCLUDED.state,"
        " officer_id = EXCLUDED.officer_id, since = EXCLUDED.since,"
        " version = counter_state.version + 1",
        counter_id,
        centre_id,
        state,
        officer_id,
        now,
    )
    await note(
        {"open": "opened", "paused": "paused", "closed": "closed"}[state],
        centre_id=centre_id,
        counter_id=counter_id,
        at=now,
    )
    return CounterRow(
        id=counter.id,
        number=counter.number,
        label_vi=counter.label_vi,
        label_en=counter.label_en,
        state=state,
        officer_id=officer_id,
    )
