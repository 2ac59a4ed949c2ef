"""Whether one more stop fits into the rounds as they stand, and where it costs least (pure).

Every place in every round is a row of a few arrays: when its courier is free before it (`free_at`), and the
latest moment work at what follows may start without breaking anything behind it (`latest`, the forward
slack). So one place is judged in a constant number of additions, and all places of a province at once.
A change recomputes the arrays of its own round only.
"""

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from heapq import nsmallest
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.rounds.planning.problem import Plan, Problem, Seconds, Stop, plan_of

NEVER: Final = np.iinfo(np.int64).max
MOVES_TRIED: Final = 40

Flags: TypeAlias = npt.NDArray[np.bool_]


class Window(NamedTuple):
    """When work at a door may start."""

    opens: int
    closes: int


class Place(NamedTuple):
    """Between which stops of a duty a stop would go, and how much longer the road gets."""

    duty: int
    at: int
    extra: int


class LivePlan:
    """A plan that can be asked and changed. It is never in breach: what does not fit is not inserted.

    A plan to begin with is taken as it stands; let `checker.violations` accept it first.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._problem = problem
        self._rounds: list[list[int]] = [[] for _ in problem.duties]
        for each in plan.rounds:
            self._rounds[each.duty] = list(each.stops)
        self._duty_of = {stop: each.duty for each in plan.rounds for stop in each.stops}
        self._holders = {
            skill: np.array([skill in duty.skills for duty in problem.duties], dtype=bool)
            for skill in frozenset[str]().union(*(duty.skills for duty in problem.duties))
        }
        self._nobody: Flags = np.zeros(len(problem.duties), dtype=bool)
        self._room = np.array([duty.capacity for duty in problem.duties], dtype=np.int64)
        for stop, duty in self._duty_of.items():
            self._room[duty] -= problem.stops[stop].size

        self._widths = np.array([len(stops) + 1 for stops in self._rounds], dtype=np.int64)
        self._rows = _joined([self._rows_of(duty) for duty in range(len(self._rounds))])

    @property
    def plan(self) -> Plan:
        return plan_of(self._problem, self._rounds)

    def forked(self, problem: Problem) -> "LivePlan":
        """A copy to try something on; `problem` may have more stops at its end, and more points."""
        other = copy(self)  # rows and holders are replaced when they change, never written to
        vars(other).update(
            _problem=problem,
            _rounds=[list(stops) for stops in self._rounds],
            _duty_of=dict(self._duty_of),
            _room=self._room.copy(),
            _widths=self._widths.copy(),
        )
        return other

    def stops_of(self, duty: int) -> tuple[int, ...]:
        """The stops of one duty in their order."""
        return tuple(self._rounds[duty])

    def room_of(self, duty: int) -> int:
        """How much more the bag of a duty takes."""
        return int(self._room[duty])

    def missing(self) -> list[int]:
        """The stops in no round, in the order of the problem."""
        return [stop for stop in range(len(self._problem.stops)) if stop not in self._duty_of]

    def quote(
        self, stop: Stop, windows: Sequence[Window], there: Seconds, back: Seconds
    ) -> list[Place | None]:
        """For each window the cheapest place that keeps every promise made, or None.

        `there` is the time from every point to the door, `back` from the door to every point: the address
        need not be a point of the problem. Nothing is held by a quote.
        """
        able = self._able(stop)
        owner, before, after, free_at, latest, leg = self._rows
        out = back[after]
        arrives = free_at + there[before]
        extra = there[before] + out - leg
        last_start = latest - out - stop.service
        last_start[~able[owner]] = -NEVER
        return [self._cheapest(window, arrives, last_start, extra) for window in windows]

    def best(self, number: int) -> Place | None:
        """The cheapest place for a stop of the problem in its own window."""
        stop = self._problem.stops[number]
        travel = self._problem.travel
        window = Window(stop.opens, stop.closes)
        return self.quote(stop, [window], travel[:, stop.point], travel[stop.point])[0]

    def insert(self, number: int, place: Place) -> None:
        """Put a stop where `best` found a place for it, with no change in between."""
        assert number not in self._duty_of, "a stop is visited once"
        self._rounds[place.duty].insert(place.at, number)
        self._duty_of[number] = place.duty
        self._room[place.duty] -= self._problem.stops[number].size
        self._renew(place.duty)

    def remove(self, number: int) -> Place:
        """Take a stop out; the place it had, at which it would fit again."""
        duty = self._duty_of.pop(number)
        index = self._rounds[duty].index(number)
        del self._rounds[duty][index]
        self._room[duty] += self._problem.stops[number].size
        self._renew(duty)
        return Place(duty, index, 0)

    def add(self, number: int) -> bool:
        """Insert a stop at its cheapest place, if there is one."""
        place = self.best(number)
        if place is not None:
            self.insert(number, place)
        return place is not None

    def add_by_moving_one(
        self, number: int, moves_tried: int = MOVES_TRIED, *, movable: Collection[int] | None = None
    ) -> bool:
        """Insert a stop, moving one other out of its way if need be; the nearest of those that may be
        moved (all, unless named) are tried.
        """
        if self.add(number):
            return True
        others = self._duty_of if movable is None else movable
        away = self._problem.travel[self._problem.stops[number].point]
        nearest = nsmallest(
            moves_tried, others, key=lambda other: (away[self._problem.stops[other].point], other)
        )
        return any(self._swap_in(number, other) for other in nearest)

    def repair(self, *, moves_tried: int = MOVES_TRIED) -> list[int]:
        """Insert whatever is missing and fits, promised stops first; what is left.

        Moving one stop may open a place for another that had none, so it goes on while anything is placed.
        """
        while left := sorted(self.missing(), key=lambda each: not self._problem.stops[each].promised):
            placed = [number for number in left if self.add_by_moving_one(number, moves_tried)]
            if not placed:
                break
        return self.missing()

    def _swap_in(self, number: int, other: int) -> bool:
        """Insert `number` in a round without `other`, and `other` anywhere; or change nothing."""
        was = self.remove(other)
        place = self.best(number)
        if place is not None:
            self.insert(number, place)
            if self.add(other):
                return True
            self.remove(number)
        self.insert(other, was)
        return False

    def _able(self, stop: Stop) -> Flags:
        able: Flags = self._room >= stop.size
        for skill in stop.skills:
            able = able & self._holders.get(skill, self._nobody)
        return able

    def _cheapest(
        self, window: Window, arrives: Seconds, last_start: Seconds, extra: Seconds
    ) -> Place | None:
        starts = np.maximum(arrives, window.opens)
        fits = starts <= np.minimum(last_start, window.closes)
        costs = np.where(fits, extra, NEVER)
        row = int(costs.argmin()) if costs.size else 0
        if not costs.size or not fits[row]:
            return None
        duty = int(self._rows[0][row])
        return Place(duty, row - int(self._widths[:duty].sum()), int(costs[row]))

    def _renew(self, duty: int) -> None:
        """Put new rows of one round where its old ones stand."""
        start = int(self._widths[:duty].sum())
        end = start + int(self._widths[duty])
        rows = self._rows_of(duty)
        self._widths[duty] = rows.shape[1]
        self._rows = np.concatenate((self._rows[:, :start], rows, self._rows[:, end:]), axis=1)

    def _rows_of(self, duty: int) -> Seconds:
        """Owner, point before, point after, free at, latest, and the leg that would be replaced."""
        block = self._problem.duties[duty]
        stops = [self._problem.stops[number] for number in self._rounds[duty]]
        points = [block.leaves_from, *(stop.point for stop in stops), block.depot]
        legs = self._problem.travel[points[:-1], points[1:]].tolist()
        free_at = [block.starts]
        for stop, leg in zip(stops, legs, strict=False):
            free_at.append(max(free_at[-1] + leg, stop.opens) + stop.service)
        latest = [block.ends]
        for stop, leg in zip(reversed(stops), reversed(legs), strict=False):
            latest.append(min(stop.closes, latest[-1] - leg - stop.service))
        latest.reverse()
        rows = [[duty] * len(legs), points[:-1], points[1:], free_at, latest, legs]
        return np.array(rows, dtype=np.int64)


def _joined(parts: Sequence[Seconds]) -> Seconds:
    return np.concatenate(parts, axis=1) if parts else np.empty((6, 0), dtype=np.int64)


def in_booking_order(problem: Problem, order: Iterable[int] | None = None) -> Plan:
    """Each stop in turn at its cheapest place; what does not fit when its turn comes is left out."""
    live = LivePlan(problem, Plan(()))
    for number in range(len(problem.stops)) if order is None else order:
        live.add(number)
    return live.plan
