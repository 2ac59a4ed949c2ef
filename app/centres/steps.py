"""What another concept may join into its own transaction: the place of catalogue rows."""

import uuid
from collections.abc import Iterable
from datetime import date, time
from typing import NamedTuple

from app.centres.queries import CounterRow, DayRow, PoolRow, PriorityGroupRow
from app.core.rows import put


class UnitRecord(NamedTuple):
    """An administrative unit as stored."""

    id: uuid.UUID
    code: str
    tier: str
    name_vi: str
    name_en: str
    folded: str
    parent_id: uuid.UUID | None
    lat: float | None
    lon: float | None
    valid_from: date
    valid_to: date | None
    decision: str


class LinkRecord(NamedTuple):
    old_id: uuid.UUID
    new_id: uuid.UUID
    divided: bool


class CentreRecord(NamedTuple):
    """A centre as stored."""

    id: uuid.UUID
    code: str
    unit_id: uuid.UUID
    tier: str
    name_vi: str
    name_en: str
    folded: str
    address_vi: str
    address_en: str
    lat: float
    lon: float
    agency_code: str
    grain_minutes: int
    valid_from: date
    valid_to: date | None
    verified: bool


class CounterPoolRecord(NamedTuple):
    counter_id: uuid.UUID
    pool_id: uuid.UUID
    centre_id: uuid.UUID


class HoursRecord(NamedTuple):
    """One period of one weekday of a centre."""

    id: uuid.UUID
    centre_id: uuid.UUID
    weekday: int
    opens: time
    closes: time
    valid_from: date
    valid_to: date | None
    decision: str


async def put_units(rows: Iterable[UnitRecord]) -> int:
    """Write units, parents before children; how many changed."""
    return await put("admin_unit", rows, key=("id",))


async def put_links(rows: Iterable[LinkRecord]) -> int:
    return await put("admin_unit_link", rows, key=("old_id", "new_id"))


async def put_centres(rows: Iterable[CentreRecord]) -> int:
    return await put("centre", rows, key=("id",))


async def put_counter_pools(rows: Iterable[CounterPoolRecord]) -> int:
    return await put("counter_pool", rows, key=("counter_id", "pool_id"))


async def put_hours(rows: Iterable[HoursRecord]) -> int:
    return await put("opening_hours", rows, key=("id",))


async def put_counters(rows: Iterable[CounterRow]) -> int:
    return await put("counter", rows, key=("id",))


async def put_pools(rows: Iterable[PoolRow]) -> int:
    return await put("pool", rows, key=("id",))


async def put_days(rows: Iterable[DayRow]) -> int:
    return await put("calendar_day", rows, key=("day",))


async def put_priority_groups(rows: Iterable[PriorityGroupRow]) -> int:
    return await put("priority_group", rows, key=("code",))
