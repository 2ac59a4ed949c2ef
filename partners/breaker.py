"""A circuit breaker: what failed some times in a row is left alone for a while, then tried by one.

In memory, one per process and neighbour: it spares both sides calls and decides nothing that must last.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from prometheus_client import Gauge

FAILURES_BORNE: Final = 5
REST: Final = timedelta(seconds=30)

LEFT_ALONE: Final = Gauge(
    "motcua_neighbour_left_alone", "1 while this process leaves the neighbour alone", ["neighbour"]
)


class Breaker:
    """`wait` says how long to leave it alone; whoever is told nothing may ask, and says how it went."""

    def __init__(
        self,
        name: str = "",
        *,
        failures_borne: int = FAILURES_BORNE,
        rest: timedelta = REST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """One with a name is seen by whoever watches."""
        self._borne = failures_borne
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._closed_until = 0.0
        self._shown = LEFT_ALONE.labels(name) if name else None
        self._show()

    @property
    def is_open(self) -> bool:
        """Whether it is being left alone, or tried by one."""
        return self._failures >= self._borne

    def wait(self) -> timedelta | None:
        """None: ask now. After a rest one may ask, and the others wait for another rest."""
        if not self.is_open:
            return None
        left = self._closed_until - self._clock()
        if left > 0:
            return timedelta(seconds=left)
        self._closed_until = self._clock() + self._rest.total_seconds()
        return None

    def failed(self) -> None:
        self._failures += 1
        if self.is_open:
            self._closed_until = self._clock() + self._rest.total_seconds()
        self._show()

    def succeeded(self) -> None:
        self._failures = 0
        self._show()

    def _show(self) -> None:
        if self._shown is not None:
            self._shown.set(self.is_open)
