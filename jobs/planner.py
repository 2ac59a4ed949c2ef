"""The process in which days are searched for shorter rounds, one day at a time.

A search takes all the CPU it is given and never yields, so it has a process of its own: started fresh
rather than forked, with less claim to a processor than whatever answers people, gone when its worker is.
The search is told in CPU seconds: on a busy machine it takes longer and finds as much.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import Final

import structlog

from app.rounds import optimising
from app.rounds.excerpt import Arrangement, Excerpt, improved
from app.rounds.optimising import Result, Task
from app.rounds.planning.solver import PlanRefused

log: Final = structlog.get_logger(__name__)

NICENESS: Final = 10


class Planner:
    """Searches one day at a time; `close` ends its process."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._busy = asyncio.Lock()

    async def work_once(self, *, now: datetime) -> Result | None:
        """Search the day with most need of it; None while none has, or one is being searched here.

        What fails is told and dropped: the live plan stays as it was.
        """
        if self._busy.locked():
            return None
        async with self._busy:
            task = await optimising.claim(now=now)
            if task is None:
                return None
            return await self._searched(task, now=now)

    async def _searched(self, task: Task, *, now: datetime) -> Result | None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._process(), _search, task.excerpt, task.cpu_seconds, task.version
            )
        except PlanRefused as refused:
            await self._dropped(task, str(refused), now=now)
            return None
        except BrokenProcessPool:
            self.close()
            await self._dropped(task, "the process died", now=now)
            return None
        result = await optimising.adopt(task=task, found=found, now=now)
        log.info("day_searched", day=str(task.date), outcome=result.outcome.value, count=result.placed)
        return result

    async def _dropped(self, task: Task, reason: str, *, now: datetime) -> None:
        log.error("search_dropped", day=str(task.date), reason=reason)
        await optimising.give_up(task=task, now=now)

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
            )
        return self._pool

    def close(self) -> None:
        """End the process without waiting for a search nobody will use."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 - no other way to end a search
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)


def _search(excerpt: Excerpt, cpu_seconds: float, seed: int) -> Arrangement:
    return improved(excerpt, cpu_seconds=cpu_seconds, seed=seed % 2**31)


def _begin() -> None:
    """Ctrl-C is the worker's to answer; and a worker that was killed leaves nobody behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
