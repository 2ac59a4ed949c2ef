"""Whether a plan keeps every rule, and where it does not (pure).

Written from the rules alone, slowly and plainly, and sharing nothing with the engines but the values they
are given: what it accepts may be stored and told to citizens.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from app.rounds.planning.problem import Plan, Problem, Round


class Fault(StrEnum):
    """What a plan can do wrong."""

    WINDOW = "window"  # work at a door starts after the window has closed
    SKILL = "skill"  # the courier may not do what the stop asks
    CAPACITY = "capacity"  # the bag is too small
    BLOCK = "block"  # back at the post office after the block has ended
    UNSERVED = "unserved"  # a promised stop is in no round
    TWICE = "twice"  # a stop is in the plan more than once
    DEPOT = "depot"  # leaves from or returns to another post office
    DUTY_TWICE = "duty_twice"  # two rounds for the same block of the same courier
    UNKNOWN = "unknown"  # a duty or a stop that the problem does not have


class Violation(NamedTuple):
    """One fault, with the duty and the stop it concerns where there is one."""

    fault: Fault
    duty: int | None = None
    stop: int | None = None


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """Everything wrong with the plan; an empty list is acceptance."""
    found: list[Violation] = []
    for each in plan.rounds:
        found += _of_round(problem, each)
    for duty, rounds in Counter(each.duty for each in plan.rounds).items():
        if rounds > 1:
            found.append(Violation(Fault.DUTY_TWICE, duty))
    visits = Counter(stop for each in plan.rounds for stop in each.stops)
    for number, stop in enumerate(problem.stops):
        if visits[number] > 1:
            found.append(Violation(Fault.TWICE, stop=number))
        if stop.promised and not visits[number]:
            found.append(Violation(Fault.UNSERVED, stop=number))
    return found


def _of_round(problem: Problem, each: Round) -> Iterator[Violation]:
    if not 0 <= each.duty < len(problem.duties):
        yield Violation(Fault.UNKNOWN, each.duty)
        return
    strangers = [stop for stop in each.stops if not 0 <= stop < len(problem.stops)]
    yield from (Violation(Fault.UNKNOWN, each.duty, stop) for stop in strangers)
    if strangers:
        return

    duty = problem.duties[each.duty]
    stops = [problem.stops[number] for number in each.stops]
    if each.leaves_from != duty.leaves_from or each.returns_to != duty.depot:
        yield Violation(Fault.DEPOT, each.duty)
    for number, stop in zip(each.stops, stops, strict=True):
        if not stop.skills <= duty.skills:
            yield Violation(Fault.SKILL, each.duty, number)
    if sum(stop.size for stop in stops) > duty.capacity:
        yield Violation(Fault.CAPACITY, each.duty)
    yield from _late(problem, each)


def _late(problem: Problem, each: Round) -> Iterator[Violation]:
    """Drive the round: as early as possible, waiting where a window has not opened."""
    duty = problem.duties[each.duty]
    time, place = duty.starts, each.leaves_from
    for number in each.stops:
        stop = problem.stops[number]
        time += int(problem.travel[place, stop.point])
        time = max(time, stop.opens)
        if time > stop.closes:
            yield Violation(Fault.WINDOW, each.duty, number)
        time += stop.service
        place = stop.point
    if each.stops and time + int(problem.travel[place, each.returns_to]) > duty.ends:
        yield Violation(Fault.BLOCK, each.duty)
