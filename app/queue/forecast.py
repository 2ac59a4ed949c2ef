"""The waiting time of somebody who joins now, by playing the queue forward (pure).

State-dependent prediction with the elapsed times of those being served (Whitt, Management Science 45(6),
1999): each run draws the remaining and the coming service times, who of those expected soon comes and is
due earlier, and which counters open or pause; the quantiles over the runs are the answer. Never one number:
P50 and P80 minutes.

A forecast behind 8 people at 6 counters with 8 more expected costs about 1 ms; it grows with the people
and with `RUNS`, and a queue longer than `PLAYED_AT_MOST` is answered by the mean.
"""

import heapq
import math
import random
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Final, NamedTuple

RUNS: Final = 100
# ln(p80/p50) of a log-normal is this many sigma.
P80_SIGMAS: Final = 0.8416
SHORTEST_MINUTES: Final = 0.5
PLAYED_AT_MOST: Final = 80
# Behind more than so many people fewer runs tell as much: the longer the queue, the more luck evens out.
PLAYED_WHOLLY: Final = 25
FEWEST_RUNS: Final = 40
# Who has an appointment comes so many minutes early, give or take as many (BOOKING.md 2.4).
EARLY_MINUTES: Final = 5.0
EARLY_SPREAD_MINUTES: Final = 5.0
DRAWS_FOR_ARRIVAL: Final = 6
STANDARD: Final = NormalDist()
# Standard normal deviates by equal shares: one of them at random is three times as fast as a fresh one.
DEVIATE_BITS: Final = 10
DEVIATES: Final = tuple(STANDARD.inv_cdf((n + 0.5) / 2**DEVIATE_BITS) for n in range(2**DEVIATE_BITS))
# A service beyond this quantile of its time is expected to end any moment.
LAST_QUANTILE: Final = 1 - 1e-6


class Duration(NamedTuple):
    """How long a service takes: median and 80 % quantile, in minutes."""

    p50: float
    p80: float

    @property
    def mean(self) -> float:
        median_log, sigma = _shape(self)
        return math.exp(median_log + sigma * sigma / 2)

    @property
    def mean_square(self) -> float:
        median_log, sigma = _shape(self)
        return math.exp(2 * median_log + 2 * sigma * sigma)

    def draw(self, chance: random.Random) -> float:
        median_log, sigma = _shape(self)
        return math.exp(chance.gauss(median_log, sigma))


class Serving(NamedTuple):
    """Somebody at a counter, for so many minutes already."""

    duration: Duration
    elapsed: float


class Expected(NamedTuple):
    """Somebody not here yet who is due for so many minutes from now (negative: already past).

    `show` is the probability of coming at all, seen before the time; that they are not here yet is counted.
    """

    duration: Duration
    starts_in: float
    show: float


class Rival(NamedTuple):
    """Somebody waiting elsewhere, due earlier, whom one of these counters calls with this chance."""

    duration: Duration
    chance: float


class Plan(NamedTuple):
    """What is known of the next hour besides those who wait here; times in minutes from now."""

    expected: Sequence[Expected] = ()
    rivals: Sequence[Rival] = ()
    opens_in: Sequence[float] = ()
    pauses_in: Sequence[float] = ()


class Forecast(NamedTuple):
    """Minutes until called, and the place in the order (1 is next)."""

    p50_minutes: int
    p80_minutes: int
    position: int


NOTHING_PLANNED: Final = Plan()


