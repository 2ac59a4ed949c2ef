"""The working calendar: days off, working Saturdays, hours of the day, and promised moments.

Wall-clock times are those of Asia/Ho_Chi_Minh. A year nobody declared holidays for has no answer: taking
it for all-working would promise a date inside Tết. Rules of counting: intake after hours counts from the
next morning, intake at lunch from the afternoon; eight working hours are a working day; a term in
calendar days that ends on a day off moves forward.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from app.core.clock import ZONE

Interval = tuple[time, time]

DEFAULT_HOURS: Final[Sequence[Interval]] = (
    (time(7, 0), time(11, 30)),
    (time(13, 30), time(17, 0)),
)
SATURDAY: Final = 5


class CalendarHorizon(ValueError):
    """The calendar of a needed year has not been declared yet."""

    code = "calendar_horizon"

    def __init__(self, year: int) -> None:
        super().__init__(f"no calendar for {year}")
        self.year = year


@dataclass(frozen=True)
class WorkingCalendar:
    """Which moments are worked.

    `working_days` are make-up days (ngày làm bù), usually Saturdays; `hours_on` gives a date its own
    hours (a half day), `hours_by_weekday` a weekday (a Saturday morning) which then is a working day.
    """

    holidays: Collection[date]
    working_days: Collection[date] = frozenset()
    hours: Sequence[Interval] = DEFAULT_HOURS
    hours_by_weekday: Mapping[int, Sequence[Interval]] = field(default_factory=lambda: MappingProxyType({}))
    hours_on: Mapping[date, Sequence[Interval]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def years(self) -> frozenset[int]:
        """The years this calendar can speak of."""
        return frozenset(day.year for day in self.holidays)

    def is_working_day(self, day: date) -> bool:
        if day.year not in self.years:
            raise CalendarHorizon(day.year)
        if day in self.working_days:
            return True
        if day in self.holidays:
            return False
        return day.weekday() < SATURDAY or day.weekday() in self.hours_by_weekday

    def intervals(self, day: date) -> Sequence[tuple[datetime, datetime]]:
        """The worked stretches of a day, in UTC, in order; empty on a day off."""
        if not self.is_working_day(day):
            return ()
        # A make-up day replaces a weekday and has a weekday's hours.
        hours = self.hours_on.get(
            day,
            self.hours
            if day in self.working_days
            else self.hours_by_weekday.get(day.weekday(), self.hours),
        )
        return [(_moment(day, opens), _moment(day, closes)) for opens, closes in hours]

    def next_working_moment(self, at: datetime) -> datetime:
        """The moment itself when it is worked, else the next opening."""
        for day in self._days_from(at.astimezone(ZONE).date()):
            for opens, closes in self.intervals(day):
                if at < closes:
                    return max(at, opens).astimezone(UTC)
        raise AssertionError("unreachable: days end with CalendarHorizon")

    def add(
        self,
        start: datetime,
        *,
        working_days: int = 0,
        working_hours: int = 0,
        calendar_days: int = 0,
    ) -> datetime:
        """The moment a term from `start` ends, in UTC. One of the three lengths is given."""
        if sum(length != 0 for length in (working_days, working_hours, calendar_days)) > 1:
            raise ValueError("A term has one unit.")
        counted = self.next_working_moment(start)
        if working_hours:
            return self._after_hours(counted, timedelta(hours=working_hours))
        if calendar_days:
            return self._on_day(counted, counted.astimezone(ZONE).date() + timedelta(calendar_days))
        day = counted.astimezone(ZONE).date()
        for _ in range(working_days):
            day = self.next_working_day(day)
        return self._on_day(counted, day)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time between two moments is worked; nothing when the end is not later."""
        total = timedelta()
        for day in self._days_from(start.astimezone(ZONE).date()):
            if day > end.astimezone(ZONE).date():
                return total
            for opens, closes in self.intervals(day):
                total += max(min(closes, end) - max(opens, start), timedelta())
        raise AssertionError("unreachable: days end with CalendarHorizon")

    def add_worked(self, start: datetime, length: timedelta) -> datetime:
        """The moment so much worked time after `start` has passed, in UTC."""
        return self._after_hours(self.next_working_moment(start), length)

    def next_working_day(self, day: date) -> date:
        """The first working day after this one."""
        return next(d for d in self._days_from(day + timedelta(days=1)) if self.is_working_day(d))

    def _on_day(self, counted: datetime, day: date) -> datetime:
        """The same wall-clock time on that day, or the next working moment when it is not worked."""
        return self.next_working_moment(_moment(day, counted.astimezone(ZONE).time()))

    def _after_hours(self, at: datetime, length: timedelta) -> datetime:
        for day in self._days_from(at.astimezone(ZONE).date()):
            for opens, closes in self.intervals(day):
                begins = max(at, opens)
                worked = max(closes - begins, timedelta())
                if worked >= length:
                    return (begins + length).astimezone(UTC)
                length -= worked
        raise AssertionError("unreachable: days end with CalendarHorizon")

    @staticmethod
    def _days_from(day: date) -> Iterator[date]:
        while True:
            yield day
            day += timedelta(days=1)


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=ZONE).astimezone(UTC)
