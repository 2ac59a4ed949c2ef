"""How long the road takes by one version of the model, and a day's roads worked out when asked (pure).

Version 1 is the program's own: one detour and one speed for the whole province. Learned versions carry
factors of zones; whatever a version holds, `seconds` is the one place that uses it.
"""

from typing import Any, Final, NamedTuple, cast

import numpy as np

from app.rounds.planning import travel
from app.rounds.planning.problem import Seconds
from app.rounds.planning.travel import Degrees
from app.rounds.zones import Grid


class Model(NamedTuple):
    """One version, in force for the days that began with it or were moved to it."""

    version: int
    detour: float
    kmh: float
    grid: Grid | None = None

    def seconds(self, lat: Degrees, lon: Degrees, other_lat: Degrees, other_lon: Degrees) -> Seconds:
        """From points to points, over whatever shapes come in. There may take longer than back."""
        distance = travel.metres(lat, lon, other_lat, other_lon)
        if self.grid is not None:
            distance = distance * self.grid.factor(lat, lon, other_lat, other_lon)
        return travel.seconds(distance, detour=self.detour, kmh=self.kmh)


FIRST: Final = Model(1, travel.DETOUR, travel.KMH)


class Roads:
    """Inflated travel between the points of a day, worked out when asked.

    It answers the indexings `LivePlan` and the checker use on a matrix; the matrix itself would take 18 MB
    and a fifth of a second at 1,500 stops, and a plan looks at a few thousand of its two million cells.
    """

    def __init__(self, model: Model, lats: Degrees, lons: Degrees, inflation: float) -> None:
        self._model = model
        self.lats, self.lons = lats, lons
        self._inflation = inflation
        self.shape = (len(lats), len(lats))

    def __len__(self) -> int:
        return len(self.lats)

    def __getitem__(self, key: Any) -> Any:
        start, end = key if isinstance(key, tuple) else (key, slice(None))
        return self.inflated(self.lats[start], self.lons[start], self.lats[end], self.lons[end])

    def inflated(self, lat: Any, lon: Any, other_lat: Any, other_lon: Any) -> Seconds:
        """What the road takes times the inflation, rounded as `with_margins` rounds."""
        seconds = self._model.seconds(lat, lon, other_lat, other_lon)
        found: Seconds = np.rint(seconds * self._inflation).astype(np.int64)
        return found

    def towards(self, lat: float, lon: float) -> Seconds:
        """From every point to one address."""
        return self.inflated(self.lats, self.lons, np.float64(lat), np.float64(lon))

    def away(self, lat: float, lon: float) -> Seconds:
        """From one address to every point."""
        return self.inflated(np.float64(lat), np.float64(lon), self.lats, self.lons)

    def with_point(self, lat: float, lon: float) -> "Roads":
        """The same roads with one more point at the end."""
        return Roads(self._model, np.append(self.lats, lat), np.append(self.lons, lon), self._inflation)

    def matrix(self) -> Seconds:
        """Every cell, for the solver."""
        lats, lons = self.lats, self.lons
        return self.inflated(lats[:, None], lons[:, None], lats[None, :], lons[None, :])

    def as_matrix(self) -> Seconds:
        """Itself under the type `Problem` asks for."""
        return cast("Seconds", self)
