"""Instances of the literature in Solomon's format: customers on a plane, one depot, equal vehicles (pure).

Distances follow the DIMACS convention: Euclidean, truncated to one decimal. Everything is counted in
tenths, so that a distance is a whole number and costs as much as it takes.
"""

from typing import Final, NamedTuple

import numpy as np

from app.rounds.planning.problem import Duty, Plan, Problem, Stop, travel_of

TENTHS: Final = 10
COLUMNS: Final = 7


class NotSolomon(ValueError):
    """The text is not an instance in Solomon's format."""


class Instance(NamedTuple):
    """A name and its problem. Stop n of the problem is customer n + 1 of the text."""

    name: str
    problem: Problem


def read(text: str) -> Instance:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    fleet = _numbers_after(lines, "NUMBER")
    customers = _numbers_after(lines, "CUST")
    if len(fleet) != 1 or len(fleet[0]) != 2 or not customers:
        raise NotSolomon("a name, NUMBER CAPACITY and CUST NO. are expected, each with its numbers")
    if any(len(row) != COLUMNS for row in customers):
        raise NotSolomon("a customer has 7 numbers, from CUST NO. to SERVICE TIME")
    if [row[0] for row in customers] != list(range(len(customers))):
        raise NotSolomon("customers are numbered from 0, the depot, without a gap")

    vehicles, capacity = int(fleet[0][0]), int(fleet[0][1])
    table = np.array(customers)
    across = np.hypot(table[:, None, 1] - table[None, :, 1], table[:, None, 2] - table[None, :, 2])
    times = np.rint(table[:, 4:] * TENTHS).astype(np.int64).tolist()
    stops = tuple(
        Stop(point, opens, closes, service, size=int(customers[point][3]))
        for point, (opens, closes, service) in enumerate(times)
        if point
    )
    opens, closes, _ = times[0]
    duties = tuple(
        Duty(str(vehicle), opens, closes, depot=0, capacity=capacity) for vehicle in range(vehicles)
    )
    # A hair more, so that what is a whole number of tenths is not cut for its last bit.
    travel = np.floor(across * TENTHS + 1e-9).astype(np.int64)
    return Instance(lines[0][0], Problem(stops, duties, travel))


def cost(problem: Problem, plan: Plan) -> float:
    """The total distance in the instance's own unit."""
    return travel_of(problem, plan) / TENTHS


def routes(plan: Plan) -> list[list[int]]:
    """The customers of each vehicle by their numbers in the text."""
    return [[stop + 1 for stop in each.stops] for each in plan.rounds]


def _numbers_after(lines: list[list[str]], heading: str) -> list[list[float]]:
    """The rows of numbers that follow a heading, up to the first that is none."""
    found: list[list[float]] = []
    starts = [index for index, words in enumerate(lines) if words[0].upper() == heading]
    for words in lines[starts[0] + 1 :] if starts else []:
        try:
            found.append([float(word) for word in words])
        except ValueError:
            break
    return found
