"""What is learned from observations: slowly, towards what is seen, and never from the unbelievable."""

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.forecast import Duration
from app.queue.learning import (
    ENOUGH,
    LONGEST_MINUTES,
    SHORTEST_MINUTES,
    USUAL_SHOW,
    Lead,
    Learned,
    lead,
    learn,
    show_rate,
    shrunk,
    walk_in_share,
)

CATALOGUE = Duration(8.0, 12.0)
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
minutes = st.lists(st.floats(SHORTEST_MINUTES, LONGEST_MINUTES), max_size=60)


@given(seen=minutes)
def test_what_is_learned_lies_between_the_shortest_and_the_longest(seen: list[float]) -> None:
    found = learn(None, seen)

    if not seen:
        assert found is None
    else:
        assert found is not None
        assert found.observations == len(seen)
        assert math.log(min(seen)) - 1e-9 <= found.mean_log <= math.log(max(seen)) + 1e-9
        assert found.variance_log >= 0


@given(seen=st.lists(st.floats(1, 100), min_size=1, max_size=49))
def test_the_first_observations_count_alike(seen: list[float]) -> None:
    found = learn(None, seen)

    assert found is not None
    assert found.mean_log == pytest.approx(sum(map(math.log, seen)) / len(seen))


@given(first=minutes, then=minutes)
def test_a_day_after_a_day_is_both_in_one(first: list[float], then: list[float]) -> None:
    assert learn(learn(None, first), then) == learn(None, first + then)


@pytest.mark.parametrize("each", [0.0, 0.49, 240.1, 9000.0])
def test_a_button_pressed_twice_or_forgotten_teaches_nothing(each: float) -> None:
    assert learn(None, [each]) is None


def test_until_thirty_were_seen_the_catalogue_has_a_say_and_then_none() -> None:
    def p50(observations: int) -> float:
        return shrunk(CATALOGUE, Learned(math.log(20.0), 0.09, observations)).p50

    medians = [p50(n) for n in (1, 5, 15, 29, 30)]
    assert shrunk(CATALOGUE, None) == CATALOGUE
    assert CATALOGUE.p50 < medians[0] < 8.6
    assert all(few < many for few, many in pairwise(medians))
    assert p50(ENOUGH) == pytest.approx(20.0)
    assert p50(3000) == pytest.approx(20.0)
    assert shrunk(CATALOGUE, Learned(math.log(20.0), 0.09, ENOUGH)).p80 == pytest.approx(
        20.0 * math.exp(0.8416 * 0.3)
    )


@given(state=st.builds(Learned, st.floats(-1, 5), st.floats(0, 2), st.integers(1, 60)))
def test_a_learned_duration_has_a_median_and_a_longer_four_of_five(state: Learned) -> None:
    found = shrunk(CATALOGUE, state)

    assert 0 < found.p50 <= found.p80


def test_a_procedure_that_became_slower_is_known_as_slower_after_a_hundred() -> None:
    chance = random.Random(3)
    truth = Duration(18.0, 26.0)
    known = learn(None, [CATALOGUE.draw(chance) for _ in range(500)])
    for _ in range(300):
        known = learn(known, [truth.draw(chance)])
    found = shrunk(CATALOGUE, known)

    assert found.p50 == pytest.approx(truth.p50, rel=0.2)
    assert found.p80 == pytest.approx(truth.p80, rel=0.2)


@pytest.mark.parametrize(
    ("ahead", "kind"),
    [(1, Lead.HOURS), (23, Lead.HOURS), (24, Lead.DAYS), (95, Lead.DAYS), (96, Lead.LATER)],
)
def test_how_long_before_somebody_booked(ahead: int, kind: Lead) -> None:
    assert lead(created_at=NOON, starts_at=NOON + timedelta(hours=ahead)) is kind


def test_who_comes_is_the_usual_share_until_many_were_seen() -> None:
    assert show_rate(expected=0, came=0) == pytest.approx(USUAL_SHOW)
    assert show_rate(expected=2, came=0) > 0.75
    assert show_rate(expected=1000, came=500) == pytest.approx(0.5, abs=0.01)
    assert 0.3 < walk_in_share(tickets=1, walked_in=0) < 0.4
    assert walk_in_share(tickets=1000, walked_in=900) == pytest.approx(0.9, abs=0.01)
