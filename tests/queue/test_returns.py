"""Timed returns: offered when the wait is too long, at a time with room, never to who has a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue import returns, rules
from app.queue.forecast import Duration, Expected, Forecast, Serving
from app.queue.returns import GRAIN, LEAST_AWAY, MOST_AWAY, Work
from app.queue.rules import TicketClass

NOW = datetime(2026, 11, 24, 1, 43, tzinfo=UTC)
CLOSES = NOW + timedelta(hours=2)
TEN = Duration(9.0, 13.0)
TOO_LONG = Forecast(p50_minutes=12, p80_minutes=16, position=9)
SHORT = Forecast(p50_minutes=12, p80_minutes=15, position=9)


def work(*, waiting: int = 10, counters: int = 2, expected: Sequence[Expected] = ()) -> Work:
    return Work(
        own=TEN,
        serving=[Serving(TEN, 4.0)] * counters,
        waiting=[TEN] * waiting,
        expected=expected,
        open_counters=counters,
    )


def offered(
    there: Work, *, kind: TicketClass = TicketClass.WALK_IN, found: Forecast = TOO_LONG
) -> returns.Offer | None:
    return returns.offer(kind=kind, found=found, work=there, now=NOW, until=CLOSES)


def test_a_walk_in_who_would_wait_too_long_is_offered_a_whole_ten_minutes_later() -> None:
    found = offered(work(waiting=4))

    assert found is not None
    assert found.returns_at.minute % 10 == 0
    assert found.returns_at - NOW >= LEAST_AWAY
    assert found.minutes_away == round((found.returns_at - NOW).total_seconds() / 60)


def test_a_quarter_of_an_hour_is_not_too_long() -> None:
    assert offered(work(), found=SHORT) is None


@pytest.mark.parametrize("kind", [kind for kind in TicketClass if kind is not TicketClass.WALK_IN])
def test_who_has_a_time_or_is_called_at_once_is_not_sent_away(kind: TicketClass) -> None:
    assert offered(work(), kind=kind) is None


@given(waiting=st.integers(0, 12))
def test_more_people_here_never_bring_the_return_forward(waiting: int) -> None:
    few, more = offered(work(waiting=waiting)), offered(work(waiting=waiting + 1))

    assert few is not None
    assert more is None or more.returns_at >= few.returns_at


def test_a_grain_whose_counters_are_spoken_for_is_passed_over() -> None:
    empty = offered(work(waiting=4))
    assert empty is not None
    minutes = (empty.returns_at - NOW).total_seconds() / 60
    full = offered(work(waiting=4, expected=[Expected(TEN, minutes, 1.0)] * 3))

    assert full is not None
    assert full.returns_at > empty.returns_at


def test_who_may_not_come_takes_less_room() -> None:
    def returns_at(show: float) -> datetime:
        found = offered(work(waiting=2, expected=[Expected(TEN, 10.0 * n, show) for n in range(9)] * 2))
        assert found is not None
        return found.returns_at

    assert returns_at(0.1) < returns_at(1.0)


@given(waiting=st.integers(0, 60), counters=st.integers(1, 8))
def test_no_time_is_after_the_last_or_too_far_away(waiting: int, counters: int) -> None:
    found = offered(work(waiting=waiting, counters=counters))

    if found is not None:
        assert found.returns_at <= min(CLOSES, NOW + MOST_AWAY)
        assert found.returns_at.timestamp() % GRAIN.total_seconds() == 0


def test_a_hall_that_never_catches_up_today_offers_nothing() -> None:
    assert offered(work(waiting=60, counters=1)) is None


def test_who_is_back_in_time_is_due_in_five_minutes_from_the_agreed_time() -> None:
    back = returns.on_return(arrived_at=NOW, returns_at=NOW + timedelta(minutes=4))

    assert back == (TicketClass.RETURNING, NOW + timedelta(minutes=4))
    assert rules.call_by(kind=back.kind, waiting_from=back.waiting_from) == NOW + timedelta(minutes=9)


def test_who_is_a_little_late_waits_from_the_door() -> None:
    back = returns.on_return(arrived_at=NOW, returns_at=NOW - timedelta(minutes=15))

    assert back == (TicketClass.RETURNING, NOW)


def test_who_is_much_too_late_walked_in_just_now() -> None:
    back = returns.on_return(arrived_at=NOW, returns_at=NOW - timedelta(minutes=15, seconds=1))

    assert back == (TicketClass.WALK_IN, NOW)
