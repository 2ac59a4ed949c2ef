"""How much wider or narrower than played a pool's P80 is quoted, so that it keeps its word (pure).

The forecast does not know everything: who comes next, an officer called away, a procedure that got slower.
Every day says what share of those who were quoted a wait were called within their P80; the factor on the
spread between P50 and P80 moves towards 80 %. It moves slowly (one day is one morning's luck, and its
tickets are not independent), less after a day with few tickets, and never leaves its bounds.
"""

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

AIM: Final = 0.80
NEUTRAL: Final = 1.0
LEAST: Final = 0.5
MOST: Final = 3.0
# How far one day of many tickets moves the logarithm of the factor per point of share.
GAIN: Final = 0.4
# With so many tickets a day counts half.
HALF_WEIGHT: Final = 15


class Told(NamedTuple):
    """What somebody was told when the ticket was issued, and the minutes until the first call."""

    p80_minutes: int
    waited: float


class Share(NamedTuple):
    """Of so many who were quoted a wait, so many were called within it."""

    quoted: int
    within: int


def share_of(told: Iterable[Told]) -> Share:
    """A day's share, of those who were quoted a wait."""
    quoted = [one for one in told if one.p80_minutes > 0]
    return Share(len(quoted), sum(one.waited <= one.p80_minutes for one in quoted))


def next_factor(factor: float, day: Share) -> float:
    """Tomorrow's factor after a day. A day without anybody quoted changes nothing."""
    if day.quoted == 0:
        return factor
    weight = day.quoted / (day.quoted + HALF_WEIGHT)
    step = GAIN * weight * (AIM - day.within / day.quoted)
    return min(MOST, max(LEAST, factor * math.exp(step)))
