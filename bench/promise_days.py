"""Days on which citizens are promised windows one after the other, and how those days go when lived (pure).

The planner works with margins; the day is lived without them, with the time of every leg and every door
drawn anew, so a late start here is a promise that the margins did not keep.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.rounds.planning.generator import WINDOWS
from app.rounds.planning.insertion import LivePlan, Window
from app.rounds.planning.problem import EMPTY, Plan, Problem, Stop, with_margins
from app.rounds.planning.solver import plan

# A leg takes about a quarter longer or shorter than planned, work at a door about a third.
TRAVEL_CV: Final = 0.25
SERVICE_CV: Final = 0.35
# A block that ends later than this keeps the post office waiting.
TOLERATED_S: Final = 15 * 60
ACCEPTS_A_WINDOW: Final = 0.5
# Others tried out of the way of a promise that fits nowhere (`app.rounds.day.MOVES_FOR_A_PROMISE`).
MOVES: Final = 24

Chance: TypeAlias = np.random.Generator
Moments: TypeAlias = npt.NDArray[np.float64]


class Booked(NamedTuple):
    """Who was promised a window: their stops as told to them, and the same as planned, with the rounds."""

    told: Problem
    planned: Problem
    rounds: Plan
    asked: int

    @property
    def served(self) -> int:
        return len(self.told.stops)


class Reoptimising(NamedTuple):
    """When the whole day is planned again, as the worker does it, and for how much CPU.

    After so many promises, or so long after the first one since; somebody asks every `seconds_apart`.
    """

    promises: int
    dirt_s: float
    seconds_apart: float
    cpu_seconds: float

    def is_due(self, promised: int, asked: int) -> bool:
        """Promised since it was last done, and asked since the first of those."""
        return promised >= self.promises or (promised > 0 and asked * self.seconds_apart >= self.dirt_s)


def book(day: Problem, *, seed: int, reoptimising: Reoptimising | None) -> Booked:
    """Each request of the day in turn accepts some windows and is promised the one that costs least.

    Nobody is promised what no round can keep, so whoever finds no window goes without. As in the product,
    one other stop may be moved out of the way, unless insertion is to be alone. The same seed brings the
    same citizens, however the rounds are planned.
    """
    chance = np.random.default_rng(seed)
    margins = with_margins(day)
    windows = [_planned(window, margins) for window in WINDOWS]
    told: list[Stop] = []
    live = LivePlan(_with(margins, []), EMPTY)
    stops: list[Stop] = []
    promised, asked = 0, 0
    for wish, planned in zip(day.stops, margins.stops, strict=True):
        accepted = _accepted(chance)
        there, back = margins.travel[:, wish.point], margins.travel[wish.point]
        offers = live.quote(planned, [windows[at] for at in accepted], there, back)
        costs = [(offer.extra, at) for offer, at in zip(offers, accepted, strict=True) if offer]
        moves = MOVES if reoptimising else 0
        for at in [min(costs)[1]] if costs else accepted:
            stop = planned._replace(opens=windows[at].opens, closes=windows[at].closes)
            tried = LivePlan(_with(margins, [*stops, stop]), live.plan)
            if tried.add_by_moving_one(len(stops), moves):
                live = tried
                stops.append(stop)
                told.append(wish._replace(opens=WINDOWS[at][0], closes=WINDOWS[at][1]))
                promised += 1
                break
        asked += 1 if promised else 0
        if reoptimising is not None and reoptimising.is_due(promised, asked):
            problem = _with(margins, stops)
            found = plan(problem, live.plan, cpu_seconds=reoptimising.cpu_seconds, seed=seed)
            live = LivePlan(problem, found)
            promised, asked = 0, 0
    return Booked(_with(day, told), _with(margins, stops), live.plan, len(day.stops))


class Lived(NamedTuple):
    """Visits and blocks of many days, and those among them that were late."""

    visits: int
    late_visits: int
    late_s: float
    blocks: int
    late_blocks: int

    def and_also(self, other: "Lived") -> "Lived":
        """Days after days."""
        return Lived(
            self.visits + other.visits,
            self.late_visits + other.late_visits,
            self.late_s + other.late_s,
            self.blocks + other.blocks,
            self.late_blocks + other.late_blocks,
        )


NOTHING_LIVED: Final = Lived(0, 0, 0.0, 0, 0)


def live_through(booked: Booked, *, days: int, seed: int) -> Lived:
    """The rounds driven on so many days, each as early as it can be, waiting where a window has not opened.

    A courier who comes back late in the morning leaves as much later after lunch.
    """
    chance = np.random.default_rng(seed)
    problem = booked.told
    found = NOTHING_LIVED
    back: defaultdict[str, Moments] = defaultdict(lambda: np.zeros(days))
    for each in sorted(booked.rounds.rounds, key=lambda round_: problem.duties[round_.duty].starts):
        duty = problem.duties[each.duty]
        time = np.maximum(back[duty.courier], float(duty.starts))
        place, late, late_s = each.leaves_from, 0, 0.0
        for number in each.stops:
            stop = problem.stops[number]
            time = time + problem.travel[place, stop.point] * _noise(chance, TRAVEL_CV, days)
            time = np.maximum(time, stop.opens)
            late += int((time > stop.closes).sum())
            late_s += float(np.maximum(time - stop.closes, 0).sum())
            time = time + stop.service * _noise(chance, SERVICE_CV, days)
            place = stop.point
        time = time + problem.travel[place, each.returns_to] * _noise(chance, TRAVEL_CV, days)
        back[duty.courier] = time
        over = int((time > duty.ends + TOLERATED_S).sum())
        found = found.and_also(Lived(days * len(each.stops), late, late_s, days, over))
    return found


def _accepted(chance: Chance) -> list[int]:
    """Some of the day's windows, at least one."""
    wanted = np.flatnonzero(chance.random(len(WINDOWS)) < ACCEPTS_A_WINDOW).tolist()
    return wanted or [int(chance.integers(len(WINDOWS)))]


def _planned(window: tuple[int, int], margins: Problem) -> Window:
    """The window as the planner sees it, by the same rule as every stop of the day."""
    stop = Stop(0, *window, 0)
    narrowed = with_margins(Problem((stop,), (), margins.travel[:1, :1])).stops[0]
    return Window(narrowed.opens, narrowed.closes)


def _noise(chance: Chance, variation: float, days: int) -> Moments:
    """Factors about 1 with this coefficient of variation, never negative (log-normal)."""
    spread = math.sqrt(math.log(1 + variation**2))
    return chance.lognormal(-(spread**2) / 2, spread, days)


def _with(day: Problem, stops: Sequence[Stop]) -> Problem:
    return Problem(tuple(stops), day.duties, day.travel)
