"""Areas nobody is sent to for a time: a flood, a road that broke (khu vực tạm ngừng phục vụ)."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from geopy.distance import great_circle

from app.core.database import fetch
from app.core.rows import select


class Closure(NamedTuple):
    """A commune, or a circle around a point, from a moment to another."""

    id: uuid.UUID
    commune: str | None
    lat: float | None
    lon: float | None
    radius_km: float | None
    starts_at: datetime
    ends_at: datetime
    reason: str

    def touches(self, commune: str, lat: float, lon: float, start: datetime, end: datetime) -> bool:
        """Whether a door lies in it while a window is open."""
        if end <= self.starts_at or start >= self.ends_at:
            return False
        if self.commune is not None:
            return self.commune == commune
        assert self.radius_km is not None
        return bool(great_circle((self.lat, self.lon), (lat, lon)).km <= self.radius_km)


CLOSURES: Final = select(Closure, "area_closure")


async def between(start: datetime, end: datetime) -> list[Closure]:
    """Every area closed at some time between two moments."""
    rows = await fetch(f"{CLOSURES} WHERE ends_at > $1 AND starts_at < $2 ORDER BY starts_at", start, end)
    return [Closure(*row) for row in rows]


def is_closed(
    closures: Iterable[Closure], commune: str, lat: float, lon: float, window: tuple[datetime, datetime]
) -> bool:
    return any(closure.touches(commune, lat, lon, *window) for closure in closures)
