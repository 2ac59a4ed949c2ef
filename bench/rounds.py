"""How short the rounds of a province get, whether everybody is served, and how fast windows are quoted.

No database: invented days (`app.rounds.planning.generator`), planned by the product's own functions in CPU
seconds of this process. The reference for travel is what booking alone leaves behind: each visit at its
cheapest place when it is booked, never moved again. The reference for service is whoever is nearest.
"""

import asyncio
import gc
import time
from typing import Any, Final, NamedTuple

import numpy as np

from app.rounds.planning import solomon, travel
from app.rounds.planning.checker import violations
from app.rounds.planning.generator import SIDE_KM, WINDOWS, Day, province_day
from app.rounds.planning.insertion import LivePlan, Window, in_booking_order
from app.rounds.planning.problem import EMPTY, Plan, Problem, plan_of, served, travel_of
from app.rounds.planning.solver import PlanRefused, plan
from bench.metrics import Metric, no_more, nothing_of, percentile, shown, within

SEED: Final = 1
TRAVEL_FLOOR: Final = 0.60
QUOTE_LIMIT_MS: Final = 5.0
QUOTES: Final = 1_000
QUOTED_DAY: Final = (1_500, 120)


class Size(NamedTuple):
    """Province days of one size: how much CPU the plan of each is given, and how many are added up."""

    stops: int
    couriers: int
    cpu_seconds: float
    days: int = 1


# Named after the bench is the day of DESIGN 7.
MAIN: Final = Size(600, 60, 10.0)
DAYS: Final = (Size(200, 30, 2.0, days=3), MAIN)
DAYS_LONG: Final = (*DAYS, Size(1_500, 120, 10.0))


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `rounds`, but for the public instances (`--instance`)."""
    del dsn
    return await asyncio.to_thread(_measure, DAYS_LONG if long else DAYS)


def of_instance(text: str, cpu_seconds: float) -> dict[str, Any]:
    """An instance in Solomon's format, planned from nothing: the distance and each vehicle's customers."""
    name, problem = solomon.read(text)
    began = time.process_time()
    try:
        found, wrong = plan(problem, cpu_seconds=cpu_seconds), []
    except PlanRefused as refused:
        found, wrong = EMPTY, refused.violations
    return {
        "instance": name,
        "cost": solomon.cost(problem, found),
        "routes": solomon.routes(found),
        "vehicles": len(found.rounds),
        "violations": [
            {"fault": each.fault, "customer": None if each.stop is None else each.stop + 1}
            for each in wrong
        ],
        "cpu_seconds": round(time.process_time() - began, 2),
    }


def _measure(days: tuple[Size, ...]) -> dict[str, Metric]:
    found = _quotes()
    for size in days:
        found |= _figures(size)
    return found


class Outcome(NamedTuple):
    """One day: what booking left, what the plan makes of it, and whom the nearest would have lost."""

    booked_hours: float
    planned_hours: float
    unserved: int
    violations: int
    lost_by_booking: int
    lost_by_nearest: int
    lost_by_both: int


def _figures(size: Size) -> dict[str, Metric]:
    days = [_day(size, seed) for seed in range(SEED, SEED + size.days)]
    total = Outcome(*(sum(column) for column in zip(*days, strict=True)))
    name = "rounds" if size == MAIN else f"rounds_{size.stops}"
    return {
        name: no_more(total.planned_hours, total.booked_hours, unit="h", most=TRAVEL_FLOOR),
        f"{name}_unserved": nothing_of(total.unserved, "stops"),
        f"{name}_violations": nothing_of(total.violations, "violations"),
        f"{name}_lost_by_booking": shown(total.lost_by_booking, "stops"),
        f"{name}_lost_by_nearest": shown(total.lost_by_nearest, "stops"),
        f"{name}_lost_by_both": nothing_of(total.lost_by_both, "stops"),
    }


def _day(size: Size, seed: int) -> Outcome:
    problem = province_day(size.stops, size.couriers, seed=seed).problem
    booked = in_booking_order(problem)
    problem = _only_promised(problem, booked)
    planned = plan(problem, booked, cpu_seconds=size.cpu_seconds)
    lost = set(range(size.stops)) - served(nearest_courier(problem))
    return Outcome(
        booked_hours=travel_of(problem, booked) / 3600,
        planned_hours=travel_of(problem, planned) / 3600,
        unserved=size.stops - len(served(planned)),
        violations=len(violations(problem, planned)),
        lost_by_booking=size.stops - len(served(booked)),
        lost_by_nearest=len(lost),
        lost_by_both=len(lost - served(planned)),
    )


def _only_promised(problem: Problem, booked: Plan) -> Problem:
    """Promised is what had a place when it was booked; the others wait for one."""
    kept = served(booked)
    stops = tuple(stop._replace(promised=number in kept) for number, stop in enumerate(problem.stops))
    return Problem(stops, problem.duties, problem.travel)


def nearest_courier(problem: Problem) -> Plan:
    """Each visit in booking order is the next stop of the nearest courier who can still be in time."""
    rounds: list[list[int]] = [[] for _ in problem.duties]
    free_at = [duty.starts for duty in problem.duties]
    place = [duty.depot for duty in problem.duties]
    room = [duty.capacity for duty in problem.duties]
    for number, stop in enumerate(problem.stops):
        near: list[tuple[int, int, int]] = []
        for at, duty in enumerate(problem.duties):
            leg = int(problem.travel[place[at], stop.point])
            start = max(free_at[at] + leg, stop.opens)
            done = start + stop.service
            able = stop.skills <= duty.skills and room[at] >= stop.size and start <= stop.closes
            if able and done + int(problem.travel[stop.point, duty.depot]) <= duty.ends:
                near.append((leg, at, done))
        if near:
            _, at, done = min(near)
            rounds[at].append(number)
            free_at[at], place[at], room[at] = done, stop.point, room[at] - stop.size
    return plan_of(problem, rounds)


def _quotes() -> dict[str, Metric]:
    """Four windows for an address never seen before, against a full day: travel to and from it included."""
    day = province_day(*QUOTED_DAY, seed=SEED)
    live = LivePlan(day.problem, in_booking_order(day.problem))
    windows = [Window(*window) for window in WINDOWS]
    taken: list[float] = []
    offered = 0
    gc.disable()
    try:
        for lat, lon, number in _addresses(day):
            stop = day.problem.stops[number]
            began = time.thread_time()
            row = travel.row(lat, lon, day.lats, day.lons)
            offers = live.quote(stop, windows, row, row)
            taken.append(1000 * (time.thread_time() - began))
            offered += sum(offer is not None for offer in offers)
    finally:
        gc.enable()
    return {
        "quote_p99": within(percentile(taken, 0.99), "ms of CPU", limit=QUOTE_LIMIT_MS),
        "quote_p50": shown(percentile(taken, 0.50), "ms of CPU"),
        "quote_offered": shown(100 * offered / (len(windows) * len(taken)), "% of windows"),
    }


def _addresses(day: Day) -> list[tuple[float, float, int]]:
    """Doors anywhere on the map, each asking what some visit of the day asks."""
    chance = np.random.default_rng(SEED)
    spread = SIDE_KM / 111.0
    lats = day.lats.min() + spread * chance.random(QUOTES)
    lons = day.lons.min() + spread * chance.random(QUOTES)
    numbers = chance.integers(len(day.problem.stops), size=QUOTES)
    return [
        (float(lat), float(lon), int(number)) for lat, lon, number in zip(lats, lons, numbers, strict=True)
    ]
