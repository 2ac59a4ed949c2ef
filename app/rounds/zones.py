"""Zones of the roads: squares of a tenth of a degree, and what is known of ways between them (pure).

A square is a position's own, so that an address needs no commune to be quoted; a commune may lie in two.
Eleven kilometres a side keep the pairs few enough for legs to teach each of them something.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

PER_DEGREE: Final = 10

Degrees: TypeAlias = npt.NDArray[np.float64]
# The square's south-west corner, counted in tenths of a degree: north, then east.
Zone: TypeAlias = tuple[int, int]
Pair: TypeAlias = tuple[Zone, Zone]
NOTHING: Final[Mapping[Pair, float]] = MappingProxyType({})


class Factors(NamedTuple):
    """By what modelled times are multiplied: a pair's own, or the province's."""

    province: float = 1.0
    pairs: Mapping[Pair, float] = NOTHING

    def as_json(self) -> dict[str, Any]:
        """What is stored: the pairs as rows of four whole numbers and a factor."""
        pairs = [[*here, *there, factor] for (here, there), factor in sorted(self.pairs.items())]
        return {"province": self.province, "pairs": pairs}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Factors":
        pairs = {((a, b), (c, d)): float(factor) for a, b, c, d, factor in stored.get("pairs", ())}
        return cls(float(stored.get("province", 1.0)), MappingProxyType(pairs))


NEUTRAL: Final = Factors()


def zone_of(lat: float, lon: float) -> Zone:
    """The square a position is in; its south and west borders are its own."""
    return int(np.floor(lat * PER_DEGREE)), int(np.floor(lon * PER_DEGREE))


def centre_of(zone: Zone) -> tuple[float, float]:
    """The middle of a square, in degrees."""
    return (zone[0] + 0.5) / PER_DEGREE, (zone[1] + 0.5) / PER_DEGREE


class Grid:
    """Factors ready to be looked up for many ways at once."""

    def __init__(self, factors: Factors) -> None:
        zones = sorted({zone for pair in factors.pairs for zone in pair})
        rows, columns = ([zone[n] for zone in zones] for n in (0, 1))
        self._south, self._west = (min(rows), min(columns)) if zones else (0, 0)
        shape = (max(rows) - self._south + 3, max(columns) - self._west + 3) if zones else (1, 1)
        # Number 0 is every square nothing is known of, also all of them beyond the border.
        self._numbers = np.zeros(shape, dtype=np.int64)
        numbers = {zone: n for n, zone in enumerate(zones, start=1)}
        for zone, number in numbers.items():
            self._numbers[zone[0] - self._south + 1, zone[1] - self._west + 1] = number
        self._factors = np.full((len(zones) + 1, len(zones) + 1), factors.province)
        for (here, there), factor in factors.pairs.items():
            self._factors[numbers[here], numbers[there]] = factor

    def factor(self, lat: Degrees, lon: Degrees, other_lat: Degrees, other_lon: Degrees) -> Degrees:
        """For ways from points to points, broadcast over whatever shapes come in."""
        found: Degrees = self._factors[self._number(lat, lon), self._number(other_lat, other_lon)]
        return found

    def _number(self, lat: Degrees, lon: Degrees) -> npt.NDArray[np.int64]:
        rows, columns = self._numbers.shape
        row = np.clip(
            np.floor(np.asarray(lat) * PER_DEGREE).astype(np.int64) - self._south + 1, 0, rows - 1
        )
        column = np.clip(
            np.floor(np.asarray(lon) * PER_DEGREE).astype(np.int64) - self._west + 1, 0, columns - 1
        )
        number: npt.NDArray[np.int64] = self._numbers[row, column]
        return number
