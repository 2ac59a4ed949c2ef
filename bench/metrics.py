"""One figure and what it is measured against."""

import statistics
from collections.abc import Sequence
from typing import TypedDict


class Metric(TypedDict):
    """`ratio` is what counts; value and reference depend on the machine and the hour."""

    value: float
    unit: str
    reference: float | None
    ratio: float | None
    floor: float | None
    ok: bool


def ratio_of(values: Sequence[float], references: Sequence[float], *, unit: str, floor: float) -> Metric:
    """The median of the rounds' ratios: each round compares two neighbours in time."""
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    ratio = statistics.median(ratios)
    return Metric(
        value=round(statistics.median(values), 1),
        unit=unit,
        reference=round(statistics.median(references), 1),
        ratio=round(ratio, 3),
        floor=floor,
        ok=ratio >= floor,
    )


def nothing_of(count: int, unit: str) -> Metric:
    """Something that must not happen at all."""
    return Metric(value=count, unit=unit, reference=0, ratio=None, floor=0, ok=count == 0)


def shown(value: float, unit: str) -> Metric:
    """A figure for the reader, without a floor."""
    return Metric(value=round(value, 3), unit=unit, reference=None, ratio=None, floor=None, ok=True)
