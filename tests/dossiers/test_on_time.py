"""The on-time rule of the national score, and how a pause moves a promise: pure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import at_local
from app.core.working_calendar import WorkingCalendar
from app.dossiers.on_time import Course, end_of_processing, is_on_time, share
from app.dossiers.rules import moved_by_pause

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 2, tzinfo=UTC)
DUE = START + 7 * DAY
LONG_AFTER = START + 60 * DAY
CALENDAR = WorkingCalendar(holidays=frozenset({date(2026, 1, 1), date(2026, 3, 11)}))


def march(day: int, hour: int) -> datetime:
    """Of 2026, which begins on a Sunday."""
    return at_local(date(2026, 3, day), hour)


def on_time(course: Course) -> bool:
    return is_on_time(course, period_ends=LONG_AFTER, legal_maximum=10 * DAY)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (Course(START, due=DUE, done_at=DUE), True),
        (Course(START, due=DUE, done_at=DUE + timedelta(seconds=1)), False),
        # Done is preferred to returned: a result may lie there for a month.
        (Course(START, due=DUE, done_at=DUE - DAY, returned_at=DUE + 30 * DAY), True),
        (Course(START, due=DUE, returned_at=DUE + DAY), False),
        (Course(START, due=DUE, stopped_at=DUE - DAY), True),
        (Course(START, due=DUE, refused_at=DUE - DAY), True),
        (Course(START, due=DUE, withdrawn_at=DUE - DAY), True),
        # Withdrawn before it was accepted is no end; the period's is taken.
        (Course(START, was_accepted=False, due=DUE, withdrawn_at=DUE - DAY), False),
        (Course(START, due=DUE), False),
        (Course(START, due=LONG_AFTER), True),
        # Waiting for a supplement ended when it was asked for.
        (Course(START, due=DUE, supplement_requests=[DUE - DAY], is_waiting=True), True),
        (Course(START, due=DUE, supplement_requests=[DUE + DAY], is_waiting=True), False),
        (
            Course(START, due=DUE, supplement_requests=[START + DAY, START + 2 * DAY], done_at=DUE - DAY),
            False,
        ),
        # No promise: elapsed less pauses, against the legal maximum.
        (Course(START, done_at=START + 10 * DAY), True),
        (Course(START, done_at=START + 11 * DAY), False),
        (Course(START, done_at=START + 11 * DAY, pauses=[(START + DAY, START + 2 * DAY)]), True),
        (Course(START, done_at=START + 11 * DAY, pauses=[(START + 11 * DAY, START + 12 * DAY)]), False),
    ],
)
def test_on_time_is_what_the_national_score_says(course: Course, *, expected: bool) -> None:
    assert on_time(course) is expected


def test_the_first_end_is_the_end() -> None:
    course = Course(START, due=DUE, done_at=DUE, stopped_at=DUE - DAY)

    assert end_of_processing(course) == DUE - DAY


def test_a_share_has_two_decimals_and_nothing_has_none() -> None:
    assert share(2, 3) == 66.67
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("due", "began", "ended", "moved"),
    [
        # Monday 2 March to Monday 9; a day of pause is a day, over the weekend and a holiday as well.
        (march(9, 9), march(3, 10), march(4, 10), march(10, 9)),
        (march(9, 9), march(3, 10), march(5, 10), march(12, 9)),
        # A pause in which nobody works moves nothing.
        (march(9, 9), march(6, 17), march(9, 7), march(9, 9)),
        # The opening of a day stays an opening.
        (march(9, 7), march(3, 7), march(4, 7), march(10, 7)),
        # Over before the pause: it stays over.
        (march(9, 9), march(10, 9), march(16, 9), march(9, 9)),
    ],
)
def test_a_promise_moves_by_the_worked_time_of_the_pause(
    due: datetime, began: datetime, ended: datetime, moved: datetime
) -> None:
    assert moved_by_pause(due=due, began=began, ended=ended, calendar=CALENDAR) == moved


moments = st.integers(0, 60 * 24 * 30).map(lambda minutes: START + timedelta(minutes=minutes))


@given(due=moments, began=moments, ended=moments)
def test_whatever_worked_time_was_left_is_left_again(
    due: datetime, began: datetime, ended: datetime
) -> None:
    began, ended = min(began, ended), max(began, ended)

    moved = moved_by_pause(due=due, began=began, ended=ended, calendar=CALENDAR)

    assert moved >= due
    if CALENDAR.worked(began, due):
        assert CALENDAR.worked(ended, moved) == CALENDAR.worked(began, due)
