"""What is decided about places: pure, values in, verdict out."""

import math
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

from geopy.distance import great_circle

from app.centres.errors import PointNotValid

# Two tiers since Decree 118/2025/NĐ-CP: the last day of a district centre.
LAST_DAY_OF_DISTRICTS: Final = date(2025, 6, 30)
FRIDAY: Final = 5


class Point(NamedTuple):
    """A place on the map, in degrees (WGS 84)."""

    lat: float
    lon: float


class Hours(NamedTuple):
    """From–to on one weekday, Monday 1 to Sunday 7."""

    weekday: int
    opens: time
    closes: time


class Zone(NamedTuple):
    """How far a postal zone reaches around its commune's point."""

    pool_id: uuid.UUID
    point: Point
    radius_km: float


def exists_on(on: date, *, valid_from: date, valid_to: date | None) -> bool:
    """Both ends belong to the period; no end means still there."""
    return valid_from <= on and (valid_to is None or on <= valid_to)


def distance_km(here: Point, there: Point) -> float:
    """Great-circle kilometres, to ten metres: finer than any point we hold."""
    return round(float(great_circle(here, there).km), 2)


def point(lat: float, lon: float) -> Point:
    """A point on the globe, or `PointNotValid`."""
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise PointNotValid
    return Point(lat, lon)


def parse_point(raw: str) -> Point:
    """`20.26,105.97` as a point; raises `PointNotValid` for anything else."""
    try:
        lat, lon = (float(part) for part in raw.split(","))
    except ValueError:
        raise PointNotValid from None
    return point(lat, lon)


def nearest_zone(zones: Iterable[Zone], here: Point) -> uuid.UUID | None:
    """The zone whose point is nearest, if it reaches that far."""
    reached = [
        (distance, zone.pool_id)
        for zone in zones
        if (distance := distance_km(zone.point, here)) <= zone.radius_km
    ]
    return min(reached)[1] if reached else None


def hours_of_weekday(hours: Sequence[Hours], weekday: int) -> list[Hours]:
    """The periods of one weekday, in order."""
    return sorted(row for row in hours if row.weekday == weekday)


def hours_of_day(hours: Sequence[Hours], day: date, *, special: str | None) -> list[Hours]:
    """The periods of one day, which may be a holiday or a worked Saturday.

    A worked Saturday (ngày làm bù) keeps the hours of a Friday; another Saturday is open where the
    centre's own week says so.
    """
    if special == "holiday":
        return []
    weekday = day.isoweekday()
    return hours_of_weekday(hours, min(weekday, FRIDAY) if special == "working" else weekday)


def days_after(day: date, days: int) -> date:
    """A day so many days later, or the last one there is."""
    return day + timedelta(days=min(days, (date.max - day).days))


class Locatable(Protocol):
    """Anything with a name, an id and a point: a centre."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def name_vi(self) -> str: ...
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...


class Place(NamedTuple):
    """Where a page of a list ended: how far away (zero without a point), which name, which id."""

    distance_km: float
    name: str
    id: str


C = TypeVar("C", bound=Locatable)


def page(
    centres: Iterable[C], *, near: Point | None, after: Place | None, limit: int
) -> tuple[list[tuple[C, float | None]], Place | None]:
    """One page, nearest first or by name, and where it ended when more follow."""
    placed = []
    for centre in centres:
        distance = None if near is None else distance_km(near, Point(centre.lat, centre.lon))
        placed.append((Place(distance or 0.0, centre.name_vi, str(centre.id)), centre, distance))
    placed.sort(key=lambda entry: entry[0])
    rest = [entry for entry in placed if after is None or entry[0] > after]
    shown = [(centre, distance) for _, centre, distance in rest[:limit]]
    return shown, rest[limit - 1][0] if len(rest) > limit else None
