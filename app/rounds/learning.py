"""How the roads teach the travel model: legs driven against legs modelled (pure).

A factor belongs to an ordered pair of zones: from the delta into the hills takes longer than its mirror
image. Few legs say little, so the median of a pair is drawn towards what a road engine thinks of it, or
else towards the whole province, and that towards 1, as if each were `WORTH` more legs. Everything is learnt
anew from the legs remembered: a factor never builds on the one before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from types import MappingProxyType
from typing import Final, NamedTuple

from app.rounds.zones import NOTHING, Factors, Pair

WORTH: Final = 20
# Beyond these a factor is a fault of the data and not of a road (COURIER.md 4).
LEAST, MOST = 0.8, 2.5
# What nobody can believe of a leg: a phone that was forgotten, a stop nobody reported.
SHORTEST_S: Final = 60
LONGEST_S: Final = 3 * 3600
FARTHEST_OFF: Final = 8.0


class Leg(NamedTuple):
    """One way from door to door: what the model says without factors, and what it took (s)."""

    pair: Pair
    modelled_s: float
    took_s: float


def is_believable(leg: Leg) -> bool:
    """Short legs are all parking, and parking is counted at the door."""
    if leg.modelled_s < SHORTEST_S or not SHORTEST_S <= leg.took_s <= LONGEST_S:
        return False
    return 1 / FARTHEST_OFF <= leg.took_s / leg.modelled_s <= FARTHEST_OFF


def learn(legs: Iterable[Leg], *, surveyed: Mapping[Pair, float] = NOTHING) -> Factors:
    """The factors after all these legs; `surveyed` is what a road engine says of pairs."""
    ratios: defaultdict[Pair, list[float]] = defaultdict(list)
    for leg in legs:
        if is_believable(leg):
            ratios[leg.pair].append(leg.took_s / leg.modelled_s)
    everywhere = [ratio for of_pair in ratios.values() for ratio in of_pair]
    province = _drawn(everywhere, towards=1.0)
    pairs = {
        pair: _drawn(ratios.get(pair, []), towards=surveyed.get(pair, province))
        for pair in sorted(ratios.keys() | surveyed.keys())
    }
    return Factors(province, MappingProxyType(pairs))


def _drawn(ratios: list[float], *, towards: float) -> float:
    """The median, drawn towards what was thought before anything was driven."""
    n = len(ratios)
    found = (n * median(ratios) + WORTH * towards) / (n + WORTH) if ratios else towards
    return round(min(MOST, max(LEAST, found)), 3)
