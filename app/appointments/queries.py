"""What can be asked about openings, places and appointments."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments import booking_rules, needs, rules
from app.appointments.errors import AppointmentNotFound
from app.appointments.needs import Item, Need, StoredItem
from app.appointments.places import PLACES_LEFT, PROMISED, Channel
from app.appointments.states import Placement
from app.centres import queries as centres
from app.centres import rules as centre_rules
from app.core.clock import at_local, local, local_date
from app.core.contacts import Contact
from app.core.database import fetch, fetch_row, fetch_value
from app.core.errors import Refusal
from app.identity import queries as identity
from app.procedures import queries as procedures

ALTERNATIVES_WANTED: Final = 5
ENOUGH_ALTERNATIVES: Final = 3
# How far from the wished time, and over how many other centres, an alternative is looked for.
ALTERNATIVE_DAYS: Final = timedelta(days=7)
NEAR_CENTRES: Final = 8


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


class Seats(NamedTuple):
    """A start at which a visit of the asked length fits, so many times."""

    starts_at: datetime
    ends_at: datetime
    seats: int


class Alternative(msgspec.Struct, frozen=True):
    """Another place, as a client is told of it: at the same centre, or at one nearby."""

    centre_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    seats: int


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

ENDED: Final = "held.hold_expires_at <= clock_timestamp()"
# Holds whose time is over are counted as free before anybody sweeps them. A visit fits where the slots
# its length reaches over follow one another, as often as the fullest of them has places.
SEATS: Final = f"""
WITH freed AS (
    SELECT placed.slot_id,
           count(*) FILTER (WHERE held.channel = 'online') AS online,
           count(*) FILTER (WHERE held.channel = 'partner') AS partner,
           count(*) FILTER (WHERE held.channel = 'staff') AS staff
      FROM appointment held JOIN appointment_slot placed ON placed.appointment_id = held.id
     WHERE held.state = 'held' AND {ENDED}
       AND held.pool_id = ANY($1)
     GROUP BY placed.slot_id),
counted AS (
    SELECT pool_id, starts_at, ends_at, capacity, online_cap, partner_cap, walkin_floor,
           overbook_limit, taken_walkin,
           taken_online - coalesce(freed.online, 0) AS taken_online,
           taken_partner - coalesce(freed.partner, 0) AS taken_partner,
           taken_staff - coalesce(freed.staff, 0) AS taken_staff
      FROM slot LEFT JOIN freed ON freed.slot_id = slot.id
     WHERE pool_id = ANY($1) AND open AND starts_at >= $2 AND starts_at < $3),
reached AS (
    SELECT starts_at,
           min({PLACES_LEFT[Channel.ONLINE]}) OVER reach AS seats,
           max(ends_at) OVER reach AS ends_at,
           sum(ends_at - starts_at) OVER reach AS filled
      FROM counted
    WINDOW reach AS (PARTITION BY pool_id ORDER BY starts_at
        RANGE BETWEEN CURRENT ROW AND $4::interval FOLLOWING))
SELECT starts_at, max(ends_at) AS ends_at, sum(seats)::integer AS seats FROM reached
 WHERE seats > 0 AND ends_at >= starts_at + $5::interval AND filled = ends_at - starts_at
 GROUP BY starts_at
"""
INSTANT: Final = timedelta(microseconds=1)

# All that `SEATS` depends on, as one number: a fifth of its work, and nothing to carry over the wire.
MARK: Final = """
SELECT (SELECT coalesce(sum(hash_record_extended((id, open, capacity, online_cap, walkin_floor,
               taken_online, taken_partner, taken_staff, taken_walkin), 0)), 0)
          FROM slot WHERE pool_id = ANY($1) AND starts_at >= $2 AND starts_at < $3)::text
    || ' ' ||
       (SELECT coalesce(sum(uuid_hash_extended(id, 0)), 0) FROM appointment
         WHERE state = 'held' AND hold_expires_at <= clock_timestamp() AND pool_id = ANY($1))::text
"""
# Equal snapshots see equal rows: nothing has been committed, anywhere, between the two. Then only time
# can have changed something, and the next hold to end and the next slot to begin say when it will.
UNTIL: Final = """
SELECT least(
    (SELECT min(hold_expires_at) FROM appointment
      WHERE state = 'held' AND hold_expires_at > clock_timestamp() AND pool_id = ANY($1)),
    clock_timestamp() + interval '1 hour')
