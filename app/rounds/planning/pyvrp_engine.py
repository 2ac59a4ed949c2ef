"""PyVRP as the engine behind `solver.plan`.

Each skill is a load of its own: a stop that asks it weighs 1, a courier without it carries 0. Couriers who
differ in nothing are one kind of vehicle, which makes the search faster. Settings are for short runs from
a live plan; the library's own are for long ones from nothing.
"""

import time
import warnings
from collections import defaultdict
from typing import Any, Final

from pyvrp import (
    Client,
    Depot,
    IteratedLocalSearchParams,
    Location,
    ProblemData,
    Route,
    Solution,
    SolveParams,
    VehicleType,
    solve,
)
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.search import NeighbourhoodParams

from app.rounds.planning.problem import Duty, Plan, Problem, Round, Stop, served

NEIGHBOURS: Final = 20
HISTORY: Final = 50
# About two long trips. Much less drops stops that fit, much more drives the penalties to their bound.
LEFT_OUT: Final = 20_000
PROMISED_LEFT_OUT: Final = 5 * LEFT_OUT


def search(problem: Problem, warm: Plan, cpu_seconds: float, seed: int) -> Plan:
    """The best plan found from the warm one, which must break no rule, within the CPU time given."""
    until = time.process_time() + cpu_seconds
    model = _Model(problem, warm)
    with warnings.catch_warnings():
        # A day so full that little fits is no mistake of the model: what it finds is checked in any case.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = solve(
            model.data,
            stop=lambda _: time.process_time() >= until,
            seed=seed,
            collect_stats=False,
            params=SolveParams(
                ils=IteratedLocalSearchParams(history_length=HISTORY),
                neighbourhood=NeighbourhoodParams(num_neighbours=NEIGHBOURS),
            ),
            initial_solution=model.solution_of(warm),
        )
    return model.plan_of(found.best, like=warm)


class _Model:
    """The problem in PyVRP's words, and the way back. Clients keep the numbers of the stops."""

    def __init__(self, problem: Problem, warm: Plan) -> None:
        self._problem = problem
        self._skills = sorted({skill for stop in problem.stops for skill in stop.skills})
        self._depots = sorted({duty.depot for duty in problem.duties})
        kinds: defaultdict[Duty, list[int]] = defaultdict(list)
        for number, duty in enumerate(problem.duties):
            kinds[duty._replace(courier="", skills=duty.skills & set(self._skills))].append(number)
        self._kinds = list(kinds.items())
        planned = served(warm)
        travel: Any = problem.travel  # its stubs call an array `ndarray[int]`
        self.data = ProblemData(
            locations=[Location(0, 0)] * len(problem.travel),
            clients=[self._client(stop, number in planned) for number, stop in enumerate(problem.stops)],
            depots=[Depot(point) for point in self._depots],
            vehicle_types=[self._vehicle(duty, len(numbers)) for duty, numbers in self._kinds],
            distance_matrices=[travel],
            duration_matrices=[travel],
        )

    def solution_of(self, given: Plan) -> Solution:
        kind_of = {number: kind for kind, (_, numbers) in enumerate(self._kinds) for number in numbers}
        return Solution(
            self.data, [Route(self.data, list(each.stops), kind_of[each.duty]) for each in given.rounds]
        )

    def plan_of(self, found: Solution, *, like: Plan) -> Plan:
        """Among couriers who differ in nothing, a route goes to the one who had most of its stops."""
        had = {each.duty: set(each.stops) for each in like.rounds}
        free = {kind: list(numbers) for kind, (_, numbers) in enumerate(self._kinds)}
        rounds: list[Round] = []
        for route in sorted(found.routes(), key=Route.num_clients, reverse=True):
            stops = tuple(each.idx for each in route if each.is_client())
            kept = {
                duty: len(had.get(duty, set()).intersection(stops)) for duty in free[route.vehicle_type()]
            }
            duty = max(kept, key=kept.__getitem__)
            free[route.vehicle_type()].remove(duty)
            rounds.append(
                Round(duty, self._depots[route.start_depot()], self._depots[route.end_depot()], stops)
            )
        return Plan(tuple(sorted(rounds)))

    def _client(self, stop: Stop, is_planned: bool) -> Client:  # noqa: FBT001
        """A stop that has its place may not lose it; any other is worth a detour."""
        return Client(
            location=stop.point,
            delivery=[stop.size, *(int(skill in stop.skills) for skill in self._skills)],
            service_duration=stop.service,
            tw_early=stop.opens,
            tw_late=stop.closes,
            required=stop.promised and is_planned,
            prize=PROMISED_LEFT_OUT if stop.promised else LEFT_OUT,
        )

    def _vehicle(self, duty: Duty, count: int) -> VehicleType:
        most = len(self._problem.stops)
        depot = self._depots.index(duty.depot)
        return VehicleType(
            num_available=count,
            capacity=[duty.capacity, *(most if skill in duty.skills else 0 for skill in self._skills)],
            start_depot=depot,
            end_depot=depot,
            tw_early=duty.starts,
            tw_late=duty.ends,
        )
