"""What can be done about where couriers go."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.rounds.errors import AreaNotValid


@operation
async def close_area(
    *,
    commune: str | None = None,
    circle: tuple[float, float, float] | None = None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    now: datetime,
) -> uuid.UUID:
    """Send nobody to a commune, or to a circle (latitude, longitude, km), from a moment to another.

    Windows there are promised to nobody any more; what was promised before is for people to decide.
    Raises `AreaNotValid`.
    """
    if (commune is None) == (circle is None) or ends_at <= starts_at or (circle and circle[2] <= 0):
        raise AreaNotValid
    closure_id = new_id()
    await in_transaction().execute(
        "INSERT INTO area_closure (id, commune, lat, lon, radius_km, starts_at, ends_at, reason, made_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
        closure_id,
        commune,
        *(circle or (None, None, None)),
        starts_at,
        ends_at,
        reason,
        now,
    )
    await journal.write("area.closed", object_kind="area_closure", object_id=closure_id, at=now)
    return closure_id


@operation
async def open_area(*, closure_id: uuid.UUID, now: datetime) -> None:
    """The area is served again from now on; twice is once."""
    connection = in_transaction()
    await connection.execute("DELETE FROM area_closure WHERE id = $1 AND starts_at >= $2", closure_id, now)
    await connection.execute(
        "UPDATE area_closure SET ends_at = $2 WHERE id = $1 AND ends_at > $2", closure_id, now
    )
    await journal.write("area.opened", object_kind="area_closure", object_id=closure_id, at=now)
