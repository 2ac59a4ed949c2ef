"""Sessions of ours that nobody is at any more, while PostgreSQL waits for them and keeps their locks.

PostgreSQL ends what is idle within a transaction and what lasts too long. Neither clock runs between a
statement and the message after it (Sync; PostgreSQL manual, "Extended Query"): a session cut off there
keeps its locks until TCP gives the connection up, and where something on the way answers for whoever is
gone, for ever. What needs those locks fails meanwhile. Whoever waited for one in vain looks for them.
"""

import time
from datetime import timedelta
from typing import Any, Final

import asyncpg
import structlog

log: Final = structlog.get_logger(__name__)

# As long as one that is idle within a transaction is left.
SILENT_FOR: Final = timedelta(seconds=15)
LOOKED_FOR_EVERY_S: Final = 5.0

# While rows are copied in, PostgreSQL waits for who is copying: that is no silence.
END: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
   AND application_name = current_setting('application_name')
   AND state = 'active' AND wait_event = 'ClientRead' AND query NOT ILIKE 'copy%'
   AND state_change < clock_timestamp() - $1::interval
"""


async def end_abandoned(config: dict[str, Any]) -> int:
    """End them, by a connection made for this (`config`: arguments of `asyncpg.connect`); how many.

    Only sessions of the same name and user are seen. What was done in them is undone; who is there after
    all is told that the connection is lost, as by a restart.
    """
    connection = await asyncpg.connect(**config)
    try:
        ended = len(await connection.fetch(END, SILENT_FOR))
    finally:
        await connection.close()
    if ended:
        log.warning("abandoned_sessions_ended", sessions=ended)
    return ended


class Pace:
    """Whether it is time again: at most once in so many seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next = 0.0

    def allows(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._every_s
        return True
