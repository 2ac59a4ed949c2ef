"""The waiting time of somebody who joins now, by playing the queue forward (pure).

State-dependent prediction with the elapsed times of those being served (Whitt, Management Science 45(6),
1999): each run draws the remaining and the coming service times, and the quantiles over the runs are the
answer. Never one number: P50 and P80 minutes.
"""

import heapq
import math
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

RUNS: Final = 100
# ln(p80/p50) of a log-normal is this many sigma.
P80_SIGMAS: Final = 0.8416
SHORTEST_MINUTES: Final = 0.5
DRAWS_FOR_REMAINING: Final = 6
PLAYED_AT_MOST: Final = 80


class Duration(NamedTuple):
    """How long a service takes: median and 80 % quantile, in minutes."""

    p50: float
    p80: float

    def draw(self, chance: random.Random) -> float:
        sigma = math.log(max(self.p80, self.p50 * 1.01) / self.p50) / P80_SIGMAS
        return chance.lognormvariate(math.log(self.p50), sigma)


class Serving(NamedTuple):
    """Somebody at a counter, for so many minutes already."""

    duration: Duration
    elapsed: float


class Forecast(NamedTuple):
    """Minutes until called, and the place in the order (1 is next)."""

    p50_minutes: int
    p80_minutes: int
    position: int


def forecast(
    *,
    ahead: Sequence[Duration],
    serving: Sequence[Serving],
    open_counters: int,
    seed: int = 0,
    runs: int = RUNS,
) -> Forecast:
    """For somebody behind `ahead`, with `serving` at some of the open counters.

    With no counter open one is assumed: the wait has to have an answer, and the alarm says the rest.
    """
    counters = max(open_counters, len(serving), 1)
    position = len(ahead) + 1
    if len(ahead) > PLAYED_AT_MOST:
        return _by_mean(ahead, counters, position)
    chance = random.Random(seed)  # noqa: S311 - a simulation
    waits = sorted(_played(ahead, serving, counters, chance) for _ in range(runs))
    return Forecast(
        p50_minutes=_minutes(waits[runs // 2]),
        p80_minutes=_minutes(waits[min(runs - 1, math.ceil(runs * 0.8))]),
        position=position,
    )


def _played(
    ahead: Sequence[Duration],
    serving: Sequence[Serving],
    counters: int,
    chance: random.Random,
) -> float:
    free_at = [_remaining(one, chance) for one in serving]
    free_at += [0.0] * (counters - len(free_at))
    heapq.heapify(free_at)
    for duration in ahead:
        heapq.heappush(free_at, heapq.heappop(free_at) + duration.draw(chance))
    return free_at[0]


def _remaining(one: Serving, chance: random.Random) -> float:
    """The rest of a service, given that it has lasted so long."""
    for _ in range(DRAWS_FOR_REMAINING):
        total = one.duration.draw(chance)
        if total > one.elapsed:
            return total - one.elapsed
    return SHORTEST_MINUTES


def _by_mean(ahead: Sequence[Duration], counters: int, position: int) -> Forecast:
    """(n + 1) m / c, for queues too long to play."""
    mean = sum(duration.p50 for duration in ahead) / len(ahead)
    wait = position * mean / counters
    return Forecast(_minutes(wait), _minutes(wait * 1.3), position)


def _minutes(value: float) -> int:
    return math.ceil(value - 1e-9)
