"""A process of a host whose clock is wrong acts in the database's time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.core import clock, database_time
from app.core.clock import current_time, machine_time

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _not_heard_before() -> Iterator[None]:
    clock.hear(None)
    yield
    clock.hear(None)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("off", [HOUR, -HOUR])
async def test_a_wrong_clock_is_put_right_also_where_it_jumps_later(
    monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    right = machine_time
    await database_time.ask()
    monkeypatch.setattr(clock, "machine_time", lambda: right() + off)

    assert abs(current_time() - right()) < SOON
    await database_time.ask()
    assert abs(current_time() - right()) < SOON
    # What tokens are stamped with, and what `/readyz` compares, stays the host's.
    assert abs(clock.machine_time() - right()) > SOON


@pytest.mark.usefixtures("database")
async def test_who_never_heard_has_the_hosts_clock_and_a_slow_answer_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "machine_time", lambda: machine_time() + HOUR)
    monkeypatch.setattr(database_time, "ANSWERED_WITHIN_S", 0.0)

    await database_time.ask()

    assert current_time() - machine_time() > HOUR - SOON


@pytest.mark.usefixtures("database")
async def test_it_is_asked_when_a_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    right = machine_time
    monkeypatch.setattr(clock, "machine_time", lambda: right() + HOUR)

    async with database_time.followed():
        assert abs(current_time() - right()) < SOON
