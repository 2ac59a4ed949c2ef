"""A courier who is late, does not come, or stands beside the road: what becomes of the doors ahead of them.

Steps of the operation that also tells the citizens. Only doors ahead are touched, and only by insertion: no
search runs on a day under way. What fits nowhere is at risk, for everybody to see.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.core.database import in_transaction
from app.rounds import live, plans
from app.rounds.blocks import TOLD, WORKED
from app.rounds.day import Day
from app.rounds.errors import RunNotFound
from app.rounds.lateness import Concluded
from app.rounds.shifts import CALM, Shaken, refit, too_many

# A courier who is more than this behind a plan of a day is not late, but absent.
LATEST: Final = timedelta(hours=8)

WITHDRAW: Final = """
UPDATE duty SET state = 'withdrawn', version = $4
 WHERE courier_id = $1 AND date = $2 AND state = ANY($3) AND ends_at > $5 RETURNING id
"""
# Who was on the way to a door is not any more; a door at which work has begun stays as it is.
LET_GO: Final = """
UPDATE round_stop SET lock = 'courier', version = $2
 WHERE home_visit_id = ANY($1) AND lock = 'position'
"""
# Only whoever has the package can bring it: nobody else is sent, and whoever looks knows why.
WITH_COURIER: Final = "package_with_courier"
STAYS_WITH_PACKAGE: Final = f"""
UPDATE round_stop SET duty_id = NULL, seq = NULL, lock = 'position', version = $2,
       at_risk_since = coalesce(at_risk_since, $3), at_risk_because = '{WITH_COURIER}'
 WHERE home_visit_id = ANY($1)
"""
# The guard was kept for this: a late courier may use all of the window that was promised. Only a round that
# is told, for its doors are moved by nobody but whoever calls for it.
USE_GUARD: Final = """
UPDATE round_stop SET closes_at = greatest(closes_at, promised.ends_at), version = $3
  FROM unnest($1::uuid[], $2::timestamptz[]) AS promised (id, ends_at)
 WHERE home_visit_id = promised.id
"""


class Ahead(NamedTuple):
    """The visits of one courier and day that are not done, as the caller knows their states.

    `carried` are deliveries whose package the courier has; `ends` says until when work may start.
    """

    to_reach: Collection[uuid.UUID]
    carried: Collection[uuid.UUID]
    ends: Mapping[uuid.UUID, datetime]


async def withdraw(
    courier_id: uuid.UUID, day: date, ahead: Ahead, *, because: str, now: datetime
) -> Shaken:
    """The courier works no more that day: every door ahead goes to somebody else. Twice is once.

    Raises `RunNotFound` for a day without a plan.
    """
    await _locked(day, now=now)
    head = await live.next_version(day, now=now)
    connection = in_transaction()
    gone = await connection.fetch(
        WITHDRAW, courier_id, day, [state.value for state in WORKED], head.version, now
    )
    if not gone:
        return CALM
    await connection.execute(LET_GO, sorted(ahead.to_reach), head.version)
    await connection.execute(STAYS_WITH_PACKAGE, sorted(ahead.carried), head.version, now)
    current = await plans.of(head, now=now)
    loose = sorted(current.adrift, key=lambda number: current.stops[number].closes_at)
    shaken = await refit(current, loose, because=because, now=now)
    return shaken.with_more(Shaken((), list(ahead.carried)))


async def delay(
    courier_id: uuid.UUID, day: date, ahead: Ahead, *, by: timedelta, at: datetime, now: datetime
) -> Shaken:
    """Everything ahead of the courier in the block of `at` comes so much later, from the plan as it was.

    Doors that stay in their windows stay with the courier, guard included; others go elsewhere. Raises
    `RunNotFound` where the courier has no block then.
    """
    before = await _locked(day, now=now)
    duty = _block_at(before, courier_id, at)
    last, free = before.clear(duty)
    return await follow(before, duty, Concluded(last, free + by, now), ahead, now=now)


async def follow(before: Day, duty: int, said: Concluded, ahead: Ahead, *, now: datetime) -> Shaken:
    """The courier of a duty (its number in the day, which the caller has locked) is free when that says."""
    row = before.duties[duty]
    head = await live.next_version(before.head.date, now=now)
    mine = [visit for visit in before.visits_of(duty) if visit in ahead.ends]
    connection = in_transaction()
    if row.state in TOLD and said.clear_at is not None:
        await connection.execute(USE_GUARD, mine, [ahead.ends[visit] for visit in mine], head.version)
    await connection.execute(
        "UPDATE duty SET clear_of = $2, clear_at = $3, clear_as_of = $4, version = $5 WHERE id = $1",
        row.id,
        *said,
        head.version,
    )
    current = await plans.of(head, now=now)
    number = next(n for n, each in enumerate(current.duties) if each.id == row.id)
    dropped = too_many(current.live_problem, number, current.live.stops_of(number), first=0)
    loose = sorted({*current.adrift, *dropped}, key=lambda stop: (current.stops[stop].closes_at, stop))
    return await refit(current, loose, because="courier_late", now=now)


async def _locked(day: date, *, now: datetime) -> Day:
    found = (await live.locked([day], now=now)).get(day)
    if found is None:
        raise RunNotFound
    return found


def _block_at(day: Day, courier_id: uuid.UUID, at: datetime) -> int:
    """The courier's block that is under way at a moment, or else begins next."""
    blocks = [
        (row.starts_at, number)
        for number, row in enumerate(day.duties)
        if row.courier_id == courier_id and row.state in WORKED and row.ends_at > at
    ]
    if not blocks:
        raise RunNotFound
    return min(blocks)[1]
