"""What another concept may join into its own transaction: the place of officers and terms."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from app.core.rows import put


class OfficerRecord(NamedTuple):
    """An officer as stored."""

    id: uuid.UUID
    centre_id: uuid.UUID
    name: str
    role: str
    active: bool
    created_at: datetime


class ShiftRecord(NamedTuple):
    """A term as stored."""

    id: uuid.UUID
    officer_id: uuid.UUID
    centre_id: uuid.UUID
    kind: str
    starts_on: date
    ends_on: date
    decision: str
    override_reason: str
    version: int
    created_at: datetime


async def put_officers(rows: Iterable[OfficerRecord]) -> int:
    """Write officers; how many changed."""
    return await put("officer", rows, key=("id",))


async def put_shifts(rows: Iterable[ShiftRecord]) -> int:
    return await put("shift", rows, key=("id",))
