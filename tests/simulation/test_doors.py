"""The doors of a simulated day: who asks, how long the way takes, and what the figures say."""

import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest

from app.rounds.rules import distance_km
from app.simulation.doors import (
    DETOUR,
    KM_PER_HOUR,
    DoorBook,
    Household,
    Visit,
    households,
    ride_minutes,
)

EIGHT = datetime(2026, 11, 30, 1, tzinfo=UTC)
WINDOWS = [EIGHT + timedelta(hours=hours) for hours in (0, 2, 6, 8)]
CENTRE = (20.26, 105.97)


def visit(came: timedelta | None, ended: str | None, *, wishes: datetime = EIGHT) -> Visit:
    at_home = Household("1.004873", *CENTRE, wishes, False, False, False, False, 12.0)
    came_at = None if came is None else wishes + came
    return Visit(at_home, f"v{came}{ended}", wishes, wishes + timedelta(hours=2), came_at, ended)


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    one = households(WINDOWS, centre=CENTRE, couriers=3, seed=7)

    assert one == households(WINDOWS, centre=CENTRE, couriers=3, seed=7)
    assert one != households(WINDOWS, centre=CENTRE, couriers=3, seed=8)
    assert {house.wishes for house in one} <= set(WINDOWS)
    assert max(distance_km(*CENTRE, house.lat, house.lon) for house in one) < 8


@pytest.mark.parametrize(("windows", "couriers"), [([], 3), (WINDOWS, 0)])
def test_without_windows_or_couriers_nobody_asks(windows: list[datetime], couriers: int) -> None:
    assert households(windows, centre=CENTRE, couriers=couriers, seed=7) == []


def test_the_way_takes_what_the_road_says_in_the_middle_and_never_nothing() -> None:
    chance, there = random.Random(7), (20.28, 105.99)

    rides = [ride_minutes(CENTRE, there, chance) for _ in range(2_000)]

    usual = distance_km(*CENTRE, *there) * DETOUR / KM_PER_HOUR * 60
    assert statistics.median(rides) == pytest.approx(usual, rel=0.05)
    assert min(rides) > 0
    assert statistics.stdev(rides) > 0.1 * usual


def test_a_promise_is_kept_by_who_comes_while_the_window_is_open() -> None:
    book = DoorBook(asked=4)
    for one in (
        visit(timedelta(minutes=119), "received"),
        visit(timedelta(minutes=126), "absent"),
        visit(None, "cancelled"),
        visit(None, None),
    ):
        book.visits[one.id] = one

    figures = book.figures()

    assert (figures["promises_kept"], figures["promises_due"]) == (1, 3)
    assert (figures["late_starts"], figures["latest_minutes"]) == (1, 6.0)
    assert not book.over


def test_a_day_is_over_when_everybody_was_answered_and_every_promise_has_an_end() -> None:
    book = DoorBook(asked=2)
    book.refused["no_window"] += 1
    assert not book.over
    one = visit(timedelta(0), "received")
    book.visits[one.id] = one

    assert book.over
    assert book.sound
    book.settlement = {"balanced": False}
    assert not book.sound
