"""A centre's queue as it changes: the new revision, whenever there is one.

Woken by hints, and looking by itself every two seconds, so it goes on with Redis dead. Whoever reads it
renders the whole state: a lost hint loses nothing.
"""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from app.core.clock import current_time
from app.core.database import DatabaseUnavailable
from app.core.shared import Shared
from app.core.wakeups import WAKEUPS
from app.queue import queries
from app.queue.figures import WATCHING

LOOK_EVERY_S: Final = 2.0
# Proxies cut a silent connection after half a minute or so.
SILENT_AT_MOST: Final = 7
UNCHANGED: Final = -1


async def changes(centre_id: uuid.UUID) -> AsyncIterator[int]:
    """The revision now, then each new one; `UNCHANGED` now and then, to keep the connection alive."""
    shown: int | None = None
    silent = 0
    with WATCHING.track_inprogress():
        async with WAKEUPS.subscription(f"centre:{centre_id}") as hints:
            while True:
                revision = await _revision(centre_id, shown)
                if revision != shown and revision is not None:
                    shown, silent = revision, 0
                    yield revision
                elif silent >= SILENT_AT_MOST:
                    silent = 0
                    yield UNCHANGED
                silent += 1
                await hints.wait(LOOK_EVERY_S)


async def _read(centre_id: uuid.UUID, _now: datetime) -> int:
    return await queries.revision(centre_id)


# A hint wakes all who watch a hall, and they all ask this.
REVISION: Final = Shared(_read)


async def _revision(centre_id: uuid.UUID, shown: int | None) -> int | None:
    """What is known while the database is away is what was shown."""
    try:
        return await REVISION(centre_id, now=current_time())
    except DatabaseUnavailable:
        return shown
