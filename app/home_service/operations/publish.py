"""Telling rounds: from then on a visit is its courier's, its citizen knows the name, and it stays so."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service.states import BEFORE_THE_DOOR, State
from app.home_service.steps import name_courier, visits_of_duty
from app.rounds import live
from app.rounds import queries as rounds
from app.rounds.blocks import DutyState


async def publish_due(*, now: datetime) -> int:
    """Tell every round that begins soon enough; how many. One transaction each, twice is once."""
    return await _publish_all(await rounds.duties_to_publish(now=now), now=now)


async def publish_of_partner(*, partner_id: uuid.UUID, day: date, now: datetime) -> int:
    """Tell the rounds of a partner's own couriers on a day, as its dispatcher asks for."""
    return await _publish_all(await rounds.duties_of_partner(partner_id, day), now=now)


async def _publish_all(duties: Sequence[uuid.UUID], *, now: datetime) -> int:
    told = 0
    for duty in duties:
        told += await publish_duty(duty_id=duty, now=now)
    return told


@operation
async def publish_duty(*, duty_id: uuid.UUID, now: datetime) -> bool:
    """Tell one round; whether it was not told before.

    Its visits are locked before the day, as everybody does. Who was promised a place in it in between is
    locked after the day: a crossing is found by PostgreSQL, and the operation runs again.
    """
    connection = in_transaction()
    await visits_of_duty(duty_id)
    day = await connection.fetchval("SELECT date FROM duty WHERE id = $1", duty_id)
    await live.locked([day], now=now)
    state = await connection.fetchval("SELECT state FROM duty WHERE id = $1", duty_id)
    if state != DutyState.PLANNED:
        return False
    version = await connection.fetchval(
        "UPDATE day_plan SET version = nextval('plan_version') WHERE date = $1 RETURNING version", day
    )
    await connection.execute(
        "UPDATE duty SET state = $2, version = $3 WHERE id = $1",
        duty_id,
        DutyState.PUBLISHED.value,
        version,
    )
    await connection.execute(
        "UPDATE round_stop SET lock = 'courier', version = $2 WHERE duty_id = $1 AND lock = 'free'",
        duty_id,
        version,
    )
    for visit in await visits_of_duty(duty_id):
        if State(visit.state) in BEFORE_THE_DOOR:
            await name_courier(visit, now=now)
    await journal.write("duty.published", object_kind="duty", object_id=duty_id, at=now)
    return True
