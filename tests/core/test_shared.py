"""One reading for all who ask the same at the same moment, and never an older one."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.core.shared import Shared

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


class Place:
    """Something read: each reading waits at the gate, then tells how many there were before it."""

    def __init__(self) -> None:
        self.readings = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.broken = False

    async def read(self, _question: str, _now: datetime) -> int:
        self.readings += 1
        this = self.readings
        self.begun.set()
        await self.gate.wait()
        if self.broken:
            raise LookupError(str(this))
        return this


@pytest.fixture
def place() -> Place:
    return Place()


async def everybody_waits() -> None:
    """Until nothing is left to do but wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_crowd_that_asks_at_once_is_answered_by_one_reading(place: Place) -> None:
    shared = Shared(place.read)
    place.gate.set()

    answers = await asyncio.gather(*(shared("q", now=NOW) for _ in range(50)))

    assert answers == [1] * 50
    assert place.readings == 1


async def test_who_asks_while_a_reading_runs_is_answered_by_a_later_one(place: Place) -> None:
    shared = Shared(place.read)
    first = asyncio.create_task(shared("q", now=NOW))
    await place.begun.wait()
    late = [asyncio.create_task(shared("q", now=NOW)) for _ in range(3)]
    await everybody_waits()

    place.gate.set()

    assert await first == 1
    assert await asyncio.gather(*late) == [2, 2, 2]


async def test_different_questions_do_not_wait_for_each_other(place: Place) -> None:
    shared = Shared(place.read)
    tasks = [asyncio.create_task(shared(question, now=NOW)) for question in ("a", "b")]

    await everybody_waits()

    assert place.readings == 2
    place.gate.set()
    assert sorted(await asyncio.gather(*tasks)) == [1, 2]


async def test_who_gives_up_takes_the_answer_from_nobody_else(place: Place) -> None:
    shared = Shared(place.read)
    leaving, staying = (asyncio.create_task(shared("q", now=NOW)) for _ in range(2))
    await place.begun.wait()

    leaving.cancel()
    place.gate.set()

    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failed_reading_is_told_to_its_own_company_and_the_next_one_reads_again(
    place: Place,
) -> None:
    shared = Shared(place.read)
    place.broken = True
    failing = [asyncio.create_task(shared("q", now=NOW)) for _ in range(2)]
    await place.begun.wait()
    await everybody_waits()
    place.gate.set()
    told = await asyncio.gather(*failing, return_exceptions=True)
    place.broken = False

    answer = await shared("q", now=NOW)

    assert [str(each) for each in told] == ["1", "1"]
    assert answer == 2
