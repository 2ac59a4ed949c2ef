"""The clock of a simulated day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import RIGHT_WITHIN, FastClock, Hands, Heard, current_time, machine_time, set_clock
from app.settings import Settings, SettingsError

STARTED = datetime(2026, 11, 27, 3, tzinfo=UTC)
moments = st.integers(1, 365 * 24).map(lambda hours: STARTED + timedelta(hours=hours))


@given(shows=moments, rate=st.integers(1, 3600), passed=st.integers(0, 86_400))
def test_time_passes_as_many_times_faster_as_was_asked(shows: datetime, rate: int, passed: int) -> None:
    clock = FastClock(shows, STARTED, rate)

    assert clock.at(STARTED) == shows
    assert clock.at(STARTED + timedelta(seconds=passed)) - shows == timedelta(seconds=passed * rate)
    assert FastClock.parse(str(clock)) == clock


def test_a_process_told_a_clock_lives_by_it_and_tokens_do_not() -> None:
    started = machine_time()
    set_clock(FastClock(started + timedelta(days=3), started, 60))
    try:
        ahead = current_time() - machine_time()
    finally:
        set_clock(None)

    assert ahead >= timedelta(days=3)
    assert abs(machine_time() - started) < timedelta(days=1)
    assert abs(current_time() - machine_time()) < timedelta(days=1)


@given(rate=st.integers(1, 3600), passed=st.integers(0, 86_400), skipped=st.integers(0, 86_400))
def test_a_clock_with_hands_stands_until_it_is_started_and_never_goes_back(
    tmp_path_factory: pytest.TempPathFactory, rate: int, passed: int, skipped: int
) -> None:
    path = tmp_path_factory.mktemp("hands") / "clock"
    hands, elsewhere = Hands.standing(path), Hands(str(path))
    clock = FastClock(STARTED + timedelta(days=3), STARTED, rate, str(path))
    begins = STARTED + timedelta(seconds=passed)

    assert FastClock.parse(str(clock)) == clock
    assert elsewhere.at(clock, begins) == clock.shows
    hands.start(clock, begins)
    assert elsewhere.at(clock, begins) == clock.shows
    hands.skip(timedelta(seconds=skipped))
    later = elsewhere.at(clock, begins + timedelta(seconds=passed))
    assert later - clock.shows == timedelta(seconds=passed * rate + skipped)


def test_a_process_told_a_clock_with_hands_sees_them_move(tmp_path: Path) -> None:
    hands = Hands.standing(tmp_path / "clock")
    started = machine_time()
    shows = started + timedelta(days=3)
    set_clock(FastClock(shows, started, 60, str(tmp_path / "clock")))
    try:
        stood = current_time()
        hands.skip(timedelta(hours=5))
        moved = current_time()
    finally:
        set_clock(None)

    assert (stood, moved) == (shows, shows + timedelta(hours=5))


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2026-11-30T07:00:00,2026-11-27T03:00:00+00:00,60",
        "2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,0",
        "2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,3601",
        "2026-11-26T07:00:00+07:00,2026-11-27T03:00:00+00:00,60",
        "2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00",
        "2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,60,/nowhere/clock",
    ],
)
def test_a_clock_that_cannot_be_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(SettingsError, match="MOTCUA_CLOCK"):
        Settings.from_environment({"MOTCUA_CLOCK": text})


@given(
    off=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
    passed=st.floats(0, 86_400),
    at=st.floats(0, 1e6),
)
def test_a_clock_that_is_wrong_is_put_right_and_one_that_is_right_is_left(
    off: timedelta, passed: float, at: float
) -> None:
    heard, should = Heard(STARTED, at), STARTED + timedelta(seconds=(at + passed) - at)

    found = heard.put_right(should + off, at + passed)

    assert found == (should + off if abs(off) <= RIGHT_WITHIN else should)
