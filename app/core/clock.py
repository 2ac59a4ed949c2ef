"""The clock of the entrances, and the zone people live in.

Only entrances (handlers' `now`, drainers, the command line) read it; everything below receives `now`
as a fact. Leases, holds and expiries are judged by the database's own clock, never by this one.
"""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")


def current_time() -> datetime:
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """The moment as a wall clock in Việt Nam shows it (+07:00)."""
    return moment.astimezone(ZONE)


def local_date(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def at_local(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)
