"""Factors learnt from legs: few legs say little, nobody's forgotten phone says anything."""

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.rounds.learning import LEAST, MOST, WORTH, Leg, learn
from app.rounds.zones import Pair

HILLS = ((202, 1057), (201, 1061))
DELTA = ((201, 1061), (202, 1057))
PAIRS = some.sampled_from([HILLS, DELTA, ((201, 1061), (201, 1061))])
LEGS = some.builds(Leg, PAIRS, some.floats(0, 2e4, allow_nan=False), some.floats(0, 2e4, allow_nan=False))


def legs(pair: Pair, ratio: float, count: int) -> list[Leg]:
    return [Leg(pair, 600.0, 600.0 * ratio)] * count


def test_nothing_driven_changes_nothing() -> None:
    assert learn([]).province == 1.0
    assert not learn([]).pairs


def test_few_legs_say_little_and_many_say_all() -> None:
    few, many = learn(legs(HILLS, 2.0, 5)), learn(legs(HILLS, 2.0, 2000))
    assert 1.0 < few.pairs[HILLS] < 1.5
    assert many.pairs[HILLS] == pytest.approx(2.0, abs=0.02)


def test_the_formula_is_the_median_and_so_many_legs_of_before() -> None:
    ratios = [1.1, 1.4, 1.2, 1.9]
    found = learn([Leg(HILLS, 1000.0, 1000.0 * ratio) for ratio in ratios])
    province = (4 * median(ratios) + WORTH) / (4 + WORTH)
    pair = (4 * median(ratios) + WORTH * round(province, 3)) / (4 + WORTH)
    assert found.province == pytest.approx(province, abs=1e-3)
    assert found.pairs[HILLS] == pytest.approx(pair, abs=1e-3)


def test_a_pair_hardly_driven_is_as_the_province_is() -> None:
    found = learn(legs(DELTA, 1.5, 1000) + legs(HILLS, 1.5, 1))
    assert found.pairs[HILLS] == pytest.approx(found.province, abs=0.01)


def test_there_is_not_the_way_back() -> None:
    found = learn(legs(DELTA, 1.0, 500) + legs(HILLS, 2.0, 500))
    assert found.pairs[HILLS] > 1.9
    assert found.pairs[DELTA] < 1.1


def test_a_road_engine_says_where_a_pair_begins_and_couriers_outweigh_it() -> None:
    assert learn([], surveyed={HILLS: 1.8}).pairs[HILLS] == 1.8
    driven = learn(legs(HILLS, 1.0, 1000), surveyed={HILLS: 1.8})
    assert driven.pairs[HILLS] < 1.05


@pytest.mark.parametrize(
    "leg", [Leg(HILLS, 600, 4 * 3600), Leg(HILLS, 600, 10), Leg(HILLS, 10, 600), Leg(HILLS, 600, 5400)]
)
def test_what_nobody_can_believe_teaches_nothing(leg: Leg) -> None:
    assert learn([leg] * 100) == learn([])


@given(some.lists(LEGS, max_size=60))
def test_factors_stay_within_bounds_in_whatever_order_legs_come(given_legs: list[Leg]) -> None:
    found = learn(given_legs)
    shuffled = random.Random(len(given_legs)).sample(given_legs, len(given_legs))
    assert learn(shuffled) == found
    assert all(LEAST <= factor <= MOST for factor in [found.province, *found.pairs.values()])
