"""One reading for everybody who asks the same at the same moment.

No cache: nobody is answered from a reading that began before they asked. A crowd costs one reading at a
time, whatever its size.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Asks once for all who wait. Whoever comes while a reading runs waits for the next one."""

    def __init__(self, read: Callable[[K, datetime], Awaitable[V]]) -> None:
        self._read = read
        self._boarding: dict[K, asyncio.Task[V]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, question: K, *, now: datetime) -> V:
        flight = self._boarding.get(question)
        if flight is None:
            flight = asyncio.create_task(self._fly(question, now), context=Context())
            self._boarding[question] = flight
        # Somebody who gives up must not take the answer from the others.
        return await asyncio.shield(flight)

    async def _fly(self, question: K, now: datetime) -> V:
        before = self._running.get(question)
        if before is not None:
            await asyncio.wait([before])
        this = self._boarding.pop(question)
        self._running[question] = this
        try:
            return await self._read(question, now)
        finally:
            if self._running.get(question) is this:
                del self._running[question]
