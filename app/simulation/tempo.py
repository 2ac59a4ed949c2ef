"""How time passes on a simulated day: faster than ours, and not at all where nobody does anything.

Always true: no time is skipped while somebody talks to the house or waits for its answer, so that whatever
the house does for them takes the time it takes.
"""

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from app.core.clock import Hands, current_time

T = TypeVar("T")

MINUTE: Final = timedelta(minutes=1)


class Tempo:
    """Waits in the time of the day. With `skips`, time in which all who `live` wait is skipped."""

    def __init__(self, rate: int, skips: Hands | None = None) -> None:
        self.rate = rate
        self._skips = skips
        self._awake = 0
        self._count = itertools.count()
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def live(self, doing: Coroutine[Any, Any, T]) -> T:
        """Somebody of the day, from now until they have done what they do; whoever waits here lives."""
        self._awake += 1
        try:
            return await doing
        finally:
            self._awake -= 1
            self._look_soon()

    async def until(self, moment: datetime) -> None:
        if moment <= current_time():
            return
        wait = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (moment, next(self._count), wait))
        self._awake -= 1
        self._look_soon()
        try:
            await wait
        finally:
            if wait.cancelled():
                self._awake += 1

    async def minutes(self, minutes: float) -> None:
        await self.until(current_time() + minutes * MINUTE)

    def _look_soon(self) -> None:
        """After everybody who can go on has gone on."""
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Wake whoever's time has come, and look again when the next one's has."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        if self._timer is not None:
            self._timer.cancel()
        if not self._waiting:
            return
        if self._awake == 0 and self._skips is not None:
            self._skips.skip(max(timedelta(0), self._waiting[0][0] - current_time()))
        while self._waiting and self._waiting[0][0] <= current_time():
            _, _, wait = heapq.heappop(self._waiting)
            if not wait.done():
                wait.set_result(None)
                self._awake += 1
        if self._waiting:
            left = (self._waiting[0][0] - current_time()).total_seconds() / self.rate
            self._timer = asyncio.get_running_loop().call_later(max(left, 0.0), self._look)
