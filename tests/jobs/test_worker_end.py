"""How a worker comes to its end, whatever the libraries in it do about being told to."""

import asyncio
from typing import Any

import pytest

from jobs import worker
from jobs.planner import Planner


class BreaksWhenCancelled:
    """A schedule whose connection breaks at the moment it is cancelled: the cancellation is lost."""

    cron_jobs = ()

    def __init__(self) -> None:
        self.runs = asyncio.Event()

    async def async_run(self) -> None:
        self.runs.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionResetError from None

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_schedule_whose_cancellation_is_lost_ends(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking, stop = BreaksWhenCancelled(), asyncio.Event()
    monkeypatch.setattr(worker, "make_worker", lambda *_: breaking)
    monkeypatch.setattr(worker, "RESTART_FIRST_S", 0.01)
    keeping = asyncio.create_task(worker._keep_schedule("redis://nowhere", Planner(), None, stop))
    await breaking.runs.wait()

    stop.set()
    keeping.cancel()

    async with asyncio.timeout(10):
        await asyncio.wait({keeping})
    assert not keeping.cancelled()
    assert keeping.exception() is None


async def test_what_does_not_end_is_left_and_what_failed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "ENDS_WITHIN_S", 0.05)
    let_go = asyncio.Event()

    async def deaf() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    async def fails() -> None:
        raise LookupError("told")

    staying = asyncio.create_task(deaf())
    async with asyncio.timeout(10):
        await worker._ended({staying})
    assert not staying.done()
    with pytest.raises(LookupError, match="told"):
        await worker._ended({asyncio.create_task(fails())})

    let_go.set()
    await staying
