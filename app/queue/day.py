"""What can be asked about the days of centres: which are not closed, and from when one may be."""

import uuid
from datetime import date, datetime, timedelta
from typing import Final

from app.appointments import queries as appointments
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import fetch, fetch_value
from app.queue import rules

# Older ones were closed or looked at; what a kiosk sends later than this is refused.
LOOKED_BACK: Final = timedelta(days=7)

# The series of a day are few, the tickets many: their index is asked day by day.
NOT_CLOSED: Final = """
SELECT DISTINCT s.centre_id, s.local_date FROM ticket_series s
 WHERE s.local_date BETWEEN $1 AND $2 AND EXISTS (
    SELECT FROM ticket t WHERE t.centre_id = s.centre_id AND t.local_date = s.local_date
       AND t.state IN ('waiting', 'parked'))
"""
# Going home, closing, and not coming back are no work.
LAST_AT_WORK: Final = """
SELECT at FROM queue_event
 WHERE centre_id = $1 AND type NOT IN ('left', 'closed', 'day_closed', 'return_lapsed')
 ORDER BY seq DESC LIMIT 1
"""


async def not_closed(*, now: datetime) -> list[tuple[uuid.UUID, date]]:
    """Centres and days on which somebody waits, was put aside, or a counter is still open."""
    today = local_date(now)
    waiting = await fetch(NOT_CLOSED, today - LOOKED_BACK, today)
    counters = await fetch("SELECT centre_id, since FROM counter_state WHERE state <> 'closed'")
    return sorted(
        {(row["centre_id"], row["local_date"]) for row in waiting}
        | {(row["centre_id"], min(today, local_date(row["since"]))) for row in counters}
    )


async def ends_at(centre_id: uuid.UUID, day: date) -> datetime:
    """From when the day of a centre may be closed."""
    start, end = rules.end_of(day - timedelta(days=1)), rules.end_of(day)
    pools = [pool.id for pool in await centres.pools_of(centre_id, "counter")]
    hours = await centres.hours_on(centre_id, day)
    last_event_at = await fetch_value(LAST_AT_WORK, centre_id)
    ends = rules.day_ends_at(
        last_opening_ends=await appointments.last_opening_ends(pools, start=start, end=end),
        hours_end=max((at_local(day, row.closes.hour, row.closes.minute) for row in hours), default=None),
        last_event_at=last_event_at,
    )
    return ends or start
