"""When something really happened, told by a clock that may be hours off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.home_service.clocks import (
    BELIEVABLE,
    CLOCK_TOLERANCE,
    LONGEST_RUN_MS,
    Reading,
    Timed,
    read,
    within,
)

NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
offsets = st.timedeltas(-BELIEVABLE, BELIEVABLE)


@given(off=offsets, ago=st.timedeltas(timedelta(0), timedelta(hours=20)))
def test_by_the_time_of_sending_any_clock_is_put_right(off: timedelta, ago: timedelta) -> None:
    [timed] = read([Reading(NOON - ago + off)], sent_at=NOON + off, received_at=NOON)

    assert timed == Timed(NOON - ago, suspect=abs(off) > CLOCK_TOLERANCE, bounded=False)


@pytest.mark.parametrize(("minutes", "suspect"), [(-5, False), (-6, True), (5, False), (6, True)])
def test_five_minutes_are_nothing(minutes: int, suspect: bool) -> None:
    off = minutes * MINUTE

    [timed] = read([Reading(NOON - HOUR + off)], sent_at=NOON + off, received_at=NOON)

    assert timed.suspect is suspect


@pytest.mark.parametrize("days", [-30, 30])
def test_days_off_are_bounded_by_the_neighbours(days: int) -> None:
    [timed] = read(
        [Reading(NOON + timedelta(days=days))], sent_at=NOON + timedelta(days=days), received_at=NOON
    )

    assert (timed.suspect, timed.bounded) == (True, True)
    bounded = within(
        timed, earliest=NOON - 9 * HOUR, before=NOON - 3 * HOUR, after=NOON - 2 * HOUR, received_at=NOON
    )
    assert bounded.effective_at == NOON - 2 * HOUR


def test_nothing_happens_after_it_was_received() -> None:
    [timed] = read([Reading(NOON + 5 * HOUR)], sent_at=None, received_at=NOON)

    assert timed == Timed(NOON, suspect=True, bounded=True)


def test_a_time_its_neighbours_contradict_is_suspect_and_between_them() -> None:
    early = Timed(NOON - 8 * HOUR, suspect=False, bounded=False)

    held = within(early, earliest=NOON - 9 * HOUR, before=NOON - HOUR, after=None, received_at=NOON)

    assert held == Timed(NOON - HOUR, suspect=True, bounded=True)


def test_a_time_nothing_contradicts_stands() -> None:
    timed = Timed(NOON - HOUR, suspect=False, bounded=False)

    assert within(timed, earliest=NOON - 2 * HOUR, before=None, after=NOON, received_at=NOON) == timed


def test_somebody_set_the_clock_while_the_device_ran_and_its_counter_tells() -> None:
    """At two o'clock by the counter somebody set the clock four hours back."""
    readings = [
        Reading(NOON - 3 * HOUR + 4 * HOUR, "boot-1", 0),
        Reading(NOON - 2 * HOUR + 4 * HOUR, "boot-1", 3_600_000),
        Reading(NOON - HOUR, "boot-1", 7_200_000),
    ]

    timed = read(readings, sent_at=NOON, received_at=NOON)

    assert [one.effective_at for one in timed] == [NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR]
    assert [one.suspect for one in timed] == [True, True, False]


def test_another_start_has_another_counter() -> None:
    readings = [Reading(NOON - 3 * HOUR, "boot-1", 9_000_000), Reading(NOON - HOUR, "boot-2", 5)]

    assert [one.suspect for one in read(readings, sent_at=NOON, received_at=NOON)] == [False, False]


@given(at=moments, sent=st.none() | moments, counter=st.none() | st.integers(0, LONGEST_RUN_MS))
def test_whatever_a_device_says_is_answered(
    at: datetime, sent: datetime | None, counter: int | None
) -> None:
    readings = [Reading(at, "boot", counter), Reading(NOON, "boot", 0)]

    for timed in read(readings, sent_at=sent, received_at=NOON):
        held = within(timed, earliest=NOON - HOUR, before=None, after=None, received_at=NOON)
        assert held.effective_at <= NOON
        assert held.suspect or held.effective_at >= NOON - HOUR - CLOCK_TOLERANCE
