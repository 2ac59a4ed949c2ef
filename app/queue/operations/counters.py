"""Open, pause and close a counter (quầy)."""

import uuid
from datetime import datetime

from app.centres import queries as centres
from app.core.database import in_transaction
from app.core.operation import operation
from app.queue import queries
from app.queue.errors import CounterBusy
from app.queue.queries import CounterRow
from app.queue.steps import note


@operation
async def open_counter(
    *, counter_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, now: datetime
) -> CounterRow:
    """Open it for an officer; whoever opened it before gives it up."""
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
    held = await queries.open_at(counter_id)
    if held is not None and held.centre_id == centre_id:
        raise CounterBusy(number=held.number, ticket_id=held.id, version=held.version)
    return await _set(counter_id, centre_id, officer_id, "closed", now)


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
