"""The database's time, followed by every process: what is owed, held and late is judged by one clock.

A host that is five minutes ahead would owe its messages five minutes late, and leave a way to people alone
for five minutes more than it should. So each process asks, from time to time, what the database's clock
says, and `app.core.clock` takes that for the moment it acts in wherever the host's own clock is wrong by
more than a second (docs/decisions/0059). Tokens stay on the host's clock, and `/readyz` says that it is
wrong.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from app.core.clock import Heard, hear
from app.core.database import INTERRUPTIONS, fetch_value
from app.core.errors import Unavailable

ASKED_EVERY_S: Final = 10.0
# An answer that took longer says too little about when it was given.
ANSWERED_WITHIN_S: Final = 0.5


async def ask() -> None:
    """Take the database's time. An answer that was slow changes nothing."""
    asked_at = time.monotonic()
    said: datetime = await fetch_value("SELECT clock_timestamp()")
    heard_at = time.monotonic()
    if heard_at - asked_at <= ANSWERED_WITHIN_S:
        # It was said on the way, somewhere in between.
        hear(Heard(said + timedelta(seconds=(heard_at - asked_at) / 2), heard_at))


@contextlib.asynccontextmanager
async def followed() -> AsyncIterator[None]:
    """Asked now, and again while this lasts. While the database is away, the steady clock goes on."""
    await _ask_if_there()
    asking = asyncio.create_task(_keep_asking(), name="database-time")
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _keep_asking() -> None:
    while True:
        await asyncio.sleep(ASKED_EVERY_S)
        await _ask_if_there()


async def _ask_if_there() -> None:
    with contextlib.suppress(*INTERRUPTIONS, Unavailable):
        await ask()
