"""The port: never worse than the plan it started from, and nothing the checker would refuse."""

import time
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings

from app.rounds.planning import pyvrp_engine, travel
from app.rounds.planning.checker import Fault, violations
from app.rounds.planning.generator import province_day
from app.rounds.planning.insertion import in_booking_order
from app.rounds.planning.problem import (
    Duty,
    Plan,
    Problem,
    Stop,
    plan_of,
    served,
    travel_of,
    with_margins,
)
from app.rounds.planning.solver import PlanRefused, plan
from tests.rounds.planning.strategies import problems, shortest_by_hand

DAY = province_day(60, 14, seed=3).problem


def test_a_day_gets_shorter_serves_everybody_and_keeps_every_rule():
    warm = in_booking_order(DAY)
    found = plan(DAY, warm, cpu_seconds=0.4)
    assert violations(DAY, found) == []
    assert travel_of(DAY, found) < 0.9 * travel_of(DAY, warm)


def test_a_plan_with_margins_is_a_plan_without():
    found = plan(with_margins(DAY), cpu_seconds=0.2)
    assert violations(DAY, found) == []


def test_the_budget_is_cpu_time():
    began = time.process_time()
    plan(DAY, cpu_seconds=0.2)
    assert time.process_time() - began >= 0.2


def test_equal_couriers_keep_their_stops():
    """Nothing can be shorter, so nobody is sent elsewhere than the day before."""
    duties = tuple(Duty(name, 0, 40_000, depot=0) for name in ("an", "binh", "chi"))
    stops = tuple(Stop(point, 0, 40_000, 60) for point in (1, 2))
    problem = Problem(stops, duties, np.array([[0, 60, 60], [60, 0, 900], [60, 900, 0]]))
    for mine, yours in permutations(range(3), 2):
        rounds: list[list[int]] = [[], [], []]
        rounds[mine], rounds[yours] = [0], [1]
        warm = plan_of(problem, rounds)
        assert pyvrp_engine.search(problem, warm, 0.02, 0) == warm


def test_what_an_engine_leaves_out_is_inserted():
    def forgets(problem: Problem, warm: Plan, cpu_seconds: float, seed: int) -> Plan:
        return Plan(warm.rounds[1:])

    assert served(plan(DAY, cpu_seconds=0, engine=forgets)) == set(range(60))


def test_a_worse_answer_is_not_taken():
    warm = plan(DAY, cpu_seconds=0.3)

    def starts_over(problem: Problem, warm: Plan, cpu_seconds: float, seed: int) -> Plan:
        return in_booking_order(problem)

    assert plan(DAY, warm, cpu_seconds=0, engine=starts_over) == warm


def test_an_answer_in_breach_is_refused_with_its_reasons():
    def reverses(problem: Problem, warm: Plan, cpu_seconds: float, seed: int) -> Plan:
        return Plan(tuple(each._replace(stops=each.stops[::-1]) for each in warm.rounds))

    with pytest.raises(PlanRefused) as refused:
        plan(DAY, cpu_seconds=0, engine=reverses)
    assert Fault.WINDOW in {each.fault for each in refused.value.violations}


def test_a_live_plan_in_breach_is_refused_before_anything_is_searched():
    with pytest.raises(PlanRefused) as refused:
        plan(DAY, plan_of(DAY, [[0, 0]]), cpu_seconds=60)
    assert Fault.TWICE in {each.fault for each in refused.value.violations}


def test_a_promise_that_nobody_can_keep_is_a_refusal_and_a_wish_is_not():
    nobody = DAY.stops[0]._replace(skills=frozenset({"nobody has it"}))
    with pytest.raises(PlanRefused) as refused:
        plan(replace(DAY, stops=(nobody, *DAY.stops[1:])), cpu_seconds=0.1)
    assert refused.value.violations == [(Fault.UNSERVED, None, 0)]

    wished = replace(DAY, stops=(nobody._replace(promised=False), *DAY.stops[1:]))
    assert served(plan(wished, cpu_seconds=0.1)) == set(range(1, len(DAY.stops)))


@settings(max_examples=25, deadline=None)
@given(problems(most_stops=5))
def test_whatever_the_day_the_plan_is_accepted_and_serves_what_insertion_served(problem: Problem):
    """Promised stops become wishes, so that there is always a plan."""
    wishes = replace(problem, stops=tuple(stop._replace(promised=False) for stop in problem.stops))
    warm = in_booking_order(wishes)
    found = plan(wishes, warm, cpu_seconds=0.02)
    assert violations(wishes, found) == []
    assert len(served(found)) >= len(served(warm))


def test_one_round_is_as_short_as_the_best_order_by_hand():
    duty = Duty("an", 0, 40_000, depot=0)
    stops = tuple(Stop(point, 0, 40_000, 60) for point in range(1, 7))
    lats, lons = province_day(7, 2, seed=5)[1:]
    problem = Problem(stops, (duty,), travel.matrix(lats[:7], lons[:7]))
    assert travel_of(problem, plan(problem, cpu_seconds=0.1)) == shortest_by_hand(problem)
