"""A process that starts while its servers do: after a power cut, or beside a restart, all of them start."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from app.servers.errors import Unreachable
from app.servers.named import AWAY

LOG: Final = logging.getLogger(__name__)

# A PostgreSQL that was cut off may have its log of writes to go through before it answers.
WAITS_S: Final = 60.0
ASKED_EVERY_S: Final = 0.5

T = TypeVar("T")


async def once_there(ask: Callable[[], Awaitable[T]], *, within_s: float = WAITS_S) -> T:
    """What it gives, asked again while nobody answers or PostgreSQL says that it is starting.

    Raises what the last question raised when the time (seconds) is up; anything else at once.
    """
    until = time.monotonic() + within_s
    while True:
        try:
            return await ask()
        except (Unreachable, *AWAY) as reason:
            if time.monotonic() >= until:
                raise
            LOG.warning("%s", reason)
            await asyncio.sleep(ASKED_EVERY_S)
