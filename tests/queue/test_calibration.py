"""The factor on the spread moves towards four of five, slowly and within bounds."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.calibration import LEAST, MOST, NEUTRAL, Share, Told, next_factor, share_of

shares = st.integers(1, 500).flatmap(lambda n: st.builds(Share, st.just(n), st.integers(0, n)))
factors = st.floats(LEAST, MOST)


@given(factor=factors, day=shares)
def test_the_factor_moves_the_right_way_and_stays_within_bounds(factor: float, day: Share) -> None:
    found = next_factor(factor, day)

    assert LEAST <= found <= MOST
    if day.within < 0.8 * day.quoted:
        assert found > factor or factor == MOST
    if day.within > 0.8 * day.quoted:
        assert found < factor or factor == LEAST


@given(factor=factors)
def test_a_day_nobody_was_quoted_and_a_day_on_the_mark_change_nothing(factor: float) -> None:
    assert next_factor(factor, Share(0, 0)) == factor
    assert next_factor(factor, Share(50, 40)) == pytest.approx(factor)


@given(factor=st.floats(0.8, 2.0))
def test_one_morning_moves_it_by_less_than_a_third(factor: float) -> None:
    assert next_factor(factor, Share(10_000, 0)) < factor * 1.4
    assert next_factor(factor, Share(10_000, 10_000)) > factor * 0.9


def test_a_day_of_few_tickets_says_less() -> None:
    steps = [next_factor(NEUTRAL, Share(n, n // 2)) for n in (2, 10, 50, 400)]

    assert all(few < many for few, many in pairwise(steps))


def test_who_was_told_not_to_wait_does_not_count() -> None:
    told = [Told(0, 0.0), Told(0, 7.0), Told(5, 4.9), Told(5, 5.0), Told(5, 5.1)]

    assert share_of(told) == Share(quoted=3, within=2)


@pytest.mark.parametrize("truth", [0.6, 1.0, 1.8])
def test_quotes_that_are_wrong_by_a_constant_become_right(truth: float) -> None:
    """Waits around 10 minutes with a spread of `truth` × 4; the hall plays 4. Days of 60 tickets."""
    chance = random.Random(7)
    factor, within, quoted = NEUTRAL, 0, 0
    for day in range(120):
        told = [Told(round(10 + factor * 4), chance.gauss(10, truth * 4 / 0.8416)) for _ in range(60)]
        found = share_of(told)
        factor = next_factor(factor, found)
        if day >= 60:
            within, quoted = within + found.within, quoted + found.quoted

    assert 0.75 <= within / quoted <= 0.85
