"""A day is searched for shorter rounds in another process while citizens go on booking it."""

import asyncio
import random
import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import at_local, local_date
from app.core.database import DB
from app.rounds import optimising
from app.rounds.blocks import DutyState
from app.rounds.day import Day
from app.rounds.excerpt import arrangement_of, excerpt_of, improved
from app.rounds.optimising import Outcome, adopt, claim
from app.rounds.planning.problem import EMPTY, travel_of
from jobs.planner import Planner
from tests.rounds.conftest import HOA_LU, Hire
from tests.rounds.placing import asked, faults, place, stored, take_out
from tests.rounds.test_live_plan import shift


@pytest.fixture
def now(now: datetime) -> datetime:
    """Ten in the morning: at night every day is searched for longer, whoever asks."""
    return at_local(local_date(now), 10)


@pytest.fixture
def later(day: date) -> date:
    """A day whose blocks are not due to be published."""
    return day + timedelta(days=3)


@pytest.fixture
async def booked(hire: Hire, later: date, now: datetime) -> Day:
    """A day of three couriers on which thirty citizens were promised a window."""
    for name in ("tu", "binh", "chi"):
        await hire(name)
        await shift(later, now, name=name)
    await promise(30, later, now, seed=1)
    return await stored(later, now)


async def promise(count: int, day: date, now: datetime, *, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        lat, lon = (at + chance.uniform(-0.12, 0.12) for at in HOA_LU)
        await place(
            day, now, hour=chance.choice((8, 10, 14, 16)), what=asked(lat=lat, lon=lon, service=600)
        )


async def column(name: str, day: date):
    assert DB.pool is not None
    return await DB.pool.fetchval(f"SELECT {name} FROM day_plan WHERE date = $1", day)


def travelled(day: Day) -> int:
    return travel_of(day.problem, day.plan)


def visits(day: Day) -> set[uuid.UUID]:
    return {stop.home_visit_id for stop in day.stops if stop.duty_id is not None}


async def test_twenty_five_promises_are_reason_enough(booked: Day, now: datetime) -> None:
    task = await claim(now=now)

    assert task is not None
    assert (task.date, task.version, task.cpu_seconds) == (booked.head.date, booked.head.version, 2.0)


async def test_fewer_promises_are_searched_after_a_minute(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    assert (await claim(now=now)) is None
    await promise(3, later, now, seed=1)

    early, after = await claim(now=now), await claim(now=now + timedelta(seconds=61))

    assert early is None
    assert after is not None


async def test_two_workers_search_a_day_once_and_a_dead_ones_claim_runs_out(
    booked: Day, now: datetime
) -> None:
    assert DB.pool is not None
    first, second = await asyncio.gather(claim(now=now), claim(now=now))
    assert [first, second].count(None) == 1

    await DB.pool.execute("UPDATE day_plan SET optimising_until = now() - interval '1 second'")
    assert await claim(now=now) is not None


async def test_a_search_in_another_process_makes_the_day_shorter_and_keeps_every_promise(
    booked: Day, now: datetime
) -> None:
    planner = Planner()
    try:
        result = await planner.work_once(now=now)
        again = await planner.work_once(now=now)
    finally:
        planner.close()

    after = await stored(booked.head.date, now)
    assert result is not None and result.outcome is Outcome.ADOPTED
    assert travelled(after) < travelled(booked)
    assert visits(after) == visits(booked) and faults(after) == []
    assert again is None
    assert await column("dirty_since", booked.head.date) is None
    assert await column("promised_since", booked.head.date) == 0


async def test_what_was_promised_and_cancelled_meanwhile_is_as_it_is_now(
    booked: Day, now: datetime
) -> None:
    task = await claim(now=now)
    assert task is not None
    found = improved(task.excerpt, cpu_seconds=0.5, seed=1)
    gone = task.excerpt.visits[0]
    await take_out(day=task.date, home_visit_id=gone, now=now)
    await promise(4, task.date, now, seed=2)
    before = await stored(task.date, now)

    result = await adopt(task=task, found=found, now=now)

    after = await stored(task.date, now)
    assert result.outcome is Outcome.ADOPTED
    assert gone not in visits(after) and visits(after) == visits(before)
    assert faults(after) == []
    assert await column("dirty_since", task.date) == now


async def test_a_block_published_meanwhile_stays_as_it_was_told(booked: Day, now: datetime) -> None:
    assert DB.pool is not None
    task = await claim(now=now)
    assert task is not None
    found = improved(task.excerpt, cpu_seconds=0.5, seed=1)
    told = next(row for duty, row in enumerate(booked.duties) if booked.rounds[duty])
    version = await DB.pool.fetchval(
        "UPDATE day_plan SET version = nextval('plan_version') WHERE date = $1 RETURNING version", task.date
    )
    await DB.pool.execute(
        "UPDATE duty SET state = 'published', version = $2 WHERE id = $1", told.id, version
    )

    await adopt(task=task, found=found, now=now)

    after = await stored(task.date, now)
    number = next(n for n, row in enumerate(after.duties) if row.id == told.id)
    before = next(n for n, row in enumerate(booked.duties) if row.id == told.id)
    assert after.duties[number].state == DutyState.PUBLISHED
    assert after.visits_of(number) == booked.visits_of(before)
    assert visits(after) == visits(booked) and faults(after) == []


async def test_an_arrangement_that_breaks_a_rule_is_dropped(booked: Day, now: datetime) -> None:
    task = await claim(now=now)
    assert task is not None
    everything_to_one = {task.excerpt.duties[0]: task.excerpt.visits}

    result = await adopt(task=task, found=everything_to_one, now=now)

    assert result.outcome is Outcome.KEPT
    assert (await stored(task.date, now)).rounds == booked.rounds


async def test_a_worse_arrangement_is_dropped(booked: Day, now: datetime) -> None:
    task = await claim(now=now)
    assert task is not None
    task = task._replace(excerpt=excerpt_of(booked))

    result = await adopt(task=task, found=arrangement_of(task.excerpt, task.excerpt.plan), now=now)

    assert result.outcome is Outcome.KEPT
    assert (await stored(task.date, now)).head.version == booked.head.version


async def test_a_killed_search_leaves_the_day_as_it_was_and_is_done_again(
    booked: Day, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = Planner()
    monkeypatch.setattr(optimising, "CPU_SECONDS_FEW", 30.0)
    working = asyncio.create_task(planner.work_once(now=now))
    async with asyncio.timeout(20):
        while planner._pool is None or not planner._pool._processes:
            await asyncio.sleep(0.01)
    for process in planner._pool._processes.values():
        process.kill()

    assert await working is None
    planner.close()
    assert (await stored(booked.head.date, now)).rounds == booked.rounds
    assert await claim(now=now + timedelta(seconds=61)) is not None


async def test_every_coming_day_is_searched_for_longer_once_a_night(booked: Day, now: datetime) -> None:
    night = at_local(local_date(now) + timedelta(days=1), 2)
    first = await claim(now=night)
    assert first is not None and first.is_long and first.cpu_seconds == 60.0
    await optimising.give_up(task=first, now=night)

    again = await claim(now=night + timedelta(minutes=1))
    assert again is None or not again.is_long


async def test_a_day_is_searched_for_longer_before_its_citizens_are_told(
    hire: Hire, booked: Day, now: datetime
) -> None:
    first_block = min(row.starts_at for row in booked.duties)
    soon = first_block - timedelta(hours=12, minutes=20)

    task = await claim(now=soon)

    assert task is not None and task.is_long


async def test_an_empty_day_is_searched_by_nobody(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    day = await stored(later, now)
    assert excerpt_of(day).visits == () and excerpt_of(day).plan == EMPTY
    assert await claim(now=at_local(local_date(now) + timedelta(days=1), 2)) is None
