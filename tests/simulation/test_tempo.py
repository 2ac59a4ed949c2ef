"""How time passes on a simulated day: who waits is woken in order, and time nobody uses is skipped."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.clock import FastClock, Hands, current_time, machine_time, set_clock
from app.simulation.tempo import Tempo

SHOWS = datetime(2126, 11, 30, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    """A clock that runs as fast as the machine's, and can be moved on."""
    hands = Hands.standing(tmp_path / "clock")
    clock = FastClock(SHOWS, machine_time(), 1, str(tmp_path / "clock"))
    set_clock(clock)
    hands.start(clock, machine_time())
    yield hands
    set_clock(None)


async def test_a_day_in_which_all_wait_is_over_at_once_and_everybody_has_their_turn(hands: Hands) -> None:
    tempo, turns, began = Tempo(1, hands), [], machine_time()

    async def wait(hours: int) -> None:
        await tempo.until(SHOWS + hours * HOUR)
        turns.append((hours, round((current_time() - SHOWS) / HOUR, 2)))

    async with asyncio.TaskGroup() as day:
        for hours in (9, 2, 5, 2):
            day.create_task(tempo.live(wait(hours)))

    assert turns == [(2, 2), (2, 2), (5, 5), (9, 9)]
    assert machine_time() - began < timedelta(seconds=30)


async def test_no_time_is_skipped_while_somebody_is_answered(hands: Hands) -> None:
    tempo, answered = Tempo(1, hands), asyncio.Event()

    async def asks() -> timedelta:
        asked_at = current_time()
        await answered.wait()
        return current_time() - asked_at

    async def waits() -> None:
        await tempo.minutes(60)

    async with asyncio.TaskGroup() as day:
        asking = day.create_task(tempo.live(asks()))
        day.create_task(tempo.live(waits()))
        asyncio.get_running_loop().call_later(0.05, answered.set)

    assert asking.result() < timedelta(minutes=10)


async def test_whoever_gives_up_waiting_is_not_taken_for_somebody_who_still_waits(hands: Hands) -> None:
    tempo, answered = Tempo(1, hands), asyncio.Event()

    async def impatient() -> timedelta:
        waits = asyncio.ensure_future(tempo.minutes(600))
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        asked_at = current_time()
        await answered.wait()
        return current_time() - asked_at

    async with asyncio.TaskGroup() as day:
        other = day.create_task(tempo.live(tempo.minutes(300)))
        asking = day.create_task(tempo.live(impatient()))
        asyncio.get_running_loop().call_later(0.05, answered.set)

    assert asking.result() < timedelta(minutes=10)
    assert other.done()


async def test_for_whoever_watches_no_time_is_skipped(hands: Hands) -> None:
    clock = FastClock(SHOWS, machine_time(), 3600)
    set_clock(clock)
    began = machine_time()

    await Tempo(3600).live(Tempo(3600).until(SHOWS + HOUR / 4))

    assert timedelta(seconds=0.2) < machine_time() - began
    assert current_time() >= SHOWS + HOUR / 4
