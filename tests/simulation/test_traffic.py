"""Ways on a simulated day: the road, the hour and chance."""

import random
import statistics
from collections import Counter
from datetime import date

import pytest

from app.core.clock import at_local
from app.rounds.rules import distance_km
from app.simulation.chances import Happening
from app.simulation.traffic import DETOUR, KM_PER_HOUR, Ride, ride_minutes

DAY = date(2026, 11, 30)
HERE, THERE = (20.26, 105.97), (20.28, 105.99)
CALM, PEAK = at_local(DAY, 9, 30), at_local(DAY, 7, 30)


def test_the_way_takes_what_the_road_says_in_the_middle_and_never_nothing() -> None:
    chance, seen = random.Random(7), Counter[str]()

    rides = [ride_minutes(Ride(HERE, THERE, CALM), chance, seen) for _ in range(2_000)]

    usual = distance_km(*HERE, *THERE) * DETOUR / KM_PER_HOUR * 60
    assert statistics.median(rides) == pytest.approx(usual, rel=0.05)
    assert min(rides) > 0
    assert statistics.stdev(rides) > 0.1 * usual
    assert (seen["legs"], seen["slow_legs"]) == (2_000, 0)
    assert 50 < seen[Happening.JAM] < 150


def test_at_peak_hours_a_way_takes_as_long_as_eighteen_km_an_hour_say() -> None:
    seen = Counter[str]()
    ride_minutes(Ride(HERE, THERE, PEAK), random.Random(7), seen)

    minutes = distance_km(*HERE, *THERE) * DETOUR / 18 * 60
    assert Ride(HERE, THERE, PEAK).usual_minutes == pytest.approx(minutes)
    assert Ride(HERE, THERE, CALM).usual_minutes < minutes
    assert seen["slow_legs"] == 1
