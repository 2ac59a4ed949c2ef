"""Places that change sides on the day (chuyển chỗ giữa trực tuyến và đến trực tiếp).

Slots are locked in id order, and those somebody is booking are passed by: the next run finds them. What
is written is judged by the newest row, so a place that was just taken stays taken.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.appointments import booking_rules, sharing
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

# An opening published at short notice keeps its shares: nobody had the time to book.
UNSOLD: Final = """
WITH due AS (
    SELECT slot.id
      FROM unnest($1::uuid[], $2::int[]) AS pool (id, minutes)
      JOIN slot ON slot.pool_id = pool.id
      JOIN opening ON opening.id = slot.opening_id
     WHERE slot.open AND slot.online_cap > slot.taken_online
       AND (slot.moved_to IS NULL OR slot.moved_to = 'walkin')
       AND slot.starts_at > $3 AND slot.starts_at <= $3 + make_interval(mins => pool.minutes)
       AND opening.created_at <= slot.starts_at - make_interval(mins => pool.minutes)
     ORDER BY slot.id FOR UPDATE OF slot SKIP LOCKED)
UPDATE slot SET online_cap = taken_online, moved_to = 'walkin' FROM due WHERE slot.id = due.id
RETURNING slot.centre_id
"""
BEGUN: Final = """
SELECT pool_id, sum(walkin_floor) AS kept, sum(ends_at - starts_at) AS seen FROM slot
 WHERE pool_id = ANY($1) AND open AND starts_at >= $2 AND starts_at <= $3 GROUP BY pool_id
"""
AHEAD: Final = """
SELECT slot.id, pool_id, walkin_floor, taken_walkin
  FROM unnest($1::uuid[], $2::timestamptz[]) AS pool (id, since) JOIN slot ON slot.pool_id = pool.id
 WHERE slot.open AND moved_to IS NULL AND walkin_floor > 0 AND starts_at > since AND starts_at < $3
"""
SPARE: Final = """
WITH due AS (
    SELECT slot.id, spare.places
      FROM unnest($1::uuid[], $2::int[]) AS spare (id, places) JOIN slot ON slot.id = spare.id
     WHERE slot.open AND slot.moved_to IS NULL
       AND slot.walkin_floor - spare.places >= slot.taken_walkin
     ORDER BY slot.id FOR UPDATE OF slot SKIP LOCKED)
UPDATE slot SET walkin_floor = walkin_floor - places, moved_to = 'online',
       online_cap = LEAST(online_cap + places, capacity)
  FROM due WHERE slot.id = due.id
RETURNING slot.centre_id
"""


@operation
async def unsold_to_walkins(*, now: datetime) -> int:
    """Lower what can be booked online to what is booked, in the slots that are near; how many slots.

    How near is each centre's rule. A place that is given back later goes to walk-ins the same way.
    """
    known = await booking_rules.all_rules(on=local_date(now))
    due = [
        (pool.id, minutes)
        for pool in await centres.counter_pools()
        if (minutes := known.of(pool.centre_id).unsold_minutes) is not None
    ]
    rows = await in_transaction().fetch(
        UNSOLD, [pool_id for pool_id, _ in due], [minutes for _, minutes in due], now
    )
    return _wake([row["centre_id"] for row in rows])


@operation
async def spare_floor_online(*, came: Mapping[uuid.UUID, int], now: datetime) -> int:
    """Let people book online what walk-ins will not need later today; how many slots.

    `came` is how many walk-ins each pool has had today; a pool that is not named had none.
    """
    today = local_date(now)
    known = await booking_rules.all_rules(on=today)
    pools = await centres.counter_pools()
    begun = {
        row["pool_id"]: row
        for row in await in_transaction().fetch(BEGUN, [pool.id for pool in pools], at_local(today, 0), now)
    }
    since = {
        pool.id: now + sharing.LATER + timedelta(minutes=known.of(pool.centre_id).unsold_minutes or 0)
        for pool in pools
        if pool.id in begun
    }
    rows = await in_transaction().fetch(
        AHEAD, list(since), list(since.values()), at_local(today, 0) + timedelta(days=1)
    )
    spare = {
        row["id"]: sharing.spare_floor(
            floor=row["walkin_floor"],
            taken=row["taken_walkin"],
            kept=begun[row["pool_id"]]["kept"],
            came=came.get(row["pool_id"], 0),
            seen=begun[row["pool_id"]]["seen"],
        )
        for row in rows
    }
    given = {slot_id: places for slot_id, places in spare.items() if places > 0}
    moved = await in_transaction().fetch(SPARE, list(given), list(given.values()))
    return _wake([row["centre_id"] for row in moved])


def _wake(centre_ids: Sequence[uuid.UUID]) -> int:
    for centre_id in set(centre_ids):
        wake_after_commit(f"centre:{centre_id}")
    return len(centre_ids)
