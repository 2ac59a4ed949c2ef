"""What can be asked about openings, places and appointments."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments.errors import AppointmentNotFound
from app.appointments.needs import StoredItem
from app.appointments.places import PLACES_LEFT, PROMISED, Channel
from app.appointments.states import Placement
from app.businesses import queries as businesses
from app.core.clock import at_local
from app.core.contacts import Contact
from app.core.database import fetch, fetch_row, fetch_value
from app.core.tax_codes import business_id
from app.identity import queries as identity

# So that only a day of a pool's slots is looked at.
LONGEST_SLOT: Final = timedelta(days=1)


class AppointmentRow(NamedTuple):
    """An appointment as it stands."""

    id: uuid.UUID
    reference: str
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    citizen_id: uuid.UUID
    channel: str
    state: str
    hold_expires_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    grains: int
    items: tuple[StoredItem, ...]
    priority_group: str | None
    contact_name: str | None
    contact_phone: str | None
    locale: str
    version: int
    created_at: datetime
    placement: str = Placement.SUPPORTED.value
    tax_code: str | None = None

    @property
    def claimant_id(self) -> uuid.UUID:
        """Whose day it counts in: the business's it is for, or the person's."""
        return self.citizen_id if self.tax_code is None else business_id(self.tax_code)


class OpeningRow(NamedTuple):
    """An opening as it stands, with the places taken in it."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    counters: int
    grain_minutes: int
    online_cap: int
    partner_cap: int
    walkin_floor: int
    overbook_limit: int
    status: str
    version: int
    decision: str | None = None


class SlotRow(NamedTuple):
    """A slot with the places each channel took."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    capacity: int
    online_cap: int
    partner_cap: int
    walkin_floor: int
    taken_online: int
    taken_partner: int
    taken_staff: int
    taken_walkin: int


class DueRow(NamedTuple):
    """Somebody with an appointment who is not here yet."""

    pool_id: uuid.UUID
    starts_at: datetime
    created_at: datetime
    channel: str
    codes: Sequence[str]


class EndedRow(NamedTuple):
    """An appointment that was to be kept on a day, and whether it ended as kept or missed."""

    id: uuid.UUID
    channel: str
    created_at: datetime
    starts_at: datetime


COLUMNS: Final = ", ".join(AppointmentRow._fields)
# Until when a hold can be confirmed; the hold of an offer lasts a little longer (rules.PASSING_ON).
CONFIRM_BY: Final = "coalesce(confirm_by, hold_expires_at)"
# Shown to people: a hold whose time is over is expired, whether or not anybody has swept it.
SHOWN: Final = COLUMNS.replace(
    "state, hold_expires_at,",
    f"CASE WHEN state = 'held' AND {CONFIRM_BY} <= clock_timestamp() THEN 'expired'"
    f" ELSE state END AS state, {CONFIRM_BY} AS hold_expires_at,",
)
OPENING: Final = f"SELECT {', '.join(OpeningRow._fields)} FROM opening"


def appointment_row(row: asyncpg.Record) -> AppointmentRow:
    """A stored row in its type; items are kept as JSON."""
    values = {name: row[name] for name in AppointmentRow._fields}
    values["items"] = msgspec.json.decode(row["items"], type=tuple[StoredItem, ...])
    return AppointmentRow(**values)


async def mine(
    appointment_id: uuid.UUID, *, citizen_id: uuid.UUID, on: date | None = None
) -> AppointmentRow:
    """A person's own appointment, and with a day one of a business they act for on that day.

    Anybody else's does not exist.
    """
    row = await fetch_row(
        f"SELECT {SHOWN} FROM appointment WHERE id = $1"
        f" AND {businesses.belongs('appointment', citizen='$2', on='$3')}",
        appointment_id,
        citizen_id,
        on,
    )
    if row is None:
        raise AppointmentNotFound
    return appointment_row(row)


OVERBOOKED: Final = f"""
WITH beyond AS (
    SELECT id, {PROMISED} + taken_walkin - capacity AS excess FROM slot
     WHERE centre_id = $1 AND starts_at >= $2 AND starts_at < $3
       AND {PROMISED} + taken_walkin > capacity),
