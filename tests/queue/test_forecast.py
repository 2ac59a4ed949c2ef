"""The forecast: two figures in order, that fall with every counter and mean what they say."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.forecast import PLAYED_AT_MOST, Duration, Expected, Forecast, Plan, Serving, forecast

durations = st.builds(
    lambda p50, spread: Duration(p50, p50 * spread),
    st.floats(2, 60),
    st.floats(1, 3),
)
queues = st.lists(durations, max_size=PLAYED_AT_MOST + 20)
busy = st.lists(st.builds(Serving, durations, st.floats(0, 240)), max_size=12)
COPY = Duration(10.0, 15.0)


@given(ahead=queues, serving=busy, counters=st.integers(0, 12), seed=st.integers(0, 9999))
def test_half_wait_no_longer_than_four_of_five(
    ahead: list[Duration], serving: list[Serving], counters: int, seed: int
) -> None:
    found = forecast(ahead=ahead, serving=serving, open_counters=counters, seed=seed, runs=20)

    assert 0 <= found.p50_minutes <= found.p80_minutes
    assert found.position == len(ahead) + 1


@given(ahead=queues, serving=busy, counters=st.integers(1, 12), seed=st.integers(0, 9999))
def test_one_more_counter_never_makes_anybody_wait_longer(
    ahead: list[Duration], serving: list[Serving], counters: int, seed: int
) -> None:
    few = forecast(ahead=ahead, serving=serving, open_counters=counters, seed=seed, runs=20)
    more = forecast(ahead=ahead, serving=serving, open_counters=counters + 1, seed=seed, runs=20)

    assert more.p50_minutes <= few.p50_minutes
    assert more.p80_minutes <= few.p80_minutes


@pytest.mark.parametrize("counters", [1, 2, 4])
@pytest.mark.parametrize("ahead", [1, 5, 10, 20, 40])
def test_twice_as_many_ahead_is_a_longer_wait(ahead: int, counters: int) -> None:
    serving = [Serving(COPY, 3.0)] * counters

    short = forecast(ahead=[COPY] * ahead, serving=serving, open_counters=counters)
    long = forecast(ahead=[COPY] * ahead * 2, serving=serving, open_counters=counters)

    assert short.p50_minutes < long.p50_minutes
    assert short.p80_minutes < long.p80_minutes


@given(ahead=queues, serving=busy, seed=st.integers(0, 9999))
def test_the_same_queue_gives_the_same_answer(
    ahead: list[Duration], serving: list[Serving], seed: int
) -> None:
    one = forecast(ahead=ahead, serving=serving, open_counters=3, seed=seed, runs=20)

    assert one == forecast(ahead=ahead, serving=serving, open_counters=3, seed=seed, runs=20)


def test_who_meets_a_free_counter_does_not_wait() -> None:
    found = forecast(ahead=[], serving=[Serving(COPY, 0.0)], open_counters=2)

    assert found == (0, 0, 1)


def test_with_every_counter_closed_there_is_still_an_answer() -> None:
    closed = forecast(ahead=[COPY] * 3, serving=[], open_counters=0)

    assert closed == forecast(ahead=[COPY] * 3, serving=[], open_counters=1)
    assert closed.p50_minutes > 0


def test_a_service_that_should_be_over_is_expected_to_end_soon() -> None:
    found = forecast(ahead=[], serving=[Serving(COPY, 500.0)], open_counters=1)

    assert (found.p50_minutes, found.p80_minutes) == (1, 1)


def test_a_service_that_has_lasted_a_while_is_expected_to_last_less() -> None:
    fresh = forecast(ahead=[], serving=[Serving(COPY, 0.0)], open_counters=1)
    nearly = forecast(ahead=[], serving=[Serving(COPY, 9.0)], open_counters=1)

    assert nearly.p50_minutes < fresh.p50_minutes


def test_a_procedure_that_always_takes_as_long_is_no_trouble() -> None:
    found = forecast(ahead=[Duration(10.0, 10.0)] * 4, serving=[], open_counters=1)

    assert found.p50_minutes in {40, 41}


def test_a_queue_too_long_to_play_is_answered_all_the_same() -> None:
    found = forecast(ahead=[COPY] * 400, serving=[], open_counters=4)

    assert found.position == 401
    assert 900 < found.p50_minutes < found.p80_minutes


def test_four_of_five_mornings_are_over_within_the_second_figure() -> None:
    """Other chance than the forecast's own, the same queue: the figures keep what they promise."""
    ahead, counters = [COPY] * 8 + [Duration(20.0, 28.0)] * 3, 3
    chance = random.Random(20261124)
    waits = []
    for _ in range(2000):
        free_at = [0.0] * counters
        for duration in ahead:
            free_at.sort()
            free_at[0] += duration.draw(chance)
        waits.append(min(free_at))

    promised = forecast(ahead=ahead, serving=[], open_counters=counters)

    assert 0.40 <= sum(wait <= promised.p50_minutes for wait in waits) / len(waits) <= 0.68
    assert 0.70 <= sum(wait <= promised.p80_minutes for wait in waits) / len(waits) <= 0.92


