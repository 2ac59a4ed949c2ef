"""What the insertion engine accepts, the checker accepts; what it refuses, nobody could have placed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rounds.planning.checker import violations
from app.rounds.planning.insertion import LivePlan, Window, in_booking_order
from app.rounds.planning.problem import EMPTY, Duty, Problem, Stop, plan_of, served, travel_of
from tests.rounds.planning.strategies import cheapest_by_hand, faults, on_shortest_ways, problems


def rounds_of(problem: Problem, live: LivePlan) -> list[list[int]]:
    rounds: list[list[int]] = [[] for _ in problem.duties]
    for each in live.plan.rounds:
        rounds[each.duty] = list(each.stops)
    return rounds


@settings(max_examples=150, deadline=None)
@given(problems())
def test_an_insertion_is_accepted_by_the_checker_and_as_cheap_as_the_best_by_hand(problem: Problem):
    live = LivePlan(problem, EMPTY)
    for number in range(len(problem.stops)):
        before = rounds_of(problem, live)
        place = live.best(number)
        by_hand = cheapest_by_hand(problem, before, number)
        assert (place and place.extra) == by_hand
        if place is not None:
            travelled = travel_of(problem, live.plan)
            live.insert(number, place)
            assert travel_of(problem, live.plan) == travelled + place.extra
            assert faults(problem, rounds_of(problem, live)) == []


@settings(max_examples=100, deadline=None)
@given(problems().map(on_shortest_ways), st.data())
def test_any_sequence_of_changes_leaves_what_a_fresh_engine_would_say(
    problem: Problem, data: st.DataObject
):
    live = LivePlan(problem, EMPTY)
    for _ in range(data.draw(st.integers(1, 12))):
        number = data.draw(st.integers(0, len(problem.stops) - 1))
        if number in served(live.plan):
            live.remove(number)
        else:
            live.add_by_moving_one(number)
        fresh = LivePlan(problem, live.plan)
        assert faults(problem, rounds_of(problem, live)) == []
        assert live.missing() == fresh.missing()
        assert [live.best(each) for each in live.missing()] == [fresh.best(each) for each in live.missing()]


@settings(max_examples=100, deadline=None)
@given(problems())
def test_repair_keeps_what_is_planned_and_leaves_out_only_what_fits_nowhere(problem: Problem):
    begun = in_booking_order(problem, range(0, len(problem.stops), 2))
    live = LivePlan(problem, begun)
    left = live.repair()
    assert served(begun) <= served(live.plan)
    assert left == live.missing() and not any(live.best(number) for number in left)
    assert {each.stop for each in violations(problem, live.plan)} == {
        number for number in left if problem.stops[number].promised
    }


@settings(max_examples=100, deadline=None)
@given(problems(), st.lists(st.tuples(st.integers(0, 150), st.integers(0, 50)), min_size=1, max_size=4))
def test_a_quote_says_of_each_window_what_asking_for_it_alone_says(
    problem: Problem, asked: list[tuple[int, int]]
):
    """The door of the last stop, quoted as an address the plan does not know."""
    live = LivePlan(problem, in_booking_order(problem, range(len(problem.stops) - 1)))
    stop, before = problem.stops[-1], live.plan
    windows = [Window(opens, opens + width) for opens, width in asked]
    offers = live.quote(stop, windows, problem.travel[:, stop.point], problem.travel[stop.point])
    assert live.plan == before
    for window, offer in zip(windows, offers, strict=True):
        stops = (*problem.stops[:-1], stop._replace(opens=window.opens, closes=window.closes))
        narrowed = Problem(stops, problem.duties, problem.travel)
        by_hand = cheapest_by_hand(narrowed, rounds_of(problem, live), len(stops) - 1)
        assert (offer and offer.extra) == by_hand


def test_one_stop_moves_to_another_courier_so_that_a_second_fits():
    """Only An may do land; the first stop was given to An although Binh could have gone."""
    travel = 10 * (1 - np.eye(3, dtype=np.int64))
    land = frozenset({"land"})
    problem = Problem(
        (Stop(1, 0, 20, 30), Stop(2, 0, 20, 30, land)),
        (Duty("an", 0, 60, 0, land), Duty("binh", 0, 60, 0)),
        travel,
    )
    live = LivePlan(problem, plan_of(problem, [[0], []]))
    assert live.best(1) is None
    assert live.repair() == []
    assert live.plan == plan_of(problem, [[1], [0]])


def test_a_day_without_couriers_offers_nothing():
    problem = Problem((Stop(0, 0, 10, 5),), (), np.zeros((1, 1), dtype=np.int64))
    live = LivePlan(problem, EMPTY)
    assert live.best(0) is None and live.repair() == [0]
