"""Promises inside a closed area: out of every round, and in none again before the area is open.

They keep `Lock.POSITION` without a duty, which no search and no new shift touches: a courier who is hired
meanwhile is not sent into a flood.
"""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from app.core.database import fetch, in_transaction
from app.rounds import live, plans, shifts
from app.rounds.shifts import Shaken
from app.rounds.trouble import WITH_COURIER

AREA_CLOSED: Final = "area_closed"

HOLD_BACK: Final = """
UPDATE round_stop SET duty_id = NULL, seq = NULL, lock = 'position', version = $2,
       at_risk_since = coalesce(at_risk_since, $3), at_risk_because = $4
 WHERE home_visit_id = ANY($1)
"""
RELEASE: Final = """
UPDATE round_stop SET lock = 'free', version = $3
 WHERE home_visit_id = ANY($1) AND duty_id IS NULL AND lock = 'position' AND at_risk_because = $2
"""
HELD: Final = """
SELECT home_visit_id FROM round_stop
 WHERE duty_id IS NULL AND lock = 'position' AND at_risk_because = $1 AND date >= $2
"""


async def hold_back(
    day: date, *, to_reach: Collection[uuid.UUID], carried: Collection[uuid.UUID], now: datetime
) -> Shaken:
    """Take promises of one day, which the caller has locked, out of their rounds: nobody goes there.

    `carried` are deliveries whose package its courier has; only that courier can bring them later.
    """
    if not to_reach and not carried:
        return shifts.CALM
    connection = in_transaction()
    left = [
        row["duty_id"]
        for row in await connection.fetch(
            "SELECT DISTINCT duty_id FROM round_stop WHERE home_visit_id = ANY($1) AND duty_id IS NOT NULL",
            sorted({*to_reach, *carried}),
        )
    ]
    head = await live.next_version(day, now=now)
    for visits, because in ((to_reach, AREA_CLOSED), (carried, WITH_COURIER)):
        await connection.execute(HOLD_BACK, sorted(visits), head.version, now, because)
    await live.touch(left, head.version)
    return Shaken((), sorted({*to_reach, *carried}))


async def held_back(*, since: date) -> list[uuid.UUID]:
    """Visits of a day or later that are in no round because their area is closed."""
    return [row["home_visit_id"] for row in await fetch(HELD, AREA_CLOSED, since)]


async def put_back(day: date, visits: Collection[uuid.UUID], *, now: datetime) -> Shaken:
    """Find rounds for promises of one day, which the caller has locked, whose area is open again."""
    head = await live.next_version(day, now=now)
    await in_transaction().execute(RELEASE, sorted(visits), AREA_CLOSED, head.version)
    current = await plans.of(head, now=now)
    loose = [number for number in current.adrift if current.stops[number].home_visit_id in set(visits)]
    loose.sort(key=lambda number: current.stops[number].closes_at)
    return await shifts.refit(current, loose, because=AREA_CLOSED, now=now)
