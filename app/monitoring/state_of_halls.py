"""What is known of a centre's hall at this moment, gathered for the judgement of alarms."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import fetch
from app.monitoring import alarms
from app.monitoring.alarms import PoolNow, Waiting
from app.procedures import queries as procedures
from app.queue import queries as queue
from app.queue.queries import PoolWait
from app.staff import queries as staff

# Who agreed to come back later is not waiting yet.
WAITING: Final = """
SELECT id, number, pool_id, wait_from, procedure_codes FROM ticket
 WHERE centre_id = $1 AND local_date = $2 AND state = 'waiting' AND wait_from <= $3
   AND return_state IS DISTINCT FROM 'agreed'
 ORDER BY wait_from, id
"""
BUSY_CENTRES: Final = """
SELECT DISTINCT centre_id FROM ticket WHERE local_date = $1 AND state = 'waiting'
 UNION SELECT centre_id FROM queue_alarm WHERE cleared_at IS NULL
"""


async def busy_centres(*, now: datetime) -> list[uuid.UUID]:
    """Where somebody waits, or an alarm still stands."""
    return [row["centre_id"] for row in await fetch(BUSY_CENTRES, local_date(now))]


async def pools_now(centre_id: uuid.UUID, *, now: datetime) -> list[PoolNow]:
    """Every group of counters of the centre."""
    today = local_date(now)
    pools = await queue.waits(centre_id, now=now)
    rows = await fetch(WAITING, centre_id, today, now)
    waiting: dict[uuid.UUID, list[Waiting]] = {}
    wanted: dict[uuid.UUID, set[str]] = {}
    for row in rows:
        waiting.setdefault(row["pool_id"], []).append(Waiting(row["id"], row["number"], row["wait_from"]))
        wanted.setdefault(row["pool_id"], set(row["procedure_codes"]))
    counters = {row.id: row.state for row in await queue.counters(centre_id)}
    standby = [
        shift.id
        for shift in await staff.roster(centre_id, on=today)
        if shift.kind == "standby" and not shift.standing_in_at
    ]
    over = {
        row["pool_id"]: row["over_since"]
        for row in await fetch("SELECT pool_id, over_since FROM pool_watch WHERE centre_id = $1", centre_id)
    }
    return [
        PoolNow(
            pool_id=pool.pool_id,
            waiting=waiting.get(pool.pool_id, []),
            p80_minutes=pool.forecast.p80_minutes,
            over_since=over.get(pool.pool_id) if alarms.is_over(pool.forecast.p80_minutes) else None,
            open_counters=pool.open_counters,
            closed=await _closed(pool.pool_id, counters),
            standby=standby,
            quicker=await _quicker(centre_id, pool, pools, wanted.get(pool.pool_id, set())),
        )
        for pool in pools
    ]


async def _closed(pool_id: uuid.UUID, counters: Mapping[uuid.UUID, str]) -> list[uuid.UUID]:
    """Counters of the pool that are not open."""
    ids = await centres.counter_ids_of_pool(pool_id)
    return [counter for counter in ids if counters.get(counter) != "open"]


async def _quicker(
    centre_id: uuid.UUID, pool: PoolWait, pools: Sequence[PoolWait], codes: set[str]
) -> list[uuid.UUID]:
    """Where the one who waits longest could be served sooner; nowhere when nobody waits."""
    if not codes:
        return []
    able = set(await procedures.pools_serving(centre_id, codes)) - {pool.pool_id}
    others = [
        (other.pool_id, other.forecast.p80_minutes)
        for other in pools
        if other.pool_id in able and other.open_counters > 0
    ]
    return alarms.quicker_pools(pool.forecast.p80_minutes, others)
