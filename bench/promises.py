"""How many citizens are promised a window that is kept, where more ask than the couriers can serve.

No database: invented citizens of invented days, promised by the product's own insertion, with the whole
day planned again as the worker does it, after 25 promises or 60 seconds. The reference is insertion alone.
Then the days are lived with noise: what was promised with the default margins should be kept.
"""

import asyncio
from functools import reduce
from typing import Final, NamedTuple

from app.rounds.planning.checker import violations
from app.rounds.planning.generator import province_day
from bench.metrics import Metric, no_more, nothing_of, ratio_of, shown
from bench.promise_days import NOTHING_LIVED, Booked, Lived, Reoptimising, book, live_through

REQUESTS: Final = 400
COURIERS: Final = 18
# Everybody within twenty minutes: at a calmer pace the day is planned again after nearly every promise.
REOPTIMISING: Final = Reoptimising(promises=25, dirt_s=60.0, seconds_apart=3.0, cpu_seconds=2.0)
SEEDS: Final = (1,)
SEEDS_LONG: Final = (1, 2, 3, 4, 5)
DAYS_LIVED: Final = 60
SERVED_FLOOR: Final = 1.25
# Of all visits, how many may start after their window has closed.
LATE_LIMIT: Final = 1.0


class Day(NamedTuple):
    """The same citizens by insertion alone and with re-optimisation; the second lived many times."""

    alone: Booked
    ours: Booked
    lived: Lived


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """Served against insertion alone, broken promises, and late starts with noise."""
    del dsn
    return await asyncio.to_thread(_measure, SEEDS_LONG if long else SEEDS)


def _measure(seeds: tuple[int, ...]) -> dict[str, Metric]:
    days = [_day(seed) for seed in seeds]
    ours = [float(day.ours.served) for day in days]
    alone = [float(day.alone.served) for day in days]
    lived = reduce(Lived.and_also, (day.lived for day in days), NOTHING_LIVED)
    late = 100 * lived.late_visits / lived.visits
    return {
        "promises": ratio_of([sum(ours)], [sum(alone)], unit="served", floor=SERVED_FLOOR),
        "promises_fewest": shown(min(a / b for a, b in zip(ours, alone, strict=True)), "x"),
        "promises_broken": nothing_of(sum(broken(day.ours) for day in days), "promises"),
        "promises_late": no_more(late, 100.0, unit="% of visits", most=LATE_LIMIT, absolute=True),
        "promises_lateness": shown(lived.late_s / max(lived.late_visits, 1) / 60, "min when late"),
        "promises_late_blocks": shown(100 * lived.late_blocks / lived.blocks, "% of blocks"),
        "promises_asked": shown(sum(day.ours.asked for day in days), "requests"),
    }


def _day(seed: int) -> Day:
    problem = province_day(REQUESTS, COURIERS, seed=seed).problem
    ours = book(problem, seed=seed, reoptimising=REOPTIMISING)
    return Day(
        book(problem, seed=seed, reoptimising=None), ours, live_through(ours, days=DAYS_LIVED, seed=seed)
    )


def broken(booked: Booked) -> int:
    """Faults by the checker, in the day as told (every promise, real times) and as planned with margins."""
    return len(violations(booked.told, booked.rounds)) + len(violations(booked.planned, booked.rounds))
