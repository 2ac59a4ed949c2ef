"""What is due once a night, also when nobody was there at the minute; when each schedule last ended well.

A schedule kept by minutes alone skips a night in which the worker, or Redis, was away at that minute. Here
the database knows when each was last done: whoever looks later in the night finds it still due. Work that
belongs to the night is left to the next one when the night is over.

Always true:
- a night's work that ended is not begun again for that night, by any worker;
- one that was cut off is begun again once its time is over: the work bears it;
- when it is due is told by the deployment's clock, who may begin by the database's.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from functools import wraps
from typing import Any, Final

import structlog

from app.core.clock import ZONE, current_time, local
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.schedule_figures import SCHEDULE

log: Final = structlog.get_logger(__name__)

Job = Callable[[dict[Any, Any]], Awaitable[None]]
# A second row of the same table: when it was begun last, and for which night.
BEGUN: Final = ":begun"

BEGIN: Final = """
INSERT INTO schedule_tick (name, due_at, done_at)
SELECT $1, $2, clock_timestamp()
 WHERE NOT EXISTS (SELECT 1 FROM schedule_tick WHERE name = $3 AND due_at >= $2)
ON CONFLICT (name) DO UPDATE SET due_at = EXCLUDED.due_at, done_at = EXCLUDED.done_at
 WHERE schedule_tick.due_at < EXCLUDED.due_at OR schedule_tick.done_at < clock_timestamp() - $4::interval
RETURNING true
"""
END: Final = """
INSERT INTO schedule_tick (name, due_at, done_at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET due_at = greatest(schedule_tick.due_at, EXCLUDED.due_at),
       done_at = EXCLUDED.done_at
"""


# One that never ended is late since somebody first expected it; what nobody expects any more goes.
EXPECT: Final = """
INSERT INTO schedule_tick (name, due_at, done_at)
SELECT name, clock_timestamp(), clock_timestamp() FROM unnest($1::text[]) AS name ON CONFLICT DO NOTHING
"""
FORGET: Final = """
DELETE FROM schedule_tick
 WHERE starts_with(name, $2) AND name <> ALL ($1::text[])
   AND done_at < clock_timestamp() - interval '7 days'
"""


def last_due(at: time, now: datetime) -> datetime:
    """The latest moment, not after `now`, at which clocks in Việt Nam showed `at` (pure)."""
    here = local(now)
    due = datetime.combine(here.date(), at, ZONE)
    return due if due <= here else due - timedelta(days=1)


def once_a_night(work: Job, *, name: str, at: time, within: timedelta, lasts: timedelta) -> Job:
    """The job somebody looks at every few minutes: `work` once a night, at `at` or up to `within` later.

    A run that `lasts` longer is taken for lost.
    """

    @wraps(work)
    async def run(context: dict[Any, Any]) -> None:
        now = current_time()
        due = last_due(at, now)
        if now - due > within or not await _begin(name=name, due=due, lasts=lasts):
            return
        await work(context)
        await _end(name=name, due=due)

    return run


@operation
async def _begin(*, name: str, due: datetime, lasts: timedelta) -> bool:
    return bool(await in_transaction().fetchval(BEGIN, name + BEGUN, due, name, lasts))


@operation
async def _end(*, name: str, due: datetime) -> None:
    await in_transaction().execute(END, name, due)


@operation
async def expect(schedules: Sequence[str]) -> None:
    """These are kept from now on."""
    names = [SCHEDULE + each for each in schedules]
    await in_transaction().execute(EXPECT, names)
    await in_transaction().execute(FORGET, names, SCHEDULE)


@operation
async def ended_well(schedule: str) -> None:
    """It ran and nothing was wrong."""
    await in_transaction().execute(END, SCHEDULE + schedule, current_time())