def behind(*, due_in: float = 15.0, spread: float = 1.0, counters: int = 2, **plan: object) -> Forecast:
    """Somebody behind four, at counters that are all busy."""
    return forecast(
        ahead=[COPY] * 4,
        serving=[Serving(COPY, 3.0)] * 2,
        open_counters=counters,
        plan=Plan(**plan),  # type: ignore[arg-type]
        due_in=due_in,
        spread=spread,
    )


def test_who_has_an_appointment_soon_is_called_before_a_walk_in() -> None:
    expected = [Expected(COPY, 2.0, 1.0)] * 4

    assert behind(expected=expected).p50_minutes > behind().p50_minutes + 10


def test_who_may_not_come_delays_less_than_who_surely_does() -> None:
    waits = [behind(expected=[Expected(COPY, 2.0, show)] * 6).p50_minutes for show in (0.0, 0.5, 1.0)]

    assert waits[0] == pytest.approx(behind().p50_minutes, abs=1)
    assert waits[0] < waits[1] < waits[2]


def test_who_should_be_here_for_long_is_hardly_expected_any_more() -> None:
    late = behind(expected=[Expected(COPY, -9.0, 0.88)] * 4)
    soon = behind(expected=[Expected(COPY, 0.0, 0.88)] * 4)

    assert late.p80_minutes < soon.p80_minutes


@pytest.mark.parametrize("starts_in", [10.0, 11.0, 55.0])
def test_who_is_due_later_than_the_newcomer_changes_nothing(starts_in: float) -> None:
    assert behind(expected=[Expected(COPY, starts_in, 1.0)] * 9) == behind()


def test_a_counter_that_opens_soon_shortens_the_wait_and_one_that_opens_late_does_not() -> None:
    assert behind(opens_in=[1.0, 1.0]).p50_minutes < behind().p50_minutes
    assert behind(opens_in=[500.0]) == behind()


def test_before_the_hall_opens_the_wait_lasts_at_least_until_it_does() -> None:
    first = forecast(ahead=[], serving=[], open_counters=0, plan=Plan(opens_in=[12.0, 12.0]))
    fifth = forecast(ahead=[COPY] * 4, serving=[], open_counters=0, plan=Plan(opens_in=[12.0, 12.0]))

    assert first == (12, 12, 1)
    assert fifth.p50_minutes > 12


def test_a_planned_pause_lengthens_the_wait_but_the_last_counter_goes_on() -> None:
    assert behind(pauses_in=[2.0]).p50_minutes > behind().p50_minutes
    assert behind(pauses_in=[2.0, 2.0, 2.0, 2.0]) == behind(pauses_in=[2.0])


@given(spread=st.floats(0.5, 3.0))
def test_the_spread_moves_the_second_figure_only(spread: float) -> None:
    plain, widened = behind(), behind(spread=spread)

    assert widened.p50_minutes == plain.p50_minutes
    assert widened.p80_minutes >= widened.p50_minutes
    assert (widened.p80_minutes - plain.p80_minutes) * (spread - 1.0) >= 0
