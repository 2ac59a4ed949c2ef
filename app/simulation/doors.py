"""Who asks for a courier on a simulated day, and how it will go at their door (pure).

Doors take what the catalogue's collections take, log-normal around twelve minutes; a result is handed over
in about four.
"""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.simulation.chances import Happening, drawn
from app.simulation.traffic import Place

DOOR_MINUTES: Final = 12.0
DELIVERY_MINUTES: Final = 4.0
DOOR_SPREAD: Final = 0.35
NEAR_DEGREES: Final = 0.03
# Civil status, which costs a fee, and disability, which costs nothing.
PROCEDURES: Final = ("1.004873", "1.004884", "1.001699")
VISITS_A_COURIER: Final = 6
OF_COLLECTIONS: Final = (
    Happening.CHANGES_MIND,
    Happening.ABSENT,
    Happening.PAPER_MISSING,
    Happening.PAPER_FOUND,
    Happening.PAPER_IN_STORE,
    Happening.ASKS_AGAIN,
    Happening.SHOWS_PAPER,
    Happening.SEAL_TORN,
)
OF_DELIVERIES: Final = (
    Happening.NOT_AT_HOME,
    Happening.AWAY_AGAIN,
    Happening.FETCHES_IT,
    Happening.REFUSED,
    Happening.SENDS_SISTER,
    Happening.WRONG_CODE,
)


class Household(NamedTuple):
    """Somebody a courier comes to, and what will be at their door."""

    procedure: str
    lat: float
    lon: float
    wishes: datetime
    minutes: float
    happens: frozenset[Happening]

    @property
    def place(self) -> Place:
        return self.lat, self.lon


def households(windows: Sequence[datetime], *, centre: Place, couriers: int, seed: int) -> list[Household]:
    """So many as the couriers can do, each wishing for one of the day's windows."""
    if not windows:
        return []
    return list(_households(windows, centre, couriers, random.Random(seed + 1)))  # noqa: S311 - a simulation


def _households(
    windows: Sequence[datetime], centre: Place, couriers: int, chance: random.Random
) -> Iterator[Household]:
    for n in range(round(couriers * VISITS_A_COURIER * len(windows) / 4)):
        yield _one(
            PROCEDURES[n % len(PROCEDURES)],
            centre,
            chance.choice(windows),
            chance,
            minutes=DOOR_MINUTES,
            happens=drawn(chance, *OF_COLLECTIONS),
        )


def awaits_result(procedure: str, *, wishes: datetime, centre: Place, chance: random.Random) -> Household:
    """Somebody whose result is brought."""
    happens = drawn(chance, *OF_DELIVERIES)
    return _one(procedure, centre, wishes, chance, minutes=DELIVERY_MINUTES, happens=happens)


def _one(
    procedure: str,
    centre: Place,
    wishes: datetime,
    chance: random.Random,
    *,
    minutes: float,
    happens: frozenset[Happening],
) -> Household:
    lat, lon = centre
    return Household(
        procedure=procedure,
        lat=round(lat + chance.uniform(-NEAR_DEGREES, NEAR_DEGREES), 5),
        lon=round(lon + chance.uniform(-NEAR_DEGREES, NEAR_DEGREES), 5),
        wishes=wishes,
        minutes=minutes * math.exp(chance.gauss(0, DOOR_SPREAD)),
        happens=happens,
    )
