"""The checker finds each fault, names it, and accepts a plan without one."""

from dataclasses import replace

import numpy as np
import pytest

from app.rounds.planning.checker import Fault, Violation, violations
from app.rounds.planning.problem import Duty, Plan, Problem, Round, Stop

# Two post offices and two doors, ten apart each.
TRAVEL = 10 * (1 - np.eye(4, dtype=np.int64))
PROBLEM = Problem(
    (
        Stop(2, opens=20, closes=30, service=5, skills=frozenset({"land"})),
        Stop(3, opens=0, closes=45, service=5),
    ),
    (Duty("an", 0, 60, depot=0, skills=frozenset({"land"}), capacity=2), Duty("binh", 0, 60, depot=1)),
    TRAVEL,
)
GOOD = Plan((Round(0, 0, 0, (0, 1)),))


def changed(stop: int, **facts: object) -> Problem:
    stops = list(PROBLEM.stops)
    stops[stop] = stops[stop]._replace(**facts)
    return replace(PROBLEM, stops=tuple(stops))


def test_a_plan_that_keeps_every_rule_is_accepted():
    assert violations(PROBLEM, GOOD) == []


def test_the_last_moment_of_a_window_and_of_a_block_is_in_time():
    # Waits until 20, leaves at 25, arrives at 35, leaves at 40, is back at 50.
    duties = (PROBLEM.duties[0]._replace(ends=50), PROBLEM.duties[1])
    assert violations(replace(changed(1, closes=35), duties=duties), GOOD) == []


@pytest.mark.parametrize(
    ("problem", "plan", "expected"),
    [
        (changed(1, closes=34), GOOD, Violation(Fault.WINDOW, 0, 1)),
        (changed(1, service=16), GOOD, Violation(Fault.BLOCK, 0)),
        (changed(1, size=2), GOOD, Violation(Fault.CAPACITY, 0)),
        (changed(1, skills=frozenset({"justice"})), GOOD, Violation(Fault.SKILL, 0, 1)),
        (PROBLEM, Plan((Round(0, 0, 0, (0,)),)), Violation(Fault.UNSERVED, stop=1)),
        (
            PROBLEM,
            Plan((Round(0, 0, 0, (0, 1)), Round(1, 1, 1, (1,)))),
            Violation(Fault.TWICE, stop=1),
        ),
        (PROBLEM, Plan((Round(0, 1, 0, (0, 1)),)), Violation(Fault.DEPOT, 0)),
        (PROBLEM, Plan((Round(0, 0, 1, (0, 1)),)), Violation(Fault.DEPOT, 0)),
        (PROBLEM, Plan((Round(0, 0, 0, (0,)), Round(0, 0, 0, (1,)))), Violation(Fault.DUTY_TWICE, 0)),
        (PROBLEM, Plan((*GOOD.rounds, Round(2, 0, 0, ()))), Violation(Fault.UNKNOWN, 2)),
        (PROBLEM, Plan((*GOOD.rounds, Round(1, 1, 1, (7,)))), Violation(Fault.UNKNOWN, 1, 7)),
    ],
)
def test_each_fault_is_found_and_nothing_else(problem: Problem, plan: Plan, expected: Violation):
    assert violations(problem, plan) == [expected]


def test_every_fault_is_listed_not_only_the_first():
    problem = replace(changed(1, closes=34, skills=frozenset({"justice"})), travel=TRAVEL)
    assert {each.fault for each in violations(problem, GOOD)} == {Fault.WINDOW, Fault.SKILL}


def test_what_was_not_promised_may_be_left_out():
    assert violations(changed(1, promised=False), Plan((Round(0, 0, 0, (0,)),))) == []
