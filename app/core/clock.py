"""The clock of the entrances, and the zone people live in.

Only entrances (handlers' `now`, drainers, the command line) read it; everything below receives `now`
as a fact. Leases, holds and expiries are judged by the database's own clock, never by this one.

A simulated day runs on a clock of its own (`MOTCUA_CLOCK`): every process of the installation shows the
same later moment, and time there passes faster. Tokens and leases stay on the machine's time. Time in
which nobody of that day does anything may be skipped, in all of its processes at once (`Hands`).

In a sandbox time is ahead by what its database says (`app.core.sandbox`).

A host whose own clock is wrong, or was set while it runs, acts in the database's time all the same
(`app.core.database_time`): its steady clock, which nobody sets, carries on what the database last said.
"""

import mmap
import struct
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
FASTEST: Final = 3600
# A host that differs from the database by less is right: its clock is kept by the usual means.
RIGHT_WITHIN: Final = timedelta(seconds=1)


class FastClock(NamedTuple):
    """A clock that showed `shows` when the machine's said `started`, and runs `rate` times as fast.

    `hands` names the file by which one of its processes moves the clock of all (`Hands`).
    """

    shows: datetime
    started: datetime
    rate: int
    hands: str = ""

    @classmethod
    def parse(cls, text: str) -> "FastClock":
        """`2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,60`, and perhaps `,FILE`; raises
        `ValueError`.
        """
        shows, started, rate, *hands = text.split(",", 3)
        clock = cls(
            datetime.fromisoformat(shows), datetime.fromisoformat(started), int(rate), "".join(hands)
        )
        if clock.shows.tzinfo is None or clock.started.tzinfo is None:
            raise ValueError("both moments need an offset")
        if not 1 <= clock.rate <= FASTEST:
            raise ValueError(f"the rate is 1 to {FASTEST}")
        # Behind the machine, a promise would be over before it was made.
        if clock.shows < clock.started:
            raise ValueError("a simulated day is not in the past")
        if clock.hands and not Path(clock.hands).is_file():
            raise ValueError("the file of its hands is not there")
        return clock

    def __str__(self) -> str:
        told = f"{self.shows.isoformat()},{self.started.isoformat()},{self.rate}"
        return f"{told},{self.hands}" if self.hands else told

    def at(self, machine: datetime) -> datetime:
        return (self.shows + (machine - self.started) * self.rate).astimezone(UTC)


class Hands:
    """What one process sets of a simulated day's clock, and all of its processes read: whether it stands,
    and how much was skipped. Nobody's clock ever goes back.
    """

    _STORED: Final = struct.Struct("<dd")  # 1 while it stands; seconds ahead of what the rate says

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), self._STORED.size)

    @classmethod
    def standing(cls, path: Path) -> "Hands":
        """A new file: the clock shows its first moment until it is started."""
        path.write_bytes(cls._STORED.pack(1.0, 0.0))
        return cls(str(path))

    def at(self, clock: FastClock, machine: datetime) -> datetime:
        stands, ahead = self._STORED.unpack_from(self._shared)
        return clock.at(clock.started if stands else machine) + timedelta(seconds=ahead)

    def start(self, clock: FastClock, machine: datetime) -> None:
        """From here on it runs, from what it shows."""
        behind = (machine - clock.started).total_seconds() * clock.rate
        self._STORED.pack_into(self._shared, 0, 0.0, -behind)

    def skip(self, time: timedelta) -> None:
        """Everybody's clock is that much later at once."""
        assert time >= timedelta(0)
        stands, ahead = self._STORED.unpack_from(self._shared)
        self._STORED.pack_into(self._shared, 0, stands, ahead + time.total_seconds())


class Heard(NamedTuple):
    """What the database's clock said when ours, which nobody sets, was at so many seconds."""

    said: datetime
    steady_s: float

    def put_right(self, machine: datetime, steady_s: float) -> datetime:
        """What the machine's clock says, or should: the two are read at once (pure)."""
        should = self.said + timedelta(seconds=steady_s - self.steady_s)
        return machine if abs(machine - should) <= RIGHT_WITHIN else should


class _Shown:
    """The clock of this process; the machine's own unless an entrance set another."""

    clock: FastClock | None = None
    hands: Hands | None = None
    ahead: timedelta = timedelta(0)
    heard: "Heard | None" = None


def set_clock(clock: FastClock | None) -> None:
    """Called once, by the entrance of a process."""
    _Shown.hands = Hands(clock.hands) if clock is not None and clock.hands else None
    _Shown.clock = clock


def machine_time() -> datetime:
    """What tokens are stamped with, and what the database's clock is compared to."""
    return datetime.now(UTC)


def hear(heard: Heard | None) -> None:
    """`app.core.database_time` alone calls it."""
    _Shown.heard = heard


def _right_time() -> datetime:
    """The machine's, put right where it is wrong."""
    heard = _Shown.heard
    return machine_time() if heard is None else heard.put_right(machine_time(), time.monotonic())


def current_time() -> datetime:
    """The moment the business acts in."""
    return unmoved_time() + _Shown.ahead


def unmoved_time() -> datetime:
    """What it would be had nobody moved a sandbox's clock."""
    clock, hands = _Shown.clock, _Shown.hands
    if clock is None:
        return _right_time()
    return clock.at(machine_time()) if hands is None else hands.at(clock, machine_time())


def ahead() -> timedelta:
    """How far a sandbox's clock was moved, as this process knows it; nothing anywhere else."""
    return _Shown.ahead


def set_ahead(moved: timedelta) -> None:
    """`app.core.sandbox` alone calls it."""
    _Shown.ahead = moved


def local(moment: datetime) -> datetime:
    """The moment as a wall clock in Việt Nam shows it (+07:00)."""
    return moment.astimezone(ZONE)


def local_date(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def at_local(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)