def forecast(
    *,
    ahead: Sequence[Duration],
    serving: Sequence[Serving],
    open_counters: int,
    plan: Plan = NOTHING_PLANNED,
    due_in: float = 0.0,
    target: float = 5.0,
    spread: float = 1.0,
    seed: int = 0,
    runs: int = RUNS,
) -> Forecast:
    """For somebody behind `ahead`, with `serving` at some of the open counters.

    `due_in` are the minutes until the newcomer should be called: of those expected, whoever comes and is
    due earlier (`target` minutes after the agreed time) is called first. `spread` is the pool's
    calibration. With no counter open and none planned one is assumed: the wait has to have an answer, and
    the alarm says the rest.
    """
    counters = max(open_counters, len(serving), 0 if plan.opens_in else 1)
    position = len(ahead) + 1
    if len(ahead) > PLAYED_AT_MOST:
        return _by_mean(ahead, max(counters, 1), position)
    if not ahead and len(serving) < counters:
        return Forecast(0, 0, position)
    stage = _Stage(
        ahead=[_shape(duration) for duration in ahead],
        begun=[_begun(one) for one in serving],
        idle=[0.0] * (counters - len(serving)) + [max(0.0, minutes) for minutes in plan.opens_in],
        pauses_in=sorted(plan.pauses_in),
        rivals=[(_shape(one.duration), one.chance) for one in plan.rivals],
        coming=[
            (_shape(one.duration), one.starts_in, one.show)
            for one in plan.expected
            if one.starts_in + target < due_in
        ],
        due_in=due_in,
        target=target,
    )
    runs = min(runs, max(FEWEST_RUNS, runs * PLAYED_WHOLLY // position))
    chance = random.Random(seed)  # noqa: S311 - a simulation
    waits = sorted(_played(stage, chance) for _ in range(runs))
    p50 = waits[runs // 2]
    p80 = p50 + spread * (waits[min(runs - 1, math.ceil(runs * 0.8))] - p50)
    return Forecast(
        p50_minutes=math.floor(p50 + 0.5),
        p80_minutes=max(math.floor(p50 + 0.5), _up(p80)),
        position=position,
    )


class _Begun(NamedTuple):
    """A service that has lasted so long, which is this share of how long it may last."""

    median_log: float
    sigma: float
    elapsed: float
    passed: float


class _Stage(NamedTuple):
    """Where every run begins."""

    ahead: Sequence[tuple[float, float]]
    begun: Sequence[_Begun]
    idle: Sequence[float]
    pauses_in: Sequence[float]
    rivals: Sequence[tuple[tuple[float, float], float]]
    coming: Sequence[tuple[tuple[float, float], float, float]]
    due_in: float
    target: float


def _played(stage: _Stage, chance: random.Random) -> float:
    """One run: everybody who is called before the newcomer is, and then a counter is free."""
    free_at = [_remaining(one, chance.random()) for one in stage.begun]
    free_at += stage.idle
    heapq.heapify(free_at)
    pauses = list(stage.pauses_in)
    bits = chance.getrandbits
    ahead = stage.ahead
    if stage.rivals:
        ahead = [*ahead, *(shape for shape, likely in stage.rivals if chance.random() < likely)]
    for median_log, sigma in ahead:
        if pauses:
            _pause(free_at, pauses)
        ends = free_at[0] + math.exp(median_log + sigma * DEVIATES[bits(DEVIATE_BITS)])
        heapq.heapreplace(free_at, ends)
    for arrives, (median_log, sigma) in sorted(_arrivals(stage, chance)):
        _pause(free_at, pauses)
        if arrives > free_at[0]:
            break
        ends = free_at[0] + math.exp(median_log + sigma * DEVIATES[bits(DEVIATE_BITS)])
        heapq.heapreplace(free_at, ends)
    _pause(free_at, pauses)
    return free_at[0]


def _pause(free_at: list[float], pauses: list[float]) -> None:
    """The next counter that would call after a planned pause has begun takes the pause; never the last."""
    while pauses and len(free_at) > 1 and free_at[0] >= pauses[0]:
        heapq.heappop(free_at)
        pauses.pop(0)


def _arrivals(stage: _Stage, chance: random.Random) -> list[tuple[float, tuple[float, float]]]:
    """Who of those expected comes, when and for how long, given that they are not here yet."""
    found = []
    latest = stage.due_in - stage.target
    for shape, starts_in, show in stage.coming:
        usual = starts_in - EARLY_MINUTES
        for _ in range(DRAWS_FOR_ARRIVAL):
            if chance.random() >= show:
                break
            arrives = usual + EARLY_SPREAD_MINUTES * DEVIATES[chance.getrandbits(DEVIATE_BITS)]
            if arrives > 0.0:
                if arrives < latest:
                    found.append((arrives, shape))
                break
    return found


def _begun(one: Serving) -> _Begun:
    median_log, sigma = _shape(one.duration)
    passed = 0.0
    if one.elapsed > 0.0:
        passed = STANDARD.cdf((math.log(one.elapsed) - median_log) / sigma)
    return _Begun(median_log, sigma, one.elapsed, passed)


def _remaining(one: _Begun, chance: float) -> float:
    """The rest of a service, given that it has lasted so long."""
    median_log, sigma, elapsed, passed = one
    quantile = passed + (1.0 - passed) * chance
    if not 0.0 < quantile < LAST_QUANTILE:
        return SHORTEST_MINUTES
    rest = math.exp(median_log + sigma * STANDARD.inv_cdf(quantile)) - elapsed
    return max(0.0, rest)


@lru_cache(maxsize=4096)
def _shape(duration: Duration) -> tuple[float, float]:
    """The logarithm of the median, and sigma."""
    sigma = math.log(max(duration.p80, duration.p50 * 1.01) / duration.p50) / P80_SIGMAS
    return math.log(duration.p50), sigma


def _by_mean(ahead: Sequence[Duration], counters: int, position: int) -> Forecast:
    """(n + 1) m / c, for queues too long to play."""
    mean = sum(duration.p50 for duration in ahead) / len(ahead)
    wait = position * mean / counters
    return Forecast(_up(wait), _up(wait * 1.3), position)


def _up(value: float) -> int:
    return math.ceil(value - 1e-9)
