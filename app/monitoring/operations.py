"""What monitoring does: look at a hall, and say or take back what must be seen."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.wakeups import wake_after_commit
from app.monitoring import alarms, state_of_halls
from app.monitoring.alarms import Alarm, PoolNow
from app.monitoring.events import AlarmCleared, AlarmRaised


@operation
async def watch(*, centre_id: uuid.UUID, now: datetime) -> int:
    """Judge every group of counters of a centre; how many alarms stand. Twice, or two at once, is once."""
    await in_transaction().execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", str(centre_id))
    pools = await state_of_halls.pools_now(centre_id, now=now)
    await _remember(centre_id, pools, now=now)
    standing = [alarm for pool in pools for alarm in alarms.judge(pool, now=now)]
    await _clear_all_but(centre_id, standing, now=now)
    for alarm in standing:
        await _raise(centre_id, alarm, now=now)
    return len(standing)


async def _remember(centre_id: uuid.UUID, pools: Sequence[PoolNow], *, now: datetime) -> None:
    """Since when each forecast has exceeded the target; forgotten as soon as it does not."""
    over = [pool.pool_id for pool in pools if alarms.is_over(pool.p80_minutes)]
    work = in_transaction()
    await work.execute(
        "DELETE FROM pool_watch WHERE centre_id = $1 AND pool_id <> ALL($2)", centre_id, over
    )
    await work.execute(
        "INSERT INTO pool_watch (pool_id, centre_id, over_since)"
        " SELECT pool_id, $1, $3 FROM unnest($2::uuid[]) pool_id ON CONFLICT (pool_id) DO NOTHING",
        centre_id,
        over,
        now,
    )


async def _clear_all_but(centre_id: uuid.UUID, standing: Sequence[Alarm], *, now: datetime) -> None:
    rows = await in_transaction().fetch(
        "UPDATE queue_alarm SET cleared_at = greatest($2, raised_at)"
        " WHERE centre_id = $1 AND cleared_at IS NULL"
        " AND (pool_id, kind) NOT IN (SELECT * FROM unnest($3::uuid[], $4::text[]))"
        " RETURNING id, pool_id",
        centre_id,
        now,
        [alarm.pool_id for alarm in standing],
        [alarm.kind.value for alarm in standing],
    )
    for row in rows:
        await outbox.record(
            AlarmCleared(occurred_at=now, alarm_id=row["id"], centre_id=centre_id, pool_id=row["pool_id"])
        )
        wake_after_commit(f"centre:{centre_id}")


async def _raise(centre_id: uuid.UUID, alarm: Alarm, *, now: datetime) -> None:
    """Raised once; while it stands it follows who waits longest and what can be done."""
    row = await in_transaction().fetchrow(
        "INSERT INTO queue_alarm (id, centre_id, pool_id, local_date, kind, ticket_id, number, minutes,"
        " cause, proposals, raised_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"
        " ON CONFLICT (pool_id, kind) WHERE cleared_at IS NULL DO UPDATE SET"
        " ticket_id = EXCLUDED.ticket_id, number = EXCLUDED.number, minutes = EXCLUDED.minutes,"
        " cause = EXCLUDED.cause, proposals = EXCLUDED.proposals"
        " RETURNING id, raised_at = $11 AND xmax = 0 AS is_new",
        new_id(),
        centre_id,
        alarm.pool_id,
        local_date(now),
        alarm.kind.value,
        alarm.ticket.ticket_id if alarm.ticket else None,
        alarm.ticket.number if alarm.ticket else None,
        alarm.minutes,
        alarm.cause.value,
        msgspec.json.encode(alarm.proposals).decode(),
        now,
    )
    if not row["is_new"]:
        return
    await journal.write(
        "queue_alarm.raised",
        object_kind="queue_alarm",
        object_id=row["id"],
        at=now,
        detail={"centre_id": centre_id, "pool_id": alarm.pool_id, "kind": alarm.kind},
    )
    await outbox.record(
        AlarmRaised(
            occurred_at=now,
            alarm_id=row["id"],
            centre_id=centre_id,
            pool_id=alarm.pool_id,
            what=alarm.kind.value,
            cause=alarm.cause.value,
        )
    )
    wake_after_commit(f"centre:{centre_id}")
