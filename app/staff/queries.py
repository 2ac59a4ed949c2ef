"""What can be asked about officers and their terms."""

import uuid
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from app.core.database import fetch, fetch_row
from app.core.rows import select


class OfficerRow(NamedTuple):
    """A person at a centre."""

    id: uuid.UUID
    centre_id: uuid.UUID
    name: str
    role: str
    active: bool


class ShiftRow(NamedTuple):
    """A term with its officer, and the counters stood in at on the day asked for."""

    id: uuid.UUID
    officer_id: uuid.UUID
    officer_name: str
    role: str
    centre_id: uuid.UUID
    kind: str
    starts_on: date
    ends_on: date
    decision: str
    override_reason: str
    version: int
    standing_in_at: list[uuid.UUID]


class Standing(NamedTuple):
    """Whether a centre has a roster on a day, and what an officer is on it."""

    has_roster: bool
    official: bool
    standing_in: bool


SHIFT: Final = """
SELECT s.id, s.officer_id, o.name AS officer_name, o.role, s.centre_id, s.kind, s.starts_on,
       s.ends_on, s.decision,
       s.override_reason, s.version,
       ARRAY(SELECT a.counter_id FROM standby_activation a
              WHERE a.shift_id = s.id AND a.day = $1 ORDER BY a.at) AS standing_in_at
  FROM shift s JOIN officer o ON o.id = s.officer_id
"""


async def officer(officer_id: uuid.UUID) -> OfficerRow | None:
    row = await fetch_row(select(OfficerRow, "officer") + " WHERE id = $1", officer_id)
    return None if row is None else OfficerRow(*row)


async def roster(centre_id: uuid.UUID, *, on: date) -> list[ShiftRow]:
    """Who is on the centre's lists that day: official first, then standby, by name."""
    rows = await fetch(
        SHIFT + " WHERE s.centre_id = $2 AND s.starts_on <= $1 AND s.ends_on >= $1 AND o.active"
        " ORDER BY s.kind, o.name, s.id",
        on,
        centre_id,
    )
    return [_shift(row) for row in rows]


async def shift(shift_id: uuid.UUID, *, centre_id: uuid.UUID, on: date) -> ShiftRow | None:
    """One term of one centre."""
    row = await fetch_row(SHIFT + " WHERE s.id = $2 AND s.centre_id = $3", on, shift_id, centre_id)
    return None if row is None else _shift(row)


async def standing(
    centre_id: uuid.UUID, officer_id: uuid.UUID, *, counter_id: uuid.UUID, on: date
) -> Standing:
    """What the roster of a day says of an officer at a counter."""
    row = await fetch_row(
        "SELECT coalesce(bool_or(kind = 'official'), false) AS has_roster,"
        " coalesce(bool_or(officer_id = $2 AND kind = 'official'), false) AS official,"
        " coalesce(bool_or(officer_id = $2 AND EXISTS (SELECT FROM standby_activation a"
        "   WHERE a.shift_id = shift.id AND a.counter_id = $3 AND a.day = $4)), false) AS standing_in"
        " FROM shift WHERE centre_id = $1 AND starts_on <= $4 AND ends_on >= $4",
        centre_id,
        officer_id,
        counter_id,
        on,
    )
    assert row is not None
    return Standing(*row)


async def ending(*, on: date) -> list[ShiftRow]:
    """Terms that have not ended on the day, soonest end first: what the expiry alerts look at."""
    rows = await fetch(SHIFT + " WHERE s.ends_on >= $1 ORDER BY s.ends_on, s.id", on)
    return [_shift(row) for row in rows]


def _shift(row: asyncpg.Record) -> ShiftRow:
    fields: dict[str, Any] = dict(row)
    return ShiftRow(**fields)
