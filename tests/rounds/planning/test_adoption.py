"""A plan from the background against a day that went on: every promise is kept, or nothing changes."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.rounds.planning.adoption import adopted
from app.rounds.planning.checker import Fault, violations
from app.rounds.planning.generator import province_day
from app.rounds.planning.insertion import LivePlan, in_booking_order
from app.rounds.planning.problem import EMPTY, Plan, Problem, served, travel_of
from app.rounds.planning.solver import plan
from tests.rounds.planning.strategies import problems

DAY = province_day(60, 14, seed=3).problem


def first(problem: Problem, count: int) -> Problem:
    """The day when this many were booked."""
    return replace(problem, stops=problem.stops[:count])


def test_what_was_promised_meanwhile_is_in_the_shorter_day():
    planned = plan(first(DAY, 50), cpu_seconds=0.4)
    live = in_booking_order(DAY)
    found = adopted(DAY, live, planned)
    assert found is not None
    assert violations(DAY, found) == []
    assert travel_of(DAY, found) < travel_of(DAY, live)


def test_a_plan_that_is_no_shorter_changes_nothing():
    live = plan(DAY, cpu_seconds=0.3)
    assert adopted(DAY, live, live) is None
    assert adopted(DAY, live, in_booking_order(DAY)) is None


def test_a_plan_in_breach_changes_nothing():
    live = in_booking_order(DAY)
    backwards = Plan(tuple(each._replace(stops=each.stops[::-1]) for each in live.rounds))
    assert Fault.WINDOW in {each.fault for each in violations(DAY, backwards)}
    assert adopted(DAY, live, backwards) is None


@settings(max_examples=60, deadline=None)
@given(problems(most_stops=8), st.data())
def test_whoever_has_a_place_keeps_one_whatever_happens_meanwhile(problem: Problem, data: st.DataObject):
    """Somebody books and somebody cancels while another order of the same stops is planned."""
    problem = replace(problem, stops=tuple(stop._replace(promised=False) for stop in problem.stops))
    known = data.draw(st.integers(1, len(problem.stops)))
    order = data.draw(st.permutations(range(known)))
    planned = in_booking_order(first(problem, known), order)
    before = in_booking_order(problem)
    cancelled = frozenset(data.draw(st.sets(st.sampled_from(range(len(problem.stops))), max_size=2)))
    going_on = LivePlan(problem, before)
    for number in cancelled & served(before):
        going_on.remove(number)
    live = going_on.plan

    found = adopted(problem, live, planned, cancelled=cancelled)
    event("adopted" if found else "kept")
    if found is not None:
        assert violations(problem, found) == []
        assert served(live) <= served(found)
        assert not served(found) & cancelled
        assert len(served(found)) > len(served(live)) or travel_of(problem, found) < travel_of(
            problem, live
        )


def test_a_promise_given_up_is_no_longer_owed():
    live = in_booking_order(DAY)
    found = adopted(DAY, live, plan(DAY, cpu_seconds=0.3), cancelled=frozenset({7}))
    assert found is not None
    assert served(found) == served(live) - {7}


def test_from_nothing_everything_is_better():
    wishes = replace(DAY, stops=tuple(stop._replace(promised=False) for stop in DAY.stops))
    assert adopted(wishes, EMPTY, in_booking_order(wishes)) == in_booking_order(wishes)
