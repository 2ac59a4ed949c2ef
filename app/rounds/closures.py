"""Areas nobody is sent to for a time: a flood, a road that broke (khu vực tạm ngừng phục vụ).

A closure that was lifted stays to be read, and closes nothing. What becomes of promises made before is in
`held_back`.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from geopy.distance import great_circle

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.rows import select
from app.rounds.errors import AreaNotValid, ClosureNotFound

# Who announces what began a moment ago may still do so; a year ahead nobody knows a flood.
BEGAN: Final = timedelta(hours=1)
AHEAD: Final = timedelta(days=366)
LONGEST: Final = timedelta(days=92)
MOST_COMMUNES: Final = 130
WIDEST_KM: Final = 50.0


class ClosureKind(StrEnum):
    """Why nobody can go there: lũ lụt, hỏng hoặc sửa đường, mưa bão, lý do khác."""

    FLOOD = "flood"
    ROAD = "road"
    STORM = "storm"
    OTHER = "other"


class Area(NamedTuple):
    """Communes by their codes, or a circle around a point; never both."""

    communes: Sequence[str] | None = None
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None

    @property
    def is_one(self) -> bool:
        """Whether it is communes or a whole circle, of a size that somebody can mean."""
        circle = (self.lat, self.lon, self.radius_km)
        if self.communes is not None:
            return 0 < len(self.communes) <= MOST_COMMUNES and circle == (None, None, None)
        return None not in circle and 0 < (self.radius_km or 0) <= WIDEST_KM

    def holds(self, commune: str, lat: float, lon: float) -> bool:
        """Whether a door lies in it."""
        if self.communes is not None:
            return commune in self.communes
        assert self.radius_km is not None
        return bool(great_circle((self.lat, self.lon), (lat, lon)).km <= self.radius_km)


class Closure(NamedTuple):
    """An area, from a moment to another, and who said why."""

    id: uuid.UUID
    communes: Sequence[str] | None
    lat: float | None
    lon: float | None
    radius_km: float | None
    starts_at: datetime
    ends_at: datetime
    kind: str
    reason_vi: str
    reason_en: str
    announced_at: datetime
    announced_by: uuid.UUID | None = None
    lifted_at: datetime | None = None
    lifted_by: uuid.UUID | None = None

    @property
    def area(self) -> Area:
        return Area(self.communes, self.lat, self.lon, self.radius_km)

    def touches(self, commune: str, lat: float, lon: float, start: datetime, end: datetime) -> bool:
        """Whether a door lies in it while a window is open."""
        return start < self.ends_at and end > self.starts_at and self.area.holds(commune, lat, lon)


CLOSURES: Final = select(Closure, "area_closure")


async def between(start: datetime, end: datetime) -> list[Closure]:
    """Every area closed at some time between two moments."""
    rows = await fetch(
        f"{CLOSURES} WHERE ends_at > $1 AND starts_at < $2 AND lifted_at IS NULL ORDER BY starts_at, id",
        start,
        end,
    )
    return [Closure(*row) for row in rows]


async def listed(
    start: datetime, end: datetime | None, *, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Closure]:
    """Closures that end after a moment and begin before another, lifted ones too, in their order."""
    rows = await fetch(
        f"{CLOSURES} WHERE ends_at > $1 AND ($2::timestamptz IS NULL OR starts_at < $2)"
        " AND ($3::timestamptz IS NULL OR (starts_at, id) > ($3, $4::uuid))"
        " ORDER BY starts_at, id LIMIT $5",
        start,
        end,
        *(after or (None, None)),
        limit,
    )
    return [Closure(*row) for row in rows]


async def by_id(closure_id: uuid.UUID) -> Closure:
    """Raises `ClosureNotFound`."""
    rows = await fetch(f"{CLOSURES} WHERE id = $1", closure_id)
    if not rows:
        raise ClosureNotFound
    return Closure(*rows[0])


def is_closed(
    closures: Iterable[Closure], commune: str, lat: float, lon: float, window: tuple[datetime, datetime]
) -> bool:
    return any(closure.touches(commune, lat, lon, *window) for closure in closures)


def drafted(
    area: Area,
    *,
    starts_at: datetime,
    ends_at: datetime,
    kind: ClosureKind,
    reason_vi: str,
    reason_en: str,
    by: uuid.UUID | None,
    now: datetime,
) -> Closure:
    """A closure nobody was told of yet; raises `AreaNotValid`."""
    if not area.is_one or not (
        now < ends_at
        and now - BEGAN <= starts_at < ends_at <= starts_at + LONGEST
        and starts_at < now + AHEAD
    ):
        raise AreaNotValid
    if area.communes is not None:
        area = area._replace(communes=sorted(set(area.communes)))
    return Closure(new_id(), *area, starts_at, ends_at, kind.value, reason_vi, reason_en, now, by)


async def write(closure: Closure) -> None:
    """From the end of this transaction on nobody is promised a window there. Idempotent by its id."""
    places = ", ".join(f"${n}" for n in range(1, len(closure) + 1))
    await in_transaction().execute(
        f"INSERT INTO area_closure ({', '.join(Closure._fields)}) VALUES ({places}) ON CONFLICT DO NOTHING",
        *closure,
    )
    await journal.write(
        "area.closed", object_kind="area_closure", object_id=closure.id, at=closure.announced_at
    )


async def lift(closure_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Closure | None:
    """The area is served again from now on; None when it was lifted before. Raises `ClosureNotFound`."""
    row = await in_transaction().fetchrow(
        "UPDATE area_closure SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL"
        f" RETURNING {', '.join(Closure._fields)}",
        closure_id,
        now,
        by,
    )
    if row is None:
        await by_id(closure_id)
        return None
    await journal.write("area.opened", object_kind="area_closure", object_id=closure_id, at=now)
    return Closure(*row)
