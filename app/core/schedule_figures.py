"""What monitoring reads of schedules: since when each has not ended well. `jobs.ticks` writes it down."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch

# What rows of schedules begin with; the others of the table are of what is done once a night.
SCHEDULE: Final = "schedule:"

LAST: Final = Gauge("motcua_schedule_last_seconds", "Since the schedule last ended well", ["schedule"])

ROWS: Final = """
SELECT name, greatest(extract(epoch FROM clock_timestamp() - done_at), 0)::float AS seconds
  FROM schedule_tick WHERE starts_with(name, $1)
"""


async def refresh() -> None:
    """Read the figures and show them; a schedule that is none any more is no longer told."""
    rows = await fetch(ROWS, SCHEDULE)
    LAST.clear()
    for row in rows:
        LAST.labels(row["name"].removeprefix(SCHEDULE)).set(row["seconds"])
