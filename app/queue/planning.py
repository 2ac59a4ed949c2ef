"""How much of a pool's time may be promised so that nearly nobody waits beyond the target (pure).

Erlang C with the Allen–Cunneen correction (BOOKING.md 1.5): the chance to wait longer than t with c
counters and work for a of them is C(c, a) exp(-(c - a) t / m * 2 / (Ca² + Cs²)). It is the stationary
answer, on the safe side for a morning that begins empty. What follows from it is advice: nobody's caps
change by it.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.queue.forecast import Duration
from app.queue.rules import WAIT_TARGET

TARGET_MINUTES: Final = WAIT_TARGET.total_seconds() / 60
# Of visits, so many may wait beyond the target.
MOST_ABOVE: Final = 0.05
# People come independently of each other.
ARRIVALS_VARIATION: Final = 1.0
HALVINGS: Final = 40


class Service(NamedTuple):
    """How long visits of a pool take: the mean, and the squared coefficient of variation."""

    mean_minutes: float
    variation: float


class Advice(NamedTuple):
    """The highest load that keeps the promise, and how it is shared between the two kinds of visits."""

    most_load: float
    online_cap: int
    walkin_floor: int


def busy_chance(counters: int, work: float) -> float:
    """Erlang C: the chance that all counters are busy, with work for so many of them on average."""
    if work >= counters:
        return 1.0
    blocked = 1.0
    for n in range(1, counters + 1):
        blocked = work * blocked / (n + work * blocked)
    load = work / counters
    return blocked / (1 - load * (1 - blocked))


def share_above(*, counters: int, load: float, service: Service, minutes: float = TARGET_MINUTES) -> float:
    """The share of visits that wait longer than so many minutes."""
    if load >= 1:
        return 1.0
    work = load * counters
    both = (ARRIVALS_VARIATION + service.variation) / 2
    return busy_chance(counters, work) * math.exp(
        -(counters - work) * minutes / service.mean_minutes / both
    )


def mean_wait(*, counters: int, load: float, service: Service) -> float:
    """The mean wait in minutes."""
    if load >= 1:
        return math.inf
    work = load * counters
    both = (ARRIVALS_VARIATION + service.variation) / 2
    return busy_chance(counters, work) * service.mean_minutes / (counters - work) * both


def most_load(*, counters: int, service: Service) -> float:
    """u(c): the highest load at which at most 5 % wait beyond the target."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        load = (low + high) / 2
        if share_above(counters=counters, load=load, service=service) <= MOST_ABOVE:
            low = load
        else:
            high = load
    return low


def advise(
    *, counters: int, grain_minutes: float, service: Service, walk_in_share: float, show_rate: float
) -> Advice:
    """Places per grain that may be sold online, and those to keep for who walks in."""
    load = most_load(counters=counters, service=service)
    visits = load * counters * grain_minutes / service.mean_minutes
    return Advice(
        most_load=load,
        online_cap=min(counters, math.floor(visits * (1 - walk_in_share) / show_rate + 1e-9)),
        walkin_floor=min(counters, math.floor(visits * walk_in_share + 1e-9)),
    )


def mixed(durations: Sequence[Duration]) -> Service:
    """The service of visits that are each as likely for any of these."""
    means = [duration.mean for duration in durations]
    # Summed exactly, so that their order does not matter: a day learned twice gives the same.
    mean = math.fsum(means) / len(means)
    squares = math.fsum(duration.mean_square for duration in durations) / len(durations)
    return Service(mean, squares / (mean * mean) - 1)
