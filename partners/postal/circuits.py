"""One endpoint's troubles stay its own: so many at once, and none while it does not answer.

In memory, one per process and endpoint. It decides only when to try: what is owed, and in which order, is
in the database.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

AT_ONCE: Final = 4
FAILURES_BORNE: Final = 5
FIRST_REST: Final = timedelta(seconds=30)
# Every rest counts as an attempt of the outbox, and it bears thousands of them in five days.
LONGEST_REST: Final = timedelta(minutes=10)
WAIT_FOR_ROOM_S: Final = 1.0
A_MOMENT: Final = timedelta(seconds=3)


class Circuit:
    """Of one endpoint. `wait` says how long to leave it alone; who is told nothing may ask."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._rest = FIRST_REST
        self._closed_until = 0.0
        self.room = asyncio.Semaphore(AT_ONCE)

    def wait(self) -> timedelta | None:
        """None: ask now. After a rest one may ask, and the others wait for another rest."""
        if self._failures < FAILURES_BORNE:
            return None
        left = self._closed_until - self._clock()
        if left > 0:
            return timedelta(seconds=left)
        self._closed_until = self._clock() + self._rest.total_seconds()
        return None

    def failed(self) -> None:
        self._failures += 1
        if self._failures > FAILURES_BORNE:
            self._rest = min(self._rest * 2, LONGEST_REST)
        if self._failures >= FAILURES_BORNE:
            self._closed_until = self._clock() + self._rest.total_seconds()

    def answered(self) -> None:
        self._failures, self._rest = 0, FIRST_REST


class Circuits:
    """One per endpoint, made when it is first told something."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: dict[uuid.UUID, Circuit] = {}

    def of(self, endpoint_id: uuid.UUID) -> Circuit:
        return self._of.setdefault(endpoint_id, Circuit(self._clock))

    @contextlib.asynccontextmanager
    async def attempt(self, endpoint_id: uuid.UUID) -> AsyncIterator[timedelta | None]:
        """None: this attempt may be made now; else how long to leave the endpoint alone."""
        circuit = self.of(endpoint_id)
        if (rest := circuit.wait()) is not None:
            yield rest
            return
        try:
            async with asyncio.timeout(WAIT_FOR_ROOM_S):
                await circuit.room.acquire()
        except TimeoutError:
            yield A_MOMENT
            return
        try:
            yield None
        finally:
            circuit.room.release()

    def forget(self) -> None:
        """As a process that has just started."""
        self._of.clear()


CIRCUITS: Final = Circuits()
