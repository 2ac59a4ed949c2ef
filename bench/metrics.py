"""One figure and what it is measured against."""

import math
import statistics
from collections.abc import Sequence
from typing import TypedDict


class Metric(TypedDict):
    """`ratio` is what counts; value and reference depend on the machine and the hour.

    `floor` is what the ratio must reach, or, where less is better, what it must not exceed.
    """

    value: float
    unit: str
    reference: float | None
    ratio: float | None
    floor: float | None
    ok: bool


def ratio_of(values: Sequence[float], references: Sequence[float], *, unit: str, floor: float) -> Metric:
    """The median of the rounds' ratios: each round compares two neighbours in time."""
    return _compared(values, references, unit=unit, limit=floor, more_is_better=True)


def at_most(values: Sequence[float], references: Sequence[float], *, unit: str, limit: float) -> Metric:
    """The same where less is better: the ratio may not exceed the limit."""
    return _compared(values, references, unit=unit, limit=limit, more_is_better=False)


def growth(at_ten: Sequence[float], at_one: Sequence[float], *, unit: str) -> Metric:
    """What ten times the work costs; 1 is flat, 10 is linear. Stated, not judged."""
    return _compared(at_ten, at_one, unit=unit, limit=None, more_is_better=False)


def within(value: float, unit: str, *, limit: float) -> Metric:
    """A figure that must stay within a limit of its own unit."""
    return Metric(
        value=round(value, 3),
        unit=unit,
        reference=limit,
        ratio=round(value / limit, 3),
        floor=1.0,
        ok=value <= limit,
    )


def nothing_of(count: int, unit: str) -> Metric:
    """Something that must not happen at all."""
    return Metric(value=count, unit=unit, reference=0, ratio=None, floor=0, ok=count == 0)


def shown(value: float, unit: str) -> Metric:
    """A figure for the reader, without a floor."""
    return Metric(value=round(value, 3), unit=unit, reference=None, ratio=None, floor=None, ok=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def _compared(
    values: Sequence[float],
    references: Sequence[float],
    *,
    unit: str,
    limit: float | None,
    more_is_better: bool,
) -> Metric:
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    ratio = statistics.median(ratios)
    return Metric(
        value=round(statistics.median(values), 3),
        unit=unit,
        reference=round(statistics.median(references), 3),
        ratio=round(ratio, 3),
        floor=limit,
        ok=limit is None or (ratio >= limit if more_is_better else ratio <= limit),
    )


def between(value: float, low: float, high: float, *, unit: str, aim: float) -> Metric:
    """A figure that should be neither lower nor higher; the floor told is the lower bound."""
    return Metric(
        value=round(value, 2),
        unit=unit,
        reference=aim,
        ratio=round(value / aim, 3),
        floor=low,
        ok=low <= value <= high,
    )


def no_more(value: float, reference: float, *, unit: str, most: float, absolute: bool = False) -> Metric:
    """A figure of which less is better: its ratio to the reference, or itself, is at most the floor."""
    ratio = value / reference
    return Metric(
        value=round(value, 3),
        unit=unit,
        reference=round(reference, 3),
        ratio=round(ratio, 3),
        floor=most,
        ok=(value if absolute else ratio) <= most,
    )
