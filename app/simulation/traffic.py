"""How long a way takes on a simulated day: by the road, by the hour, and by chance (pure).

The straight way with the detour and the speed of COURIER.md 4, which counts eighteen km/h at peak hours; it
takes more or less by chance, for traffic is never twice the same.
"""

import math
import random
from collections import Counter
from datetime import datetime, time
from typing import Final, NamedTuple

from app.core.clock import local
from app.rounds.rules import distance_km
from app.simulation.chances import Happening, happens

DETOUR: Final = 1.3
KM_PER_HOUR: Final = 25.0
TRAVEL_SPREAD: Final = 0.25
JAM_TAKES: Final = 2.0
# From when until when ways take so many times as long.
SLOW_HOURS: Final = (
    (time(6, 30), time(8, 30), 25 / 18),
    (time(11, 0), time(12, 30), 1.2),
    (time(16, 30), time(18, 30), 25 / 18),
)

Place = tuple[float, float]


class Ride(NamedTuple):
    """One way: where from and to, and when it begins."""

    start: Place
    end: Place
    at: datetime

    @property
    def slowed(self) -> float:
        hour = local(self.at).time()
        return next((factor for first, last, factor in SLOW_HOURS if first <= hour < last), 1.0)

    @property
    def usual_minutes(self) -> float:
        """What somebody who knows the roads and the hour would say."""
        return distance_km(*self.start, *self.end) * DETOUR / KM_PER_HOUR * 60 * self.slowed


def ride_minutes(ride: Ride, chance: random.Random, seen: Counter[str]) -> float:
    """How long it takes this time."""
    minutes = ride.usual_minutes * math.exp(chance.gauss(0, TRAVEL_SPREAD))
    seen["legs"] += 1
    seen["slow_legs"] += ride.slowed > 1
    if happens(Happening.JAM, chance):
        seen[Happening.JAM] += 1
        minutes *= JAM_TAKES
    return minutes
