"""Invented days of an invented province, the same for the same seed (pure).

44 × 44 km with a post office in every town; six of ten doors lie near a town; six of ten visits collect a
dossier, the others deliver a result; two-hour windows; six skills that not every courier has; each courier
works a morning and an afternoon block, one in seven only one of them. Stops stand in the order of booking.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from app.rounds.planning import travel
from app.rounds.planning.problem import Duty, Problem, Stop
from app.rounds.planning.travel import Degrees

SIDE_KM: Final = 44.0
KM_PER_DEGREE: Final = 111.195
SOUTH, WEST = 20.8, 105.6
NEAR_TOWN: Final = 0.60
TOWN_KM: Final = 2.5
COLLECTIONS: Final = 0.60
ACCESS_SECONDS: Final = 90
MEDIAN_SECONDS: Final = {"collection": 22 * 60, "delivery": 7 * 60}
SPREAD: Final = 0.35
LONGEST_SECONDS: Final = 60 * 60
WINDOWS: Final = tuple((start, start + 2 * 3600) for start in (27_000, 34_200, 48_600, 55_800))
BLOCKS: Final = ((26_100, 43_200), (47_700, 64_800))
PART_TIME: Final = 0.15
CAPACITY: Final = 30
# Share of the visits that ask it, and of the couriers who have it.
SKILLS: Final = {
    "land": (0.34, 0.60),
    "household": (0.20, 0.90),
    "business": (0.15, 0.50),
    "labour": (0.12, 0.70),
    "justice": (0.11, 0.40),
    "construction": (0.08, 0.30),
}


class Day(NamedTuple):
    """A problem, and where its points lie on the map: the post offices first, then the doors."""

    problem: Problem
    lats: Degrees
    lons: Degrees


def province_day(stops: int, couriers: int, *, seed: int) -> Day:
    chance = np.random.default_rng(seed)
    offices = min(max(round(math.sqrt(stops) / 3), 2), 13)
    towns = chance.uniform(0.1 * SIDE_KM, 0.9 * SIDE_KM, (offices, 2))
    doors = chance.uniform(0, SIDE_KM, (stops, 2))
    near = chance.random(stops) < NEAR_TOWN
    around = towns[chance.integers(offices, size=stops)] + chance.normal(0, TOWN_KM, (stops, 2))
    doors[near] = np.clip(around[near], 0, SIDE_KM)
    lats, lons = _on_the_map(np.concatenate((towns, doors)))
    problem = Problem(
        _stops(chance, stops, offices), _duties(chance, couriers, offices), travel.matrix(lats, lons)
    )
    return Day(problem, lats, lons)


def _on_the_map(km: Degrees) -> tuple[Degrees, Degrees]:
    lats = SOUTH + km[:, 0] / KM_PER_DEGREE
    return lats, WEST + km[:, 1] / (KM_PER_DEGREE * math.cos(math.radians(SOUTH)))


def _stops(chance: np.random.Generator, count: int, offices: int) -> tuple[Stop, ...]:
    names = list(SKILLS)
    asked = chance.choice(len(names), size=count, p=[share for share, _ in SKILLS.values()])
    windows = chance.integers(len(WINDOWS), size=count)
    collects = chance.random(count) < COLLECTIONS
    medians = np.where(collects, MEDIAN_SECONDS["collection"], MEDIAN_SECONDS["delivery"])
    work = np.minimum(medians * chance.lognormal(0, SPREAD, count), LONGEST_SECONDS) + ACCESS_SECONDS
    return tuple(
        Stop(
            point=offices + at,
            opens=WINDOWS[windows[at]][0],
            closes=WINDOWS[windows[at]][1],
            service=round(float(work[at])),
            skills=frozenset({names[asked[at]]}),
        )
        for at in range(count)
    )


def _duties(chance: np.random.Generator, couriers: int, offices: int) -> tuple[Duty, ...]:
    """Couriers in turn to the offices; the first of each office has every skill, so none is without one."""
    held = chance.random((couriers, len(SKILLS))) < [share for _, share in SKILLS.values()]
    held[:offices] = True
    part_time = chance.random(couriers) < PART_TIME
    only = chance.integers(len(BLOCKS), size=couriers)
    return tuple(
        Duty(
            f"courier-{courier}",
            *BLOCKS[block],
            courier % offices,
            frozenset(name for name, has in zip(SKILLS, held[courier], strict=True) if has),
            CAPACITY,
        )
        for courier in range(couriers)
        for block in range(len(BLOCKS))
        if not part_time[courier] or only[courier] == block
    )
