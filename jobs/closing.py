"""Ending attempts: those that end while the last ones are written are written together.

One row alone is written at once; under load a dozen share a transaction, and its wait for the disk.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from jobs.work import Claim, Ending, close_all


class _Waiting(NamedTuple):
    ending: Ending
    known: asyncio.Future[bool]


class Closer:
    """One drainer's."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def close(self, claimed: Claim, state: str, error: str, after: timedelta) -> bool:
        """End this attempt; False when the lease was lost meanwhile. Raises what the database did."""
        known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(Ending(claimed, state, error, after), known))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="closing")
        return await known

    async def _write(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting, []
                await self._write_some(some)
        finally:
            self._writing = None

    @staticmethod
    async def _write_some(some: Sequence[_Waiting]) -> None:
        try:
            closed = await close_all([each.ending for each in some])
        except Exception as reason:  # noqa: BLE001 - told to each of those who wait for it
            for each in some:
                if not each.known.done():
                    each.known.set_exception(reason)
            return
        for each in some:
            if not each.known.done():
                each.known.set_result(each.ending.claim.id in closed)
