"""The worker process: drainers, and the arq worker beside them, restarted whenever Redis left it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Final, NoReturn

import structlog
from redis.exceptions import RedisError

from app.core import database_time, sandbox, tracing
from app.core.database import DB, INTERRUPTIONS, DatabaseUnavailable
from app.core.wakeups import WAKEUPS
from jobs.drainer import STOP_WITHIN_S, Drainer
from jobs.planner import Planner
from jobs.schedules import make_worker
from jobs.ticks import expect
from notifications.following import Follower

log: Final = structlog.get_logger(__name__)

RESTART_FIRST_S: Final = 0.5
RESTART_AT_MOST_S: Final = 15.0
OPEN_RETRY_S: Final = 0.5
ENDS_WITHIN_S: Final = STOP_WITHIN_S + 3.0


def end_at_once(signal_number: int) -> None:
    """Told to stop twice: nothing is waited for. What is held is left to its lease, as after a crash."""
    log.warning("worker_ends_at_once")
    # No `finally` runs, on purpose: any of them may be what is waited for.
    end_now(128 + signal_number)


def end_now(code: int) -> NoReturn:
    """End the process with this code, whatever its threads do."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def run_worker(
    drainer: Drainer,
    *,
    database_url: str,
    redis_url: str,
    roads_url: str | None = None,
    follower: Follower | None = None,
    stop: asyncio.Event,
) -> None:
    """Until `stop`: then nothing more is claimed, what runs is finished, and the stores close."""
    async with _stores(database_url, redis_url, stop):
        if stop.is_set():
            return
        draining = asyncio.create_task(drainer.run(), name="drainer")
        planner = Planner()
        scheduling = asyncio.create_task(
            _keep_schedule(redis_url, planner, roads_url, stop), name="schedule"
        )
        stopping = asyncio.create_task(stop.wait(), name="stop")
        beside = set() if follower is None else {asyncio.create_task(follower.run(stop), name="follower")}
        # None of them ends by itself: one that did has failed, and who starts this process starts all anew.
        await asyncio.wait({draining, scheduling, stopping, *beside}, return_when=asyncio.FIRST_COMPLETED)
        log.info("worker_stops")
        stop.set()
        drainer.stop()
        for task in (scheduling, stopping):
            task.cancel()
        planner.close()
        await _ended({draining, scheduling, *beside})
        tracing.close()


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    """Until they end by themselves, for as long as the drainer is granted and a little; then they are left.
    A cancellation can be lost in a library, and a look at a provider takes its time.
    """
    done, late = await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
    for task in late:
        log.warning("worker_leaves", work=task.get_name())
        task.cancel()
    for task in done:
        if not task.cancelled():
            task.result()


@contextlib.asynccontextmanager
async def _stores(database_url: str, redis_url: str, stop: asyncio.Event) -> AsyncIterator[None]:
    while not stop.is_set():
        try:
            if DB.pool is None:
                await DB.open(database_url)
            await sandbox.claim_database()
            break
        except DatabaseUnavailable:
            log.warning("waiting_for_postgresql")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OPEN_RETRY_S):
                    await stop.wait()
    await WAKEUPS.open(redis_url)
    try:
        async with database_time.followed():
            yield
    finally:
        await WAKEUPS.close()
        await DB.close()


async def _keep_schedule(
    redis_url: str, planner: Planner, roads_url: str | None, stop: asyncio.Event
) -> None:
    """arq ends when its connection does; it starts again with a growing pause. Cancelled while its
    connection breaks, it may raise that instead, so `stop` is asked as well.
    """
    pause = RESTART_FIRST_S
    while not stop.is_set():
        worker = make_worker(redis_url, planner, roads_url)
        with contextlib.suppress(*INTERRUPTIONS, DatabaseUnavailable):
            await expect([job.name.removeprefix("cron:") for job in worker.cron_jobs])
        try:
            await worker.async_run()
        except (RedisError, OSError, RuntimeError, TimeoutError) as reason:
            log.warning("schedule_interrupted", reason=type(reason).__name__, again_in_s=pause)
        finally:
            with contextlib.suppress(RedisError, OSError, RuntimeError, AttributeError):
                await worker.close()
        await asyncio.sleep(pause)
        pause = min(RESTART_AT_MOST_S, pause * 2)
