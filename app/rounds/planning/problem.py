"""What is to be planned, and what a plan is (pure).

Times are whole seconds of the day and travel is whole seconds between points, so that every engine adds the
same numbers. A literature instance uses the same types in tenths of its own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Seconds: TypeAlias = npt.NDArray[np.int64]

INFLATION: Final = 1.10
GUARD_SECONDS: Final = 15 * 60


class Stop(NamedTuple):
    """A door where a courier starts work no earlier than `opens` and no later than `closes`.

    `size` counts towards the bag from the first to the last stop of a round, whether it is collected or
    delivered: a round that fits so fits in any order. What is `promised` may not be left out.
    """

    point: int
    opens: int
    closes: int
    service: int
    skills: frozenset[str] = frozenset()
    size: int = 1
    promised: bool = True


class Duty(NamedTuple):
    """One block of a courier's shift: from the post office and back there before it ends (ca tuyến).

    A courier under way leaves from where they are: `under_way_at` is that point.
    """

    courier: str
    starts: int
    ends: int
    depot: int
    skills: frozenset[str] = frozenset()
    capacity: int = 30
    under_way_at: int | None = None

    @property
    def leaves_from(self) -> int:
        return self.depot if self.under_way_at is None else self.under_way_at


class Round(NamedTuple):
    """The stops of one duty in their order, by their numbers in the problem (tuyến)."""

    duty: int
    leaves_from: int
    returns_to: int
    stops: tuple[int, ...]


class Plan(NamedTuple):
    """The rounds of one province and day. A duty without a round stays at its post office."""

    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Problem:
    """Stops and duties over the same points; `travel[a, b]` is the time from point a to point b."""

    stops: tuple[Stop, ...]
    duties: tuple[Duty, ...]
    travel: Seconds

    def __post_init__(self) -> None:
        points = len(self.travel)
        assert self.travel.shape == (points, points), "travel is a square matrix"
        assert all(0 <= stop.point < points for stop in self.stops), "every stop is a point of the matrix"
        assert all(0 <= duty.depot < points for duty in self.duties), "every depot is a point of the matrix"


EMPTY: Final = Plan(())


def with_margins(problem: Problem, *, inflation: float = INFLATION, guard: int = GUARD_SECONDS) -> Problem:
    """The same day with longer times and earlier closing windows: a late hour then breaks no promise.

    A window shorter than the guard keeps the moment it opens.
    """
    stops = tuple(
        stop._replace(service=round(stop.service * inflation), closes=max(stop.opens, stop.closes - guard))
        for stop in problem.stops
    )
    return replace(problem, stops=stops, travel=np.rint(problem.travel * inflation).astype(np.int64))


def plan_of(problem: Problem, stops_by_duty: Sequence[Sequence[int]]) -> Plan:
    """A plan from the stops of each duty, in the order of the duties."""
    return Plan(
        tuple(
            Round(duty, problem.duties[duty].leaves_from, problem.duties[duty].depot, tuple(stops))
            for duty, stops in enumerate(stops_by_duty)
            if stops
        )
    )


def served(plan: Plan) -> set[int]:
    return {stop for each in plan.rounds for stop in each.stops}


def travel_of(problem: Problem, plan: Plan) -> int:
    """The time on the road of all rounds together."""
    total = 0
    for each in plan.rounds:
        points = [each.leaves_from, *(problem.stops[stop].point for stop in each.stops), each.returns_to]
        total += int(problem.travel[points[:-1], points[1:]].sum())
    return total
