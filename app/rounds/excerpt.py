"""The part of a day that may still be rearranged, and a whole arrangement of it (pure).

Nobody has been told of its blocks and none has begun. What is published, started or bound to a courier
is not in it, so no search can touch it. Duties and visits keep their ids across versions; numbers do not.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from app.rounds.blocks import DutyState, Lock
from app.rounds.day import Day
from app.rounds.planning.checker import Violation, violations
from app.rounds.planning.insertion import LivePlan
from app.rounds.planning.problem import Duty, Plan, Problem, plan_of
from app.rounds.planning.solver import plan

# The visits of each duty, in their order.
Arrangement: TypeAlias = Mapping[uuid.UUID, tuple[uuid.UUID, ...]]


class Excerpt(NamedTuple):
    """A problem of its own, its rounds as they stand, and whose numbers are whose.

    Stops without a round are in it too, but not as promised: whether they can be kept is the question.
    """

    problem: Problem
    plan: Plan
    duties: tuple[uuid.UUID, ...]
    visits: tuple[uuid.UUID, ...]


def excerpt_of(day: Day) -> Excerpt:
    """What may be rearranged of a day, with a matrix of its own: it goes to another process."""
    free = [number for number in range(len(day.duties)) if _is_free(day, number)]
    adrift = set(day.adrift)
    numbers = [stop for duty in free for stop in day.rounds[duty]] + sorted(adrift)
    place_of = {stop: place for place, stop in enumerate(numbers)}

    depots = sorted({day.problem.duties[duty].depot for duty in free})
    points = depots + [day.problem.stops[number].point for number in numbers]
    travel = day.roads.matrix()[np.ix_(points, points)] if points else np.zeros((0, 0), dtype=np.int64)
    problem = Problem(
        tuple(
            day.problem.stops[number]._replace(point=len(depots) + place, promised=number not in adrift)
            for place, number in enumerate(numbers)
        ),
        tuple(_moved(day, duty, depots) for duty in free),
        travel,
    )
    rounds = [[place_of[stop] for stop in day.rounds[duty]] for duty in free]
    return Excerpt(
        problem,
        plan_of(problem, rounds),
        tuple(day.duties[duty].id for duty in free),
        tuple(day.stops[number].home_visit_id for number in numbers),
    )


def improved(excerpt: Excerpt, *, cpu_seconds: float, seed: int) -> Arrangement:
    """A shorter arrangement, searched for with this process's CPU: call it in a process of its own.

    Raises `PlanRefused` where the checker finds fault with what it begins or ends with.
    """
    found = plan(excerpt.problem, excerpt.plan, cpu_seconds=cpu_seconds, seed=seed)
    return arrangement_of(excerpt, found)


def arrangement_of(excerpt: Excerpt, found: Plan) -> Arrangement:
    """A plan of the excerpt by ids; a duty without a round is named too."""
    rounds: dict[uuid.UUID, tuple[uuid.UUID, ...]] = dict.fromkeys(excerpt.duties, ())
    for each in found.rounds:
        rounds[excerpt.duties[each.duty]] = tuple(excerpt.visits[stop] for stop in each.stops)
    return rounds


def plan_from(excerpt: Excerpt, found: Arrangement) -> Plan:
    """An arrangement in the excerpt's numbers, without what is no longer in it.

    It may have been made of an earlier version: rounds published and visits cancelled since fall out.
    """
    number_of = {visit: number for number, visit in enumerate(excerpt.visits)}
    rounds = [
        [number_of[visit] for visit in found.get(duty, ()) if visit in number_of] for duty in excerpt.duties
    ]
    return plan_of(excerpt.problem, rounds)


class Rearranged(NamedTuple):
    """A day with other rounds, and the duties (its numbers) in which something changed."""

    day: Day
    changed: list[int]


def rearranged(day: Day, found: Arrangement) -> Rearranged:
    """The day with the rounds of the duties named, all others as they were."""
    number_of = {stop.home_visit_id: number for number, stop in enumerate(day.stops)}
    rounds, stops = list(day.rounds), list(day.stops)
    for duty, row in enumerate(day.duties):
        if row.id in found:
            rounds[duty] = tuple(number_of[visit] for visit in found[row.id])
    changed = [duty for duty in range(len(rounds)) if rounds[duty] != day.rounds[duty]]
    for duty in changed:
        for seq, number in enumerate(rounds[duty], start=1):
            stops[number] = stops[number]._replace(
                duty_id=day.duties[duty].id, seq=seq, at_risk_since=None, at_risk_because=""
            )
    ahead = [stops_[count:] for stops_, count in zip(rounds, day.behind, strict=True)]
    other = replace(
        day,
        rounds=tuple(rounds),
        stops=tuple(stops),
        live=LivePlan(day.live_problem, plan_of(day.live_problem, ahead)),
    )
    return Rearranged(other, changed)


def new_faults(before: Day, after: Day) -> list[Violation]:
    """What the checker finds wrong with a day that it did not find before."""
    known = set(violations(before.problem, before.plan))
    return [each for each in violations(after.problem, after.plan) if each not in known]


def _is_free(day: Day, duty: int) -> bool:
    """Nobody was told of it, it has not begun, and no stop of it is bound to its courier."""
    return (
        day.duties[duty].state == DutyState.PLANNED
        and day.live_problem.duties[duty] == day.problem.duties[duty]
        and all(day.stops[number].lock == Lock.FREE for number in day.rounds[duty])
    )


def _moved(day: Day, duty: int, depots: list[int]) -> Duty:
    block = day.problem.duties[duty]
    return block._replace(depot=depots.index(block.depot))
