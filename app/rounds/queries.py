"""What can be asked about couriers and their days."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row
from app.rounds.errors import CourierNotFound
from app.rounds.rules import Candidate, PlannedStop, Stop, plan_round


class CourierRow(NamedTuple):
    """A courier of a partner."""

    id: uuid.UUID
    partner_id: uuid.UUID
    external_id: str
    given_name: str
    phone: str
    skills: Sequence[str]
    lat: float
    lon: float
    active: bool
    version: int


class ShiftRow(NamedTuple):
    """A courier's working time on one day."""

    id: uuid.UUID
    courier_id: uuid.UUID
    date: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    version: int


COURIER: Final = ", ".join(CourierRow._fields)
SHIFT: Final = ", ".join(ShiftRow._fields)

CANDIDATES: Final = """
SELECT c.id, c.skills, s.starts_at, s.ends_at, s.capacity,
       (SELECT count(*)::int FROM assignment a
         WHERE a.courier_id = c.id AND a.date = s.date AND a.state = 'active'), c.lat, c.lon
  FROM courier_shift s JOIN courier c ON c.id = s.courier_id
 WHERE s.date = $1 AND c.active ORDER BY s.id
"""


async def courier(partner_id: uuid.UUID, external_id: str) -> CourierRow:
    row = await fetch_row(
        f"SELECT {COURIER} FROM courier WHERE partner_id = $1 AND external_id = $2",
        partner_id,
        external_id,
    )
    if row is None:
        raise CourierNotFound
    return CourierRow(*row)


async def courier_by_id(courier_id: uuid.UUID) -> CourierRow | None:
    row = await fetch_row(f"SELECT {COURIER} FROM courier WHERE id = $1", courier_id)
    return None if row is None else CourierRow(*row)


async def external_ids(partner_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """A partner's own ids of its couriers."""
    rows = await fetch("SELECT id, external_id FROM courier WHERE partner_id = $1", partner_id)
    return {row["id"]: row["external_id"] for row in rows}


async def candidates(day: date) -> list[Candidate]:
    """Every courier on shift that day, with what they already have."""
    return [Candidate(*row) for row in await fetch(CANDIDATES, day)]


async def round_of(row: CourierRow, day: date) -> list[PlannedStop]:
    """The courier's stops of a day, in order."""
    stops = await fetch(
        "SELECT home_visit_id, starts_at, ends_at, lat, lon FROM assignment"
        " WHERE courier_id = $1 AND date = $2 AND state = 'active'",
        row.id,
        day,
    )
    return plan_round([Stop(*stop) for stop in stops], lat=row.lat, lon=row.lon)
