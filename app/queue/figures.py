"""What monitoring reads of the halls: who waits now, and who watches."""

from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from app.core.clock import current_time, local_date
from app.core.database import fetch_value

WAITING: Final = Gauge("motcua_tickets_waiting", "Tickets of today that wait, in all centres")
WATCHING: Final = Gauge(
    "motcua_stream_clients", "Open streams of boards, consoles and tickets of the process that answers"
)


async def refresh() -> None:
    await _read(current_time())


async def _read(now: datetime) -> None:
    WAITING.set(
        await fetch_value(
            "SELECT count(*) FROM ticket WHERE state = 'waiting' AND local_date = $1", local_date(now)
        )
    )
