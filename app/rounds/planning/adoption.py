"""Whether a plan made in the background may replace the live one, which went on meanwhile (pure)."""

from app.rounds.planning.checker import Fault, violations
from app.rounds.planning.insertion import LivePlan
from app.rounds.planning.problem import Plan, Problem, served, travel_of


def adopted(
    problem: Problem, live: Plan, planned: Plan, *, cancelled: frozenset[int] = frozenset()
) -> Plan | None:
    """The planned rounds with what changed since they were asked for, or None: then the live plan stays.

    `problem` is the day as it is now: stops promised meanwhile were added at its end, so the numbers of the
    others still hold. They are inserted, and those cancelled taken out. Adopted is only what breaks no
    rule, keeps every stop of the live plan, and serves more or drives less.
    """
    live = _without(live, cancelled)
    kept = served(live)
    merged = LivePlan(problem, _without(planned, cancelled))
    for number in sorted(set(merged.missing()) - cancelled, key=lambda each: (each not in kept, each)):
        merged.add_by_moving_one(number)
    found = merged.plan

    wrong = [each for each in violations(problem, found) if each.fault is not Fault.UNSERVED]
    if wrong or not kept <= served(found):
        return None
    better = (-len(served(found)), travel_of(problem, found)) < (-len(kept), travel_of(problem, live))
    return found if better else None


def _without(plan: Plan, cancelled: frozenset[int]) -> Plan:
    """Fewer stops are never later where a detour is no short cut; the checker judges it in any case."""
    return Plan(
        tuple(
            each._replace(stops=tuple(stop for stop in each.stops if stop not in cancelled))
            for each in plan.rounds
        )
    )
