"""What is due once a night: by a clock that is moved through nights somebody slept through."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.core.clock import FastClock, at_local, machine_time, set_clock
from app.core.database import DB
from jobs.planner import Planner
from jobs.schedules import make_worker
from jobs.ticks import last_due, once_a_night

TWO_FIFTEEN = time(2, 15)
MONDAY = date(2027, 3, 1)
MINUTE = timedelta(minutes=1)


class Night:
    """A job that remembers for which moments it ran, on a clock that is set."""

    def __init__(self) -> None:
        self.ran: list[datetime] = []
        self.cut_off = False
        self._now = at_local(MONDAY, 0)
        self.job = once_a_night(
            self._work, name="roads", at=TWO_FIFTEEN, within=timedelta(hours=4), lasts=timedelta(minutes=2)
        )

    async def _work(self, _: dict[Any, Any]) -> None:
        self.ran.append(self._now)
        if self.cut_off:
            raise ConnectionResetError

    async def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Somebody looks at that moment, `day` days after Monday."""
        self._now = at_local(MONDAY + timedelta(days=day), hour, minute)
        set_clock(FastClock(self._now, machine_time(), 1))
        await self.job({})


@pytest.fixture
def night(database: object) -> Iterator[Night]:
    yield Night()
    set_clock(None)


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return at_local(MONDAY + timedelta(days=day), hour, minute)


@pytest.mark.parametrize(
    ("hour", "minute", "due"),
    [(2, 14, moment(-1, 2, 15)), (2, 15, moment(0, 2, 15)), (23, 59, moment(0, 2, 15))],
)
def test_the_last_moment_it_was_due(hour: int, minute: int, due: datetime) -> None:
    assert last_due(TWO_FIFTEEN, at_local(MONDAY, hour, minute)) == due


async def test_it_is_done_once_a_night_however_often_somebody_looks(night: Night) -> None:
    for day in (0, 1):
        for hour, minute in ((2, 15), (2, 20), (2, 25), (6, 15)):
            await night.at(day, hour, minute)

    assert night.ran == [moment(0, 2, 15), moment(1, 2, 15)]


async def test_who_was_away_at_the_minute_catches_up_in_the_same_night(night: Night) -> None:
    await night.at(0, 2, 10)  # before it is due; yesterday's night is over
    await night.at(0, 4, 30)
    await night.at(0, 4, 35)

    assert night.ran == [moment(0, 4, 30)]


async def test_a_night_that_is_over_is_left_to_the_next(night: Night) -> None:
    await night.at(0, 6, 16)
    await night.at(0, 15)
    await night.at(1, 2, 15)

    assert night.ran == [moment(1, 2, 15)]


async def test_what_was_cut_off_is_begun_again_when_its_time_is_over(night: Night) -> None:
    night.cut_off = True
    with pytest.raises(ConnectionResetError):
        await night.at(0, 2, 15)
    night.cut_off = False
    await night.at(0, 2, 20)  # it might still run
    assert night.ran == [moment(0, 2, 15)]
    assert DB.pool is not None
    await DB.pool.execute("UPDATE schedule_tick SET done_at = done_at - interval '3 minutes'")

    await night.at(0, 2, 25)
    await DB.pool.execute("UPDATE schedule_tick SET done_at = done_at - interval '3 minutes'")
    await night.at(0, 2, 30)

    assert night.ran == [moment(0, 2, 15), moment(0, 2, 25)]


async def test_of_many_who_look_at_once_one_does_it(night: Night) -> None:
    set_clock(FastClock(at_local(MONDAY, 2, 15), machine_time(), 1))

    await asyncio.gather(*(night.job({}) for _ in range(8)))

    assert len(night.ran) == 1


async def test_nothing_is_kept_by_one_minute_of_a_day() -> None:
    """A schedule that names an hour skips the day on which the worker was away at that minute."""
    planner = Planner()
    try:
        worker = make_worker("redis://127.0.0.1:1/0", planner)
    finally:
        planner.close()

    assert [job.name for job in worker.cron_jobs if job.hour is not None or job.day is not None] == []
    assert len(worker.cron_jobs) > 20
