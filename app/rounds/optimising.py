"""Making a day's rounds shorter in the background: which day, for how long, and whether it may stand.

A search takes seconds of CPU in another process, outside any transaction, and meanwhile the day goes on. So
a day is claimed for a while (a dead worker's claim runs out), searched as it stood then, and the result put
under the day's lock into what the day is by then. Twice at once wastes CPU and breaks nothing.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import structlog

from app.core.clock import local, local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.rounds import live
from app.rounds.day import Day
from app.rounds.excerpt import (
    Arrangement,
    Excerpt,
    arrangement_of,
    excerpt_of,
    new_faults,
    plan_from,
    rearranged,
)
from app.rounds.planning.adoption import adopted
from app.rounds.planning.problem import travel_of

log: Final = structlog.get_logger(__name__)

PROMISES: Final = 25
DIRT: Final = timedelta(seconds=60)
# A block is searched for longer before its citizens are told, and every coming day once a night.
BEFORE_PUBLICATION: Final = timedelta(minutes=30)
NIGHT: Final = range(1, 5)
REST: Final = timedelta(hours=12)
FEW_STOPS: Final = 300
CPU_SECONDS_FEW: Final = 2.0
CPU_SECONDS_MANY: Final = 10.0
CPU_SECONDS_LONG: Final = 60.0
# Other work may keep a processor from a search for so many times its budget; then somebody else may try.
PATIENCE: Final = 12

CLAIM_DIRTY: Final = """
UPDATE day_plan SET optimising_until = now() + $4
 WHERE date = (SELECT date FROM day_plan
                WHERE date >= $1 AND coalesce(optimising_until < now(), true)
                  AND (promised_since >= $2 OR dirty_since <= $3)
                  AND EXISTS (SELECT 1 FROM round_stop WHERE round_stop.date = day_plan.date)
                ORDER BY dirty_since LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING date
"""
CLAIM_LONG: Final = """
UPDATE day_plan SET optimising_until = now() + $6
 WHERE date = (SELECT date FROM day_plan
                WHERE date >= $1 AND coalesce(optimising_until < now(), true)
                  AND EXISTS (SELECT 1 FROM round_stop WHERE round_stop.date = day_plan.date)
                  AND (($2 AND date > $1 AND coalesce(searched_at <= $3, true))
                       OR (coalesce(searched_at <= $4, true)
                           AND EXISTS (SELECT 1 FROM duty
                                        WHERE duty.date = day_plan.date AND duty.state = 'planned'
                                          AND duty.starts_at <= $5)))
                ORDER BY date LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING date
"""
# What was promised while the search ran is still to be searched; a day that stood still is done.
FINISH: Final = """
UPDATE day_plan SET optimising_until = NULL, optimised_at = $2,
       searched_at = CASE WHEN $3 THEN $2 ELSE searched_at END,
       promised_since = CASE WHEN $4 THEN 0 ELSE greatest(promised_since - $5, 0) END,
       dirty_since = CASE WHEN $4 THEN NULL ELSE $2 END
 WHERE date = $1
"""
GIVE_UP: Final = """
UPDATE day_plan SET optimising_until = NULL, promised_since = 0, dirty_since = $2,
       searched_at = CASE WHEN $3 THEN $2 ELSE searched_at END
 WHERE date = $1
"""


class Task(NamedTuple):
    """One day to search: as it stood at a version, with how much CPU."""

    date: date
    version: int
    promised_since: int
    excerpt: Excerpt
    cpu_seconds: float
    is_long: bool


class Outcome(StrEnum):
    """What became of what a search found."""

    ADOPTED = "adopted"
    KEPT = "kept"
    REFUSED = "refused"


class Result(NamedTuple):
    """Seconds of travel before and after, and how many stops without a round found one."""

    outcome: Outcome
    travel_before: int = 0
    travel_after: int = 0
    placed: int = 0


@operation
async def claim(*, now: datetime) -> Task | None:
    """The day that has most need of a search, kept from others for a while; None while none has."""
    today = local_date(now)
    rules = await live.planning_rules()
    found = await in_transaction().fetchval(
        CLAIM_LONG,
        today,
        local(now).hour in NIGHT,
        now - REST,
        now - BEFORE_PUBLICATION,
        now + rules.published_before + BEFORE_PUBLICATION,
        timedelta(seconds=PATIENCE * CPU_SECONDS_LONG),
    )
    is_long = found is not None
    if found is None:
        found = await in_transaction().fetchval(
            CLAIM_DIRTY, today, PROMISES, now - DIRT, timedelta(seconds=PATIENCE * CPU_SECONDS_MANY)
        )
    if found is None:
        return None
    day = (await live.locked([found], now=now))[found]
    excerpt = excerpt_of(day)
    cpu_seconds = CPU_SECONDS_FEW if len(excerpt.visits) <= FEW_STOPS else CPU_SECONDS_MANY
    return Task(
        found,
        day.head.version,
        day.head.promised_since,
        excerpt,
        CPU_SECONDS_LONG if is_long else cpu_seconds,
        is_long,
    )


@operation
async def adopt(*, task: Task, found: Arrangement, now: datetime) -> Result:
    """Put what was found into the day as it is now, if that breaks nothing and is better; else it stays."""
    day = (await live.locked([task.date], now=now))[task.date]
    result = await _put_in(day, found, now=now)
    await _finish(task, day, now=now)
    return result


@operation
async def give_up(*, task: Task, now: datetime) -> None:
    """The search gave nothing that may be used: the live plan stays, and is searched again in a minute."""
    await in_transaction().execute(GIVE_UP, task.date, now, task.is_long)


async def _put_in(day: Day, found: Arrangement, *, now: datetime) -> Result:
    current = excerpt_of(day)
    merged = adopted(current.problem, current.plan, plan_from(current, found))
    if merged is None:
        return Result(Outcome.KEPT)
    other = rearranged(day, arrangement_of(current, merged))
    wrong = new_faults(day, other.day)
    if wrong:
        log.error("plan_refused", day=str(day.head.date), count=len(wrong), reason=str(wrong[0]))
        return Result(Outcome.REFUSED)
    head = await live.next_version(day.head.date, now=now)
    await live.write_rounds(replace(other.day, head=head), other.changed)
    return Result(
        Outcome.ADOPTED,
        travel_of(current.problem, current.plan),
        travel_of(current.problem, merged),
        len(day.adrift) - len(other.day.adrift),
    )


async def _finish(task: Task, day: Day, *, now: datetime) -> None:
    """`day` is as it was before anything was put into it."""
    await in_transaction().execute(
        FINISH, task.date, now, task.is_long, day.head.version == task.version, task.promised_since
    )
