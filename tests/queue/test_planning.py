"""How much may be promised: the table of BOOKING 1.5, and what follows from it."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue import planning, twin
from app.queue.forecast import Duration
from app.queue.planning import MOST_ABOVE, Service
from app.queue.twin import Session
from app.queue.twin.people import KNOWN

TABLE = {1: 0.21, 2: 0.49, 3: 0.62, 4: 0.70, 6: 0.79, 8: 0.84, 12: 0.89}
MEANS = {1: 0.64, 2: 0.80, 3: 0.86, 4: 0.89, 6: 0.93, 8: 0.94, 12: 0.96}
USUAL = Service(mean_minutes=10.0, variation=0.67)
services = st.builds(Service, st.floats(2, 60), st.floats(0.05, 3))


@pytest.mark.parametrize(("counters", "load"), TABLE.items())
def test_the_highest_load_with_one_in_twenty_above_is_that_of_the_table(counters: int, load: float) -> None:
    found = planning.most_load(counters=counters, service=USUAL)

    assert found == pytest.approx(load, abs=0.006)
    assert planning.share_above(counters=counters, load=found, service=USUAL) <= MOST_ABOVE


@pytest.mark.parametrize(("counters", "load"), MEANS.items())
def test_the_mean_wait_is_that_of_the_table(counters: int, load: float) -> None:
    assert planning.mean_wait(counters=counters, load=load - 0.01, service=USUAL) < 15
    assert planning.mean_wait(counters=counters, load=load + 0.01, service=USUAL) > 15


def test_one_counter_is_busy_as_often_as_it_has_work_and_two_by_erlang() -> None:
    assert planning.busy_chance(1, 0.7) == pytest.approx(0.7)
    assert planning.busy_chance(2, 1.0) == pytest.approx(1 / 3)
    assert planning.busy_chance(3, 3.0) == 1.0


@given(counters=st.integers(1, 40), service=services)
def test_more_counters_bear_more_and_longer_services_less(counters: int, service: Service) -> None:
    def load(of: Service, at: int) -> float:
        return planning.most_load(counters=at, service=of)

    own = load(service, counters)
    assert 0 <= own < 1
    assert load(service, counters + 1) >= own
    assert load(service._replace(mean_minutes=service.mean_minutes * 2), counters) <= own
    assert load(service._replace(variation=service.variation * 2), counters) <= own


@given(
    counters=st.integers(1, 20),
    grain=st.sampled_from([5, 10, 15, 30]),
    service=services,
    share=st.floats(0, 1),
    show=st.floats(0.3, 1),
)
def test_advice_is_whole_places_a_pool_has(
    counters: int, grain: int, service: Service, share: float, show: float
) -> None:
    found = planning.advise(
        counters=counters, grain_minutes=grain, service=service, walk_in_share=share, show_rate=show
    )

    assert 0 <= found.online_cap <= counters
    assert 0 <= found.walkin_floor <= counters
    visits = found.most_load * counters * grain / service.mean_minutes
    assert found.walkin_floor <= visits * share + 1e-6
    assert found.online_cap * show <= visits * (1 - share) + 1e-6


def test_six_counters_of_ten_minutes_sell_three_and_keep_one() -> None:
    found = planning.advise(counters=6, grain_minutes=10, service=USUAL, walk_in_share=0.4, show_rate=0.88)

    assert (found.online_cap, found.walkin_floor) == (3, 1)
    assert found.most_load == pytest.approx(0.79, abs=0.01)


def test_the_mix_of_the_twin_is_that_of_the_table() -> None:
    mix = [one for one, share in zip(KNOWN, (5, 3, 2), strict=True) for _ in range(share)]
    found = planning.mixed(mix)

    assert found.mean_minutes == pytest.approx(10.0)
    assert found.variation == pytest.approx(0.67, abs=0.005)


@pytest.mark.parametrize("counters", [3, 6])
def test_a_hall_that_follows_the_advice_keeps_the_promise_in_the_twin(counters: int) -> None:
    load = math.floor(100 * planning.most_load(counters=counters, service=USUAL)) / 100
    visits = [
        visit
        for seed in range(60)
        for visit in twin.play(
            Session(load=load, counters=counters), seed=seed, timed_returns=False, quotes=False
        )
    ]

    assert twin.waits(visits).above <= MOST_ABOVE


def test_the_order_of_procedures_changes_no_digit_of_the_mix() -> None:
    chance = random.Random(9)
    mix = [
        Duration(p50, p50 * chance.uniform(1.2, 2.5)) for p50 in (chance.uniform(3, 60) for _ in range(9))
    ]
    asked = [chance.sample(mix, len(mix)) for _ in range(50)]

    assert {planning.mixed(each) for each in asked} == {planning.mixed(mix)}