"""
UNCHANGED: Final = "SELECT pg_current_snapshot()::text = $1 AND clock_timestamp() < $2"
GLANCE: Final = f"SELECT pg_current_snapshot()::text, ({UNTIL}), ({MARK})"


class Glance(NamedTuple):
    """What the places of a period look like from afar; equal marks are equal places."""

    snapshot: str
    until: datetime
    mark: str


def appointment_row(row: asyncpg.Record) -> AppointmentRow:
    """A stored row in its type; items are kept as JSON."""
    values = {name: row[name] for name in AppointmentRow._fields}
    values["items"] = msgspec.json.decode(row["items"], type=tuple[StoredItem, ...])
    return AppointmentRow(**values)


async def mine(appointment_id: uuid.UUID, *, citizen_id: uuid.UUID) -> AppointmentRow:
    """A person's own appointment; anybody else's does not exist."""
    row = await fetch_row(
        f"SELECT {SHOWN} FROM appointment WHERE id = $1 AND citizen_id = $2",
        appointment_id,
        citizen_id,
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
    """A person's appointments, latest first."""
    moment, last_id = before or (None, None)
    rows = await fetch(
        f"SELECT {SHOWN} FROM appointment WHERE citizen_id = $1"
        " AND ($2::timestamptz IS NULL OR (starts_at, id) < ($2, $3::uuid))"
        " ORDER BY starts_at DESC, id DESC LIMIT $4",
        citizen_id,
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
    """Whom to tell about it: the contact that was given, else the phone of the account."""
    row = await by_id(appointment_id)
    if row is None:
        return None
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


async def seats(need: Need, *, start: datetime, end: datetime) -> list[Seats]:
    """Where the visit fits for somebody booking online, by time: what booking would find now."""
    rows = await fetch(
        f"{SEATS} ORDER BY starts_at",
        need.pool_ids,
        start,
        end,
        need.length - INSTANT,
        need.length,
    )
    return [Seats(*row) for row in rows]


async def bookable_seats(need: Need, *, now: datetime) -> list[Seats]:
    """The same for everything that can be booked now, by the centre's rules."""
    start = rules.earliest_start(now, need.rules)
    end = at_local(rules.last_day(now, need.rules), 0) + timedelta(days=1)
    found = await seats(need, start=start, end=end)
    hidden = booking_rules.unreleased(
        need.centre_id, (each.starts_at for each in found), now=now, by=need.rules
    )
    return [each for each in found if each.starts_at not in hidden]


async def glance(need: Need, *, start: datetime, end: datetime, last: Glance | None = None) -> Glance:
    """A mark that changes when the places of the period do; nearly free where nothing was written."""
    if last is not None and await fetch_value(UNCHANGED, last.snapshot, last.until):
        return last
    row = await fetch_row(GLANCE, need.pool_ids, start, end)
    assert row is not None
    return Glance(*row)


async def marked_seats(need: Need, *, start: datetime, end: datetime) -> tuple[list[Seats], str | None]:
    """The places and their mark, seen at one moment; no mark where there is no place."""
    rows = await fetch(
        f"SELECT found.*, ({MARK}) AS mark FROM ({SEATS}) found ORDER BY starts_at",
        need.pool_ids,
        start,
        end,
        need.length - INSTANT,
        need.length,
    )
    return [Seats(*row[:3]) for row in rows], rows[0]["mark"] if rows else None


async def alternatives(need: Need, *, wished: datetime, now: datetime) -> list[Alternative]:
    """Other places: at this centre nearest in time first, then at the centres around it."""
    found = await _near_in_time(need, wished, now)
    if len(found) >= ENOUGH_ALTERNATIVES:
        return found
    for centre_id in await near_centres(need, on=local_date(wished)):
        items = [Item(item.procedure, item.quantity) for item in need.items]
        try:
            there = await needs.need_of(centre_id, items, starts_at=wished, now=now)
        except Refusal:
            continue  # This centre has the procedures, but not in one visit.
        found += await _near_in_time(there, wished, now)
        if len(found) >= ALTERNATIVES_WANTED:
            break
    return found[:ALTERNATIVES_WANTED]


async def _near_in_time(need: Need, wished: datetime, now: datetime) -> list[Alternative]:
    rows = await fetch(
        f"{SEATS} ORDER BY abs(extract(epoch FROM starts_at - $6::timestamptz)), starts_at LIMIT $7",
        need.pool_ids,
        max(rules.earliest_start(now, need.rules), wished - ALTERNATIVE_DAYS),
        wished + ALTERNATIVE_DAYS,
        need.length - INSTANT,
        need.length,
        wished,
        ALTERNATIVES_WANTED,
    )
    return [
        Alternative(need.centre_id, local(place.starts_at), local(place.ends_at), place.seats)
        for place in (Seats(*row) for row in rows)
        if need.lets_book(place.starts_at, now=now)
    ]


async def near_centres(need: Need, *, on: date) -> list[uuid.UUID]:
    """Other centres offering all of it, nearest first."""
    offering = None
    for item in need.items:
        found = await procedures.centres_offering(item.procedure, on=on)
        offering = found if offering is None else offering & found
    known = {centre.id: centre for centre in await centres.centres_on(on)}
    here = known[need.centre_id]
    point = centre_rules.Point(here.lat, here.lon)
    others: Sequence[uuid.UUID] = sorted(
        (offering or frozenset()) & known.keys() - {need.centre_id},
        key=lambda other: centre_rules.distance_km(
            point, centre_rules.Point(known[other].lat, known[other].lon)
        ),
    )
    return list(others[:NEAR_CENTRES])


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
