"""Promised moments against the calendar of 2026, and what is true of every term."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ZONE
from app.core.working_calendar import CalendarHorizon, WorkingCalendar

HOLIDAYS_2026 = [
    "01-01", "01-02", "02-16", "02-17", "02-18", "02-19", "02-20", "04-27", "04-30", "05-01",
    "08-31", "09-01", "09-02", "11-24",
]  # fmt: skip
CALENDAR = WorkingCalendar(
    holidays=frozenset(date.fromisoformat(f"2026-{day}") for day in HOLIDAYS_2026),
    working_days=frozenset({date(2026, 1, 10), date(2026, 8, 22)}),
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("received", "term", "due"),
    [
        ("2026-02-13T10:00", {"working_days": 3}, "2026-02-25T10:00"),
        ("2026-04-24T16:00", {"working_days": 5}, "2026-05-06T16:00"),
        ("2026-08-21T17:30", {"working_days": 1}, "2026-08-24T07:00"),
        ("2026-01-09T08:00", {"working_days": 3}, "2026-01-13T08:00"),
        ("2026-11-20T16:30", {"working_hours": 4}, "2026-11-23T10:30"),
        ("2026-11-23T11:45", {"working_hours": 4}, "2026-11-25T07:30"),
    ],
)
def test_the_golden_cases_of_2026(received: str, term: dict[str, int], due: str) -> None:
    assert CALENDAR.add(local(received), **term) == local(due)


def test_a_receipt_at_exactly_half_past_eleven_counts_from_the_afternoon() -> None:
    assert CALENDAR.next_working_moment(local("2026-03-02T11:30")) == local("2026-03-02T13:30")


def test_a_term_into_a_year_nobody_declared_has_no_answer() -> None:
    with pytest.raises(CalendarHorizon):
        CALENDAR.add(local("2026-12-30T10:00"), working_days=5)


def test_a_term_in_calendar_days_never_ends_on_a_day_off() -> None:
    assert CALENDAR.add(local("2026-02-06T09:00"), calendar_days=10) == local("2026-02-23T07:00")


def test_a_saturday_morning_is_half_a_day() -> None:
    calendar = WorkingCalendar(holidays=CALENDAR.holidays, hours_by_weekday={5: [(time(7), time(11, 30))]})
    assert calendar.add(local("2026-03-06T16:00"), working_hours=2) == local("2026-03-07T08:00")
    assert calendar.next_working_moment(local("2026-03-07T11:30")) == local("2026-03-09T07:00")


def test_2026_has_249_working_days() -> None:
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    assert sum(CALENDAR.is_working_day(day) for day in days) == 249


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 9, 30)).map(  # noqa: DTZ001 - the zone follows
    lambda moment: moment.replace(tzinfo=ZONE, microsecond=0)
)


@given(start=moments, days=st.integers(0, 40))
def test_a_promised_moment_is_a_working_moment(start: datetime, days: int) -> None:
    due = CALENDAR.add(start, working_days=days)
    assert any(opens <= due < closes for opens, closes in CALENDAR.intervals(due.astimezone(ZONE).date()))


@given(one=moments, other=moments, days=st.integers(0, 20))
def test_who_comes_earlier_is_never_promised_later(one: datetime, other: datetime, days: int) -> None:
    early, late = sorted((one, other))
    assert CALENDAR.add(early, working_days=days) <= CALENDAR.add(late, working_days=days)


@given(start=moments, hours=st.integers(1, 60))
def test_working_hours_are_all_worked(start: datetime, hours: int) -> None:
    begin = CALENDAR.next_working_moment(start)
    due = CALENDAR.add(start, working_hours=hours)
    day, worked = begin.astimezone(ZONE).date(), timedelta()
    while day <= due.astimezone(ZONE).date():
        for opens, closes in CALENDAR.intervals(day):
            worked += max(min(closes, due) - max(opens, begin), timedelta())
        day += timedelta(days=1)
    assert worked == timedelta(hours=hours)
