"""Small problems of every shape, and what a person would try by hand."""

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
from hypothesis import strategies as st

from app.rounds.planning.checker import violations
from app.rounds.planning.problem import Duty, Problem, Stop, plan_of

SKILLS = ("land", "justice")


@st.composite
def problems(draw: st.DrawFn, *, most_stops: int = 7, most_duties: int = 3) -> Problem:
    """Travel is any matrix: the way back may differ, and a detour may be shorter than the straight way."""
    stops = draw(st.integers(1, most_stops))
    depots = draw(st.integers(1, 2))
    points = depots + stops
    travel = np.array(
        draw(
            st.lists(
                st.lists(st.integers(0, 30), min_size=points, max_size=points),
                min_size=points,
                max_size=points,
            )
        ),
        dtype=np.int64,
    )
    np.fill_diagonal(travel, 0)
    skills = st.frozensets(st.sampled_from(SKILLS))

    def stop(point: int) -> Stop:
        opens = draw(st.integers(0, 120))
        return Stop(
            point=point,
            opens=opens,
            closes=opens + draw(st.integers(0, 60)),
            service=draw(st.integers(0, 20)),
            skills=draw(skills),
            size=draw(st.integers(0, 2)),
            promised=draw(st.booleans()),
        )

    def duty(number: int) -> Duty:
        starts = draw(st.integers(0, 60))
        return Duty(
            courier=str(number),
            starts=starts,
            ends=starts + draw(st.integers(40, 160)),
            depot=draw(st.integers(0, depots - 1)),
            skills=draw(skills),
            capacity=draw(st.integers(0, 5)),
        )

    return Problem(
        tuple(stop(depots + number) for number in range(stops)),
        tuple(duty(number) for number in range(draw(st.integers(1, most_duties)))),
        travel,
    )


def on_shortest_ways(problem: Problem) -> Problem:
    """The same where nobody drives longer than by way of another door, as on roads. Only then does a stop
    that is taken out make nobody late: the straight way is no longer than the detour was.
    """
    travel = problem.travel.copy()
    for by in range(len(travel)):
        travel = np.minimum(travel, travel[:, by, None] + travel[None, by, :])
    return replace(problem, travel=travel)


def faults(problem: Problem, rounds: list[list[int]]) -> list[str]:
    """What the checker finds, left-out stops aside."""
    found = violations(problem, plan_of(problem, rounds))
    return [str(each.fault) for each in found if each.fault != "unserved"]


def cheapest_by_hand(problem: Problem, rounds: list[list[int]], number: int) -> int | None:
    """The least extra travel over every place, each tried in full."""

    def travel(duty: int, stops: list[int]) -> int:
        depot = problem.duties[duty].depot
        points = [depot, *(problem.stops[stop].point for stop in stops), depot]
        return sum(int(problem.travel[a, b]) for a, b in pairwise(points))

    costs = []
    for duty, stops in enumerate(rounds):
        for at in range(len(stops) + 1):
            longer = [*stops[:at], number, *stops[at:]]
            if not faults(problem, [*rounds[:duty], longer, *rounds[duty + 1 :]]):
                costs.append(travel(duty, longer) - travel(duty, stops))
    return min(costs, default=None)


def shortest_by_hand(problem: Problem) -> int | None:
    """The least travel of one courier who visits every stop, over every order."""
    costs = []
    for order in permutations(range(len(problem.stops))):
        if not violations(problem, plan_of(problem, [list(order)])):
            points = [problem.duties[0].depot, *(problem.stops[stop].point for stop in order)]
            costs.append(
                sum(
                    int(problem.travel[a, b]) for a, b in zip(points, [*points[1:], points[0]], strict=True)
                )
            )
    return min(costs, default=None)
