"""The clock of the entrances, and the zone people live in.

Only entrances (handlers' `now`, drainers, the command line) read it; everything below receives `now`
as a fact. Leases, holds and expiries are judged by the database's own clock, never by this one.

A simulated day runs on a clock of its own (`MOTCUA_CLOCK`): every process of the installation shows the
same later moment, and time there passes faster. Tokens and leases stay on the machine's time.
"""

from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
FASTEST: Final = 3600


class FastClock(NamedTuple):
    """A clock that showed `shows` when the machine's said `started`, and runs `rate` times as fast."""

    shows: datetime
    started: datetime
    rate: int

    @classmethod
    def parse(cls, text: str) -> "FastClock":
        """`2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,60`; raises `ValueError`."""
        shows, started, rate = text.split(",")
        clock = cls(datetime.fromisoformat(shows), datetime.fromisoformat(started), int(rate))
        if clock.shows.tzinfo is None or clock.started.tzinfo is None:
            raise ValueError("both moments need an offset")
        if not 1 <= clock.rate <= FASTEST:
            raise ValueError(f"the rate is 1 to {FASTEST}")
        # Behind the machine, a promise would be over before it was made.
        if clock.shows < clock.started:
            raise ValueError("a simulated day is not in the past")
        return clock

    def __str__(self) -> str:
        return f"{self.shows.isoformat()},{self.started.isoformat()},{self.rate}"

    def at(self, machine: datetime) -> datetime:
        return (self.shows + (machine - self.started) * self.rate).astimezone(UTC)


class _Shown:
    """The clock of this process; the machine's own unless an entrance set another."""

    clock: FastClock | None = None


def set_clock(clock: FastClock | None) -> None:
    """Called once, by the entrance of a process."""
    _Shown.clock = clock


def machine_time() -> datetime:
    """What tokens are stamped with, and what the database's clock is compared to."""
    return datetime.now(UTC)


def current_time() -> datetime:
    """The moment the business acts in."""
    clock = _Shown.clock
    return machine_time() if clock is None else clock.at(machine_time())


def local(moment: datetime) -> datetime:
    """The moment as a wall clock in Việt Nam shows it (+07:00)."""
    return moment.astimezone(ZONE)


def local_date(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def at_local(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)
