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


class _Company(Generic[V]):
    """Those who wait for the next reading, at the moment the first of them asked."""

    __slots__ = ("now", "waiting")

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.waiting: list[asyncio.Future[V]] = []

    def tell(self, answer: V) -> None:
        for each in self.waiting:
            if not each.done():
                each.set_result(answer)

    def fail(self, reason: BaseException) -> None:
        for each in self.waiting:
            if not each.done():
                each.set_exception(reason)


class Shared(Generic[K, V]):
    """Asks once for all who wait. Whoever comes while a reading runs waits for the next one."""

    def __init__(self, read: Callable[[K, datetime], Awaitable[V]]) -> None:
        self._read = read
        self._boarding: dict[K, _Company[V]] = {}
        self._running: dict[K, asyncio.Task[None]] = {}

    async def __call__(self, question: K, *, now: datetime) -> V:
        company = self._boarding.get(question)
        if company is None:
            company = self._boarding[question] = _Company(now)
            if question not in self._running:
                self._running[question] = asyncio.create_task(self._drive(question), context=Context())
        # A place of one's own to wait at: who gives up takes the answer from nobody else.
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        company.waiting.append(answer)
        return await answer

    async def _drive(self, question: K) -> None:
        """Readings one after the other, for as long as somebody waits for one."""
        company = None
        try:
            while company := self._boarding.pop(question, None):
                try:
                    company.tell(await self._read(question, company.now))
                except Exception as reason:  # noqa: BLE001 - handed to those it belongs to
                    company.fail(reason)
        except BaseException as reason:
            for left in (company, self._boarding.pop(question, None)):
                if left is not None:
                    left.fail(reason)
            raise
        finally:
            del self._running[question]
