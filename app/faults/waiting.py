"""Waiting for other processes: every wait has a bound, and what it ends in says what was waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from app.supervisor import Child

# How long three processes need to start on two quiet cores, with room. On a machine that needs longer,
# everything may take as much longer; one that is slower than this by far is hardly one to try things on.
USUAL_START_S: Final = 15.0
SLOWEST: Final = 4.0


def pace(*, started_in_s: float) -> float:
    """How many times longer than usual things may take on this machine."""
    return min(max(started_in_s / USUAL_START_S, 1.0), SLOWEST)


async def until(
    what: str, look: Callable[[], Awaitable[object]], *, within_s: float, every_s: float = 0.1
) -> float:
    """Look again until it is so; how long it took. Raises `TimeoutError` with what was waited for, also
    when it is the look itself that does not end.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s) as bound:
            while not await look():  # noqa: ASYNC110 - what is looked at is in other processes
                await asyncio.sleep(every_s)
    except TimeoutError as late:
        waited = within_s if bound.expired() else time.monotonic() - began
        raise TimeoutError(f"waited {waited:.0f} s for {what}") from late
    return time.monotonic() - began


async def ended(child: Child, *, within_s: float) -> int:
    """With which code a process ended; raises `TimeoutError` with its name where it does not."""
    try:
        async with asyncio.timeout(within_s):
            return await child.process.wait()
    except TimeoutError as late:
        raise TimeoutError(f"waited {within_s:.0f} s for {child.name} to end") from late