latest AS (
    SELECT appointment_id, excess, row_number() OVER (
           PARTITION BY slot_id ORDER BY created_at DESC, appointment.id DESC) AS turn
      FROM beyond JOIN appointment_slot ON slot_id = beyond.id
      JOIN appointment ON appointment.id = appointment_id
     WHERE channel = 'staff')
SELECT {COLUMNS} FROM appointment
 WHERE id IN (SELECT appointment_id FROM latest WHERE turn <= excess) ORDER BY starts_at, created_at, id
"""


async def overbooked(centre_id: uuid.UUID, *, start: datetime, end: datetime) -> list[AppointmentRow]:
    """Whom officers booked beyond the places of a slot, in order of time.

    Only officers may, so where a slot carries more than its places, the latest they booked are beyond
    them. Once somebody else gives a place up, they are not any more.
    """
    return [appointment_row(row) for row in await fetch(OVERBOOKED, centre_id, start, end)]


async def all_mine(
    *, citizen_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[AppointmentRow]:
    """A person's own appointments, latest first; those they made for a business are the business's."""
    moment, last_id = before or (None, None)
    rows = await fetch(
        f"SELECT {SHOWN} FROM appointment WHERE citizen_id = $1 AND tax_code IS NULL"
        " AND ($2::timestamptz IS NULL OR (starts_at, id) < ($2, $3::uuid))"
        " ORDER BY starts_at DESC, id DESC LIMIT $4",
        citizen_id,
        moment,
        last_id,
        limit,
    )
    return [appointment_row(row) for row in rows]


async def of_business(
    tax_code: str, *, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[AppointmentRow]:
    """What anybody booked for a business, latest first; whoever asks acts for it."""
    moment, last_id = before or (None, None)
    rows = await fetch(
        f"SELECT {SHOWN} FROM appointment WHERE tax_code = $1"
        " AND ($2::timestamptz IS NULL OR (starts_at, id) < ($2, $3::uuid))"
        " ORDER BY starts_at DESC, id DESC LIMIT $4",
        tax_code,
        moment,
        last_id,
        limit,
    )
    return [appointment_row(row) for row in rows]


async def by_id(appointment_id: uuid.UUID) -> AppointmentRow | None:
    """Anybody's appointment, for work on facts and for tracking links; never for a caller's id."""
    row = await fetch_row(f"SELECT {SHOWN} FROM appointment WHERE id = $1", appointment_id)
    return None if row is None else appointment_row(row)


async def contact_of(appointment_id: uuid.UUID) -> Contact | None:
    """Whom to tell about it: the contact that was given, else the phone of the account.

    Of a business's appointment nobody is told who does not act for it any more.
    """
    row = await by_id(appointment_id)
    if row is None:
        return None
    if row.tax_code is not None:
        told = await businesses.whom_to_tell(row.tax_code, by=row.citizen_id, given=row.contact_phone)
        if told is None:
            return None
        return Contact(row.contact_name or "" if told == row.contact_phone else "", told, row.locale)
    phone = row.contact_phone or await identity.phone_of(row.citizen_id)
    return None if phone is None else Contact(row.contact_name or "", phone, row.locale)


async def openings_of(
    centre_id: uuid.UUID,
    *,
    start: datetime,
    end: datetime,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[OpeningRow]:
    """A centre's openings that start in the period, in order."""
    moment, last_id = after or (None, None)
    rows = await fetch(
        f"{OPENING} WHERE centre_id = $1 AND starts_at >= $2 AND starts_at < $3"
        " AND ($4::timestamptz IS NULL OR (starts_at, id) > ($4, $5::uuid))"
        " ORDER BY starts_at, id LIMIT $6",
        centre_id,
        start,
        end,
        moment,
        last_id,
        limit,
    )
    return [OpeningRow(*row) for row in rows]


