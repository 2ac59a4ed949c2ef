"""Ending rounds: a block that is over is closed, and what is left open of it named to a supervisor."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service import incidents
from app.home_service.steps import visits_of_duty
from app.rounds import live
from app.rounds import queries as rounds
from app.rounds.blocks import WORKED, DutyState

# So many in one tick of the clock; after an outage the next tick goes on.
CLOSED_AT_ONCE = 200


async def close_ended_rounds(*, now: datetime) -> int:
    """Close every round whose time has come, the oldest first; how many. One transaction each."""
    closed = 0
    for duty in await rounds.duties_to_close(now=now, at_most=CLOSED_AT_ONCE):
        closed += await close_duty(duty_id=duty, now=now)
    return closed


@operation
async def close_duty(*, duty_id: uuid.UUID, now: datetime) -> bool:
    """Close one round whose block is over; whether it was not closed before.

    With a visit still open it waits for the courier's telephone, `rounds.queries.REPORTS_AWAITED` long.
    Then it is closed all the same, and an incident names each visit left open: what its courier reports of
    it later still counts.
    """
    connection = in_transaction()
    visits = await visits_of_duty(duty_id)
    duty = await connection.fetchrow("SELECT date, state, ends_at FROM duty WHERE id = $1", duty_id)
    if duty is None:
        return False
    await live.hold_days(duty["date"], duty["date"])
    state = await connection.fetchval("SELECT state FROM duty WHERE id = $1", duty_id)
    if state not in WORKED or duty["ends_at"] > now:
        return False
    rows = await connection.fetch(
        "SELECT home_visit_id FROM round_stop WHERE duty_id = $1 AND lock <> 'done'", duty_id
    )
    left_open = {row["home_visit_id"] for row in rows}
    if left_open and duty["ends_at"] + rounds.REPORTS_AWAITED > now:
        return False
    version = await connection.fetchval(
        "UPDATE day_plan SET version = nextval('plan_version') WHERE date = $1 RETURNING version",
        duty["date"],
    )
    await connection.execute(
        "UPDATE duty SET state = $2, version = $3 WHERE id = $1", duty_id, DutyState.CLOSED.value, version
    )
    for visit in visits:
        if visit.id in left_open:
            await incidents.open_incident(visit, incidents.Kind.LEFT_OPEN, event_id=None, now=now)
    await journal.write(
        "duty.closed",
        object_kind="duty",
        object_id=duty_id,
        at=now,
        detail={"left_open": len(left_open)},
    )
    return True
