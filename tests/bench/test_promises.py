"""Citizens are promised only what the rounds keep; what noise breaks is counted."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.rounds.planning.checker import violations
from app.rounds.planning.generator import WINDOWS, province_day
from app.rounds.planning.problem import GUARD_SECONDS, INFLATION
from bench.promise_days import Reoptimising, book, live_through
from bench.promises import broken


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_what_was_promised_is_kept_as_told_and_as_planned(seed: int):
    day = province_day(40, 3, seed=seed).problem
    booked = book(day, seed=seed, reoptimising=Reoptimising(10, 60.0, 3.0, 0.05))
    assert broken(booked) == 0
    assert 0 < booked.served <= booked.asked == 40
    assert all((stop.opens, stop.closes) in WINDOWS for stop in booked.told.stops)


def test_the_planner_sees_longer_times_and_earlier_closing_windows():
    booked = book(province_day(40, 3, seed=1).problem, seed=1, reoptimising=None)
    for told, planned in zip(booked.told.stops, booked.planned.stops, strict=True):
        assert planned.closes == told.closes - GUARD_SECONDS
        assert planned.service == round(told.service * INFLATION)


def test_planning_again_meanwhile_lets_more_citizens_in():
    day = province_day(120, 5, seed=1).problem
    alone = book(day, seed=1, reoptimising=None)
    assert book(day, seed=1, reoptimising=Reoptimising(10, 60.0, 3.0, 0.3)).served > alone.served


def test_a_promise_taken_away_is_counted_as_broken():
    booked = book(province_day(40, 3, seed=1).problem, seed=1, reoptimising=None)
    first, *others = booked.rounds.rounds
    without = booked._replace(rounds=booked.rounds._replace(rounds=tuple(others)))
    assert broken(without) == 2 * len(first.stops)


def test_windows_that_close_as_they_open_are_late_more_often():
    booked = book(province_day(80, 4, seed=2).problem, seed=2, reoptimising=None)
    lived = live_through(booked, days=30, seed=1)
    assert lived.visits == 30 * booked.served
    narrow = tuple(stop._replace(closes=stop.opens) for stop in booked.told.stops)
    told = replace(booked.told, stops=narrow)
    assert violations(told, booked.rounds) != []
    assert live_through(booked._replace(told=told), days=30, seed=1).late_visits > lived.late_visits
