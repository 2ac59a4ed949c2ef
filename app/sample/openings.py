"""The sample's openings: counters and couriers of today's centres for the next working days.

An opening is published only where the pool has none in that time, so loading again on the same day
changes nothing, and loading on a later day adds the days that came into view.
"""

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from app.appointments.errors import OpeningOverlap
from app.appointments.operations import publish_opening
from app.centres import queries as centres
from app.centres import rules
from app.centres.queries import PoolRow
from app.centres.rules import Hours
from app.core.clock import at_local, local_date
from app.core.database import fetch
from app.core.working_calendar import WorkingCalendar

WORKING_DAYS: Final = 14
ONLINE_SHARE: Final = 0.6
# Fewer than the pool's connections: somebody may be served meanwhile.
AT_ONCE: Final = 6

WINDOW: Final = timedelta(minutes=120)
VISITS_PER_WINDOW: Final = 6
COURIER_HOURS: Final = ((time(8), time(12)), (time(14), time(18)))

# What `open_now` opens, whatever the day and the hour: long enough to try everything.
NOW: Final = "demonstration"
NOW_LASTS: Final = timedelta(hours=4)
COURIERS_NOTICE: Final = timedelta(minutes=15)


class Planned(NamedTuple):
    """An opening that should exist."""

    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    counters: int
    grain: timedelta
    online_share: float
    decision: str | None = None


async def publish_openings(*, now: datetime, working_days: int = WORKING_DAYS) -> int:
    """Open every counter pool and postal zone for the next working days; how many were opened."""
    planned: list[Planned] = []
    for day in _days(await centres.load_working_calendar(), local_date(now), working_days):
        planned += await _of_day(day)
    return await _publish(planned, now=now)


async def open_now(centre_id: uuid.UUID, *, now: datetime) -> int:
    """Open the counters of one centre from the next grain on, also at night and on a holiday.

    For a demonstration: it plays a morning whenever it is started.
    """
    centre = await centres.get_centre(centre_id, on=local_date(now))
    pools = await centres.pools_of(centre_id, "counter")
    grain = timedelta(minutes=centre.grain_minutes)
    start = _next_grain(at_local(local_date(now), 0), grain, now)
    planned = [
        Planned(centre_id, pool.id, start, start + NOW_LASTS, counters, grain, ONLINE_SHARE, NOW)
        for pool, counters in await _counters_of(pools)
    ]
    # Couriers need a moment to be told: their first window opens a quarter of an hour from now.
    first = _next_grain(at_local(local_date(now), 0), grain, now + COURIERS_NOTICE)
    planned += [
        Planned(centre_id, pool.id, first, first + WINDOW, VISITS_PER_WINDOW, WINDOW, 1.0, NOW)
        for pool in await centres.pools_of(centre_id, "postal_zone")
    ]
    return await _publish(planned, now=now)


def _days(calendar: WorkingCalendar, today: date, working_days: int) -> Iterator[date]:
    """Today and what follows, until so many working days are among them or the calendar ends."""
    day, seen = today, 0
    while seen < working_days and day.year in calendar.years:
        seen += calendar.is_working_day(day)
        yield day
        day += timedelta(days=1)


async def _of_day(day: date) -> list[Planned]:
    rows = await centres.centres_on(day)
    week = await centres.hours_of([row.id for row in rows], on=day)
    special = {row.day: row.kind for row in await centres.special_days(start=day, end=day)}
    planned: list[Planned] = []
    for centre in rows:
        hours = rules.hours_of_day(week[centre.id], day, special=special.get(day))
        if not hours:
            continue
        grain = timedelta(minutes=centre.grain_minutes)
        for pool, counters in await _counters_of(await centres.pools_of(centre.id, "counter")):
            planned += [
                Planned(centre.id, pool.id, start, end, counters, grain, ONLINE_SHARE)
                for start, end in _periods(day, hours)
            ]
        if len(hours) > 1:  # Couriers work whole days: a Saturday morning is for counters.
            planned += [
                Planned(centre.id, pool.id, start, end, VISITS_PER_WINDOW, WINDOW, 1.0)
                for pool in await centres.pools_of(centre.id, "postal_zone")
                for start, end in _periods(day, (Hours(0, *period) for period in COURIER_HOURS))
            ]
    return planned


def _periods(day: date, hours: Iterable[Hours]) -> list[tuple[datetime, datetime]]:
    return [
        (
            at_local(day, row.opens.hour, row.opens.minute),
            at_local(day, row.closes.hour, row.closes.minute),
        )
        for row in hours
    ]


async def _counters_of(pools: Sequence[PoolRow]) -> list[tuple[PoolRow, int]]:
    """How many desks each pool opens. A desk that serves two pools is counted in the first."""
    taken: set[uuid.UUID] = set()
    counted = []
    for pool in pools:
        own = set(await centres.counter_ids_of_pool(pool.id)) - taken
        taken |= own
        if own:
            counted.append((pool, len(own)))
    return counted


def _next_grain(start: datetime, grain: timedelta, now: datetime) -> datetime:
    """The first grain of an opening that has not begun."""
    if start >= now:
        return start
    return start - (-(now - start) // grain) * grain


async def _publish(planned: Sequence[Planned], *, now: datetime) -> int:
    """Publish what is not there yet, a few at a time."""
    taken = await _taken({opening.pool_id for opening in planned}, now=now)
    todo = []
    for opening in planned:
        start = _next_grain(opening.starts_at, opening.grain, now)
        if start < opening.ends_at and not any(
            start < end and begin < opening.ends_at for begin, end in taken.get(opening.pool_id, ())
        ):
            todo.append(opening._replace(starts_at=start))
    turns = asyncio.Semaphore(AT_ONCE)

    async def publish(opening: Planned) -> int:
        async with turns:
            try:
                await publish_opening(
                    centre_id=opening.centre_id,
                    pool_id=opening.pool_id,
                    starts_at=opening.starts_at,
                    ends_at=opening.ends_at,
                    counters=opening.counters,
                    grain_minutes=opening.grain // timedelta(minutes=1),
                    online_share=opening.online_share,
                    special=opening.decision is not None,
                    decision=opening.decision,
                    now=now,
                )
            except OpeningOverlap:
                return 0  # Somebody else loaded the sample at the same moment.
            return 1

    return sum(await asyncio.gather(*(publish(opening) for opening in todo)))


async def _taken(
    pool_ids: set[uuid.UUID], *, now: datetime
) -> dict[uuid.UUID, list[tuple[datetime, datetime]]]:
    """When the pools are open already."""
    rows = await fetch(
        "SELECT pool_id, starts_at, ends_at FROM opening"
        " WHERE pool_id = ANY($1) AND status = 'open' AND ends_at > $2",
        list(pool_ids),
        now,
    )
    taken: dict[uuid.UUID, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        taken.setdefault(row["pool_id"], []).append((row["starts_at"], row["ends_at"]))
    return taken
