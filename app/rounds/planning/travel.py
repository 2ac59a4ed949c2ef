"""How long the road takes, without a road engine (pure): great circle × detour ÷ speed.

The detour and the speed belong to a zone and a kind of road; legs completed will teach them. Time lost at
every stop alike (parking, the lift) belongs to its service.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from app.rounds.planning.problem import Seconds

Degrees = npt.NDArray[np.float64]

EARTH_RADIUS_M: Final = 6_371_009.0
DETOUR: Final = 1.3
KMH: Final = 25.0


def metres(lat: Degrees, lon: Degrees, other_lat: Degrees, other_lon: Degrees) -> Degrees:
    """Great-circle distance by the haversine, broadcast over whatever shapes come in."""
    a, b = np.radians(lat), np.radians(other_lat)
    half = np.sin((b - a) / 2) ** 2
    half += np.cos(a) * np.cos(b) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    found: Degrees = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half))
    return found


def seconds(distance_m: Degrees, *, detour: float = DETOUR, kmh: float = KMH) -> Seconds:
    return np.rint(distance_m * (detour * 3.6 / kmh)).astype(np.int64)


def matrix(lat: Degrees, lon: Degrees, *, detour: float = DETOUR, kmh: float = KMH) -> Seconds:
    """From every point to every point."""
    return seconds(metres(lat[:, None], lon[:, None], lat[None, :], lon[None, :]), detour=detour, kmh=kmh)


def row(
    lat: float, lon: float, lats: Degrees, lons: Degrees, *, detour: float = DETOUR, kmh: float = KMH
) -> Seconds:
    """From one new address to every point; the way back takes as long."""
    here = metres(np.float64(lat), np.float64(lon), lats, lons)  # type: ignore[arg-type]
    return seconds(here, detour=detour, kmh=kmh)
