"""How the queue learns from its own days: how long a procedure takes here, and who comes (pure).

Durations are log-normal. Each observation moves mean and variance of the logarithm by a weight that begins
as that of a plain average and ends as that of the last `MEMORY` observations, so that a new form is learned
and one long visit is not. Until 30 observations the catalogue has a say, the smaller the more were seen.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.queue.forecast import P80_SIGMAS, Duration

MEMORY: Final = 50
ENOUGH: Final = 30
# Shorter is a button pressed twice, longer is a button forgotten.
SHORTEST_MINUTES: Final = 0.5
LONGEST_MINUTES: Final = 240.0
# What is assumed of those who book before anybody was seen (BOOKING.md 2.4), and how many that is worth.
USUAL_SHOW: Final = 0.88
USUAL_WORTH: Final = 20
USUAL_WALK_IN_SHARE: Final = 0.4
USUAL_SHARE_WORTH: Final = 10


class Lead(StrEnum):
    """How long before its time an appointment was made."""

    HOURS = "hours"
    DAYS = "days"
    LATER = "later"


class Learned(NamedTuple):
    """The logarithm of a duration in minutes, and from how many observations it is known."""

    mean_log: float
    variance_log: float
    observations: int


def learn(known: Learned | None, minutes: Iterable[float]) -> Learned | None:
    """What is known after some more observations, in order; those nobody can believe are left out."""
    for each in minutes:
        if SHORTEST_MINUTES <= each <= LONGEST_MINUTES:
            known = _moved(known, math.log(each))
    return known


def _moved(known: Learned | None, value: float) -> Learned:
    if known is None:
        return Learned(value, 0.0, 1)
    weight = max(1 / (known.observations + 1), 1 / MEMORY)
    off = value - known.mean_log
    return Learned(
        mean_log=known.mean_log + weight * off,
        variance_log=(1 - weight) * (known.variance_log + weight * off * off),
        observations=known.observations + 1,
    )


def shrunk(catalogue: Duration, known: Learned | None) -> Duration:
    """The catalogue's figures moved towards what was seen here, wholly after 30 observations."""
    if known is None:
        return catalogue
    share = min(known.observations, ENOUGH) / ENOUGH
    sigma = math.log(max(catalogue.p80, catalogue.p50) / catalogue.p50) / P80_SIGMAS
    mean = (1 - share) * math.log(catalogue.p50) + share * known.mean_log
    variance = (1 - share) * sigma * sigma + share * known.variance_log
    p50 = math.exp(mean)
    return Duration(p50, p50 * math.exp(P80_SIGMAS * math.sqrt(variance)))


def lead(*, created_at: datetime, starts_at: datetime) -> Lead:
    """Who booked this morning comes; who booked last week may have forgotten."""
    ahead = starts_at - created_at
    if ahead < timedelta(hours=24):
        return Lead.HOURS
    return Lead.DAYS if ahead < timedelta(days=4) else Lead.LATER


def show_rate(*, expected: int, came: int) -> float:
    """The share that comes, near the usual one while few were seen."""
    return (came + USUAL_SHOW * USUAL_WORTH) / (expected + USUAL_WORTH)


def walk_in_share(*, tickets: int, walked_in: int) -> float:
    """The share of tickets without an appointment, near the usual one while few were seen."""
    return (walked_in + USUAL_WALK_IN_SHARE * USUAL_SHARE_WORTH) / (tickets + USUAL_SHARE_WORTH)
