"""Processing times (thời hạn giải quyết) day by day: where a term begins and ends, what it passes over.

The rule itself is `app.core.working_calendar`; this answers the citizen who asks why it takes until then.
"""

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.clock import ZONE, local_date
from app.core.working_calendar import WorkingCalendar
from app.dossiers.rules import Unit, due_at

# As an officer writes it: working days, calendar days, working hours.
SHORT_UNITS: Final = {"wd": Unit.WORKING_DAY, "d": Unit.CALENDAR_DAY, "h": Unit.WORKING_HOUR}
WRITTEN: Final = re.compile(r"(?P<value>[1-9][0-9]{0,3})(?P<unit>wd|d|h)")


class Term(NamedTuple):
    """How long a procedure may take."""

    value: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> "Term":
        """`3wd`, `10d`, `4h`; raises `ValueError`."""
        found = WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError("a term is a whole number with wd, d or h: 3wd, 10d, 4h")
        return cls(int(found["value"]), SHORT_UNITS[found["unit"]])


class Start(StrEnum):
    """Why a term is counted from when it is."""

    RECEIVED = "received"
    BEFORE_HOURS = "before_hours"
    LUNCH = "lunch"
    AFTER_HOURS = "after_hours"
    DAY_OFF = "day_off"


class Reason(StrEnum):
    """Why a day does not count."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"


class PassedOver(NamedTuple):
    """One local day that does not count."""

    day: date
    reason: Reason


class Reckoning(NamedTuple):
    """A promised moment and how it came about; moments in UTC, days local and in order."""

    counted_from: datetime
    start: Start
    due: datetime
    passed_over: list[PassedOver]


def reckon(received: datetime, term: Term, calendar: WorkingCalendar) -> Reckoning:
    """The promised moment of what was received then, with every day off it passed over.

    Days off inside a term of calendar days are counted and so not passed over; those it ended on are.
    Raises `CalendarHorizon` for a year nobody declared.
    """
    counted_from = calendar.next_working_moment(received)
    due = due_at(accepted_at=received, value=term.value, unit=term.unit, calendar=calendar)
    begins, ends = local_date(counted_from), local_date(due)
    counts_again = begins + timedelta(days=term.value) if term.unit is Unit.CALENDAR_DAY else begins
    days = [
        *_days(local_date(received), begins),
        *_days(max(begins, counts_again), ends),
    ]
    return Reckoning(
        counted_from,
        _start(received, counted_from, calendar),
        due,
        [PassedOver(day, _reason(day, calendar)) for day in days if not calendar.is_working_day(day)],
    )


def _days(first: date, last: date) -> list[date]:
    """From a day on, without the last."""
    return [first + timedelta(days=number) for number in range((last - first).days)]


def _reason(day: date, calendar: WorkingCalendar) -> Reason:
    return Reason.HOLIDAY if day in calendar.holidays else Reason.WEEKEND


def _start(received: datetime, counted_from: datetime, calendar: WorkingCalendar) -> Start:
    if received == counted_from:
        return Start.RECEIVED
    worked = calendar.intervals(local_date(received))
    if not worked:
        return Start.DAY_OFF
    if received < worked[0][0]:
        return Start.BEFORE_HOURS
    return Start.LUNCH if received < worked[-1][1] else Start.AFTER_HOURS


def received_at(text: str) -> datetime:
    """`2026-02-13T10:00`, on the wall clock of Việt Nam unless it has an offset; raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    if len(text) == len("2026-02-13"):
        raise ValueError("a moment has a time of day: 2026-02-13T10:00")
    return moment.replace(tzinfo=ZONE) if moment.tzinfo is None else moment