async def openings_about_to_begin(
    centre_id: uuid.UUID, *, after: datetime, until: datetime
) -> list[OpeningRow]:
    """The open openings of a centre that start in the period, in order."""
    rows = await fetch(
        f"{OPENING} WHERE centre_id = $1 AND status = 'open' AND starts_at > $2 AND starts_at <= $3"
        " ORDER BY starts_at, id",
        centre_id,
        after,
        until,
    )
    return [OpeningRow(*row) for row in rows]


async def to_be_kept_on(centre_id: uuid.UUID, day: date) -> list[EndedRow]:
    """Every confirmed appointment of a day that nobody cancelled, whether its owner came or not."""
    rows = await fetch(
        "SELECT id, channel, created_at, starts_at FROM appointment WHERE centre_id = $1"
        " AND local_date = $2 AND starts_at >= $3 AND starts_at < $4"
        " AND state IN ('confirmed', 'arrived', 'served', 'missed') ORDER BY starts_at, id",
        centre_id,
        day,
        at_local(day, 0),
        at_local(day + timedelta(days=1), 0),
    )
    return [EndedRow(*row) for row in rows]


async def due_at(centre_id: uuid.UUID, *, after: datetime, until: datetime) -> list[DueRow]:
    """Who is expected at a centre in the period and has not checked in, in order."""
    rows = await fetch(
        "SELECT pool_id, starts_at, created_at, channel,"
        " ARRAY(SELECT item->>'procedure' FROM jsonb_array_elements(items) item) AS codes"
        " FROM appointment WHERE centre_id = $1 AND state = 'confirmed'"
        " AND starts_at > $2 AND starts_at <= $3 ORDER BY starts_at, id",
        centre_id,
        after,
        until,
    )
    return [DueRow(*row) for row in rows]


async def open_slots(pool_id: uuid.UUID, *, start: datetime, end: datetime) -> list[SlotRow]:
    """The open slots of a pool that start in the period, in order."""
    rows = await fetch(
        f"SELECT {', '.join(SlotRow._fields)} FROM slot WHERE pool_id = $1 AND open"
        " AND starts_at >= $2 AND starts_at < $3 ORDER BY starts_at",
        pool_id,
        start,
        end,
    )
    return [SlotRow(*row) for row in rows]


class FreeSlot(NamedTuple):
    """A slot that has room."""

    id: uuid.UUID
    starts_at: datetime


async def walk_in_slot(pool_id: uuid.UUID, *, at: datetime, until: datetime) -> FreeSlot | None:
    """The slot of this moment if it has a place for a walk-in, else the first later one, until then."""
    row = await fetch_row(
        "SELECT id, starts_at FROM slot WHERE pool_id = $1 AND open AND ends_at > $2 AND starts_at <= $3"
        f" AND starts_at > $2 - $4::interval AND {PLACES_LEFT[Channel.WALKIN]} > 0"
        " ORDER BY starts_at LIMIT 1",
        pool_id,
        at,
        until,
        LONGEST_SLOT,
    )
    return None if row is None else FreeSlot(*row)


async def last_opening_ends(
    pool_ids: Sequence[uuid.UUID], *, start: datetime, end: datetime
) -> datetime | None:
    """When the last opening of these pools ends that begins in the period."""
    found: datetime | None = await fetch_value(
        "SELECT max(ends_at) FROM opening WHERE pool_id = ANY($1) AND status = 'open'"
        " AND starts_at >= $2 AND starts_at < $3",
        list(pool_ids),
        start,
        end,
    )
    return found


async def pools_open(
    pool_ids: Sequence[uuid.UUID], *, start: datetime, end: datetime
) -> frozenset[uuid.UUID]:
    """Those of the pools that have an opening in the period, or in a part of it."""
    rows = await fetch(
        "SELECT DISTINCT pool_id FROM opening WHERE pool_id = ANY($1) AND status = 'open'"
        " AND starts_at < $3 AND ends_at > $2",
        list(pool_ids),
        start,
        end,
    )
    return frozenset(row["pool_id"] for row in rows)
