"""A whole day made shorter in the background, behind one interface (pure but for the CPU clock).

`plan` is the port: whatever engine stands behind it, the result serves every stop that fits by insertion,
and the checker has accepted it. An engine's own word counts for nothing.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from app.rounds.planning import pyvrp_engine
from app.rounds.planning.checker import Fault, Violation, violations
from app.rounds.planning.insertion import MOVES_TRIED, LivePlan
from app.rounds.planning.problem import EMPTY, Plan, Problem, served, travel_of

Engine: TypeAlias = Callable[[Problem, Plan, float, int], Plan]


class PlanRefused(Exception):
    """The checker found fault with the plan; the live one stays."""

    def __init__(self, found: Sequence[Violation]) -> None:
        super().__init__(f"{len(found)} violations, the first: {found[0]}")
        self.violations = list(found)


def plan(
    problem: Problem,
    warm: Plan = EMPTY,
    *,
    cpu_seconds: float,
    seed: int = 0,
    engine: Engine = pyvrp_engine.search,
) -> Plan:
    """A plan no worse than the warm one after repair, for `cpu_seconds` of this process's CPU.

    Raises PlanRefused where the warm plan or the result breaks a rule: also when a promised stop fits
    nowhere, which a person must decide. It takes the CPU it is given, however small the problem, and
    occupies its thread: run it in a process of its own.
    """
    _refuse_faults(problem, warm, missing_too=False)
    until = time.process_time() + cpu_seconds
    start = _repaired(problem, warm, moves_tried=0)
    # Without anybody to drive there is nothing to search, and an engine would not even begin.
    if not problem.stops or not problem.duties:
        return start
    found = engine(problem, start, max(until - time.process_time(), 0), seed)
    _refuse_faults(problem, found, missing_too=False)
    repaired = _repaired(problem, found, moves_tried=MOVES_TRIED)
    best = min((start, repaired), key=lambda each: _badness(problem, each))
    _refuse_faults(problem, best, missing_too=True)
    return best


def _repaired(problem: Problem, given: Plan, *, moves_tried: int) -> Plan:
    """With everything inserted that fits: engines leave stops out that do."""
    live = LivePlan(problem, given)
    live.repair(moves_tried=moves_tried)
    return live.plan


def _badness(problem: Problem, given: Plan) -> tuple[int, int, int]:
    """Promised stops left out, then others, then time on the road."""
    left = set(range(len(problem.stops))) - served(given)
    return sum(problem.stops[stop].promised for stop in left), len(left), travel_of(problem, given)


def _refuse_faults(problem: Problem, given: Plan, *, missing_too: bool) -> None:
    found = [each for each in violations(problem, given) if missing_too or each.fault is not Fault.UNSERVED]
    if found:
        raise PlanRefused(found)
