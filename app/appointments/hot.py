"""The statements that take places. Each is the whole judgement: what it did not do could not be done.

Under READ COMMITTED a statement that waited for a slot's row sees the newest version of *that row*, and
the guard is asked again of it; anything joined or counted beside it is as old as the statement. So the
places are counters on the row, and the guard reads nothing else (docs/decisions/0007).
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id


class Channel(StrEnum):
    """Which way a place was taken (kênh đặt lịch)."""

    ONLINE = "online"
    PARTNER = "partner"
    STAFF = "staff"
    WALKIN = "walkin"


PROMISED: Final = "taken_online + taken_partner + taken_staff"
# Nobody but walk-ins and officers may use what is kept for walk-ins.
BESIDE_WALKINS: Final = f"capacity - ({PROMISED} + GREATEST(taken_walkin, walkin_floor))"

# How many places a channel can still take, from the columns of the slot alone.
PLACES_LEFT: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.ONLINE: f"LEAST(online_cap - taken_online, {BESIDE_WALKINS})",
        Channel.PARTNER: f"LEAST(partner_cap - taken_partner, {BESIDE_WALKINS})",
        Channel.STAFF: f"capacity + overbook_limit - ({PROMISED} + taken_walkin)",
        Channel.WALKIN: f"capacity - ({PROMISED} + taken_walkin)",
    }
)

# Slots of one pool never overlap, so they follow one another exactly when they add up.
IN_A_ROW: Final = """
    min(starts_at) = $2 AND max(ends_at) >= $2 + $3::interval
    AND max(ends_at) - min(starts_at) = sum(ends_at - starts_at)"""

# `room` looks without locking, so a full slot costs no lock; `want` locks, in id order, and looks again.
HOLD: Final = """
WITH person AS (
    SELECT coalesce(array_agg(claim), '{{}}') AS claims FROM appointment_claim
     WHERE citizen_id = $7 AND local_date = $9),
room AS (
    SELECT FROM slot, person
     WHERE pool_id = $1 AND starts_at >= $2 AND starts_at < $2 + $3::interval AND open
       AND {left} > 0
       AND NOT claims && $17::text[] AND NOT claims @> '{{visit:1,visit:2}}'
    HAVING {in_a_row}),
want AS (
    SELECT id, starts_at, ends_at FROM slot
     WHERE pool_id = $1 AND starts_at >= $2 AND starts_at < $2 + $3::interval AND open
       AND {left} > 0 AND EXISTS (SELECT FROM room)
     ORDER BY id FOR UPDATE),
fits AS (
    SELECT count(*) AS slots, max(ends_at) AS ends_at FROM want HAVING {in_a_row}),
took AS (
    UPDATE slot SET taken_{channel} = taken_{channel} + 1
     WHERE id IN (SELECT id FROM want) AND EXISTS (SELECT FROM fits)
    RETURNING id),
made AS (
    INSERT INTO appointment (id, reference, centre_id, pool_id, citizen_id, channel, state,
        hold_expires_at, starts_at, ends_at, local_date, grains, items, priority_group,
        contact_name, contact_phone, locale, version, created_at)
    SELECT $4, $5, $6, $1, $7, '{channel}', 'held', clock_timestamp() + $8::interval, $2,
           fits.ends_at, $9, $10, $16, $11, $12, $13, $14, 1, $15
      FROM fits WHERE fits.slots = (SELECT count(*) FROM took)
    RETURNING id, ends_at, hold_expires_at),
placed AS (
    INSERT INTO appointment_slot (slot_id, appointment_id)
    SELECT took.id, made.id FROM took, made),
claimed AS (
    INSERT INTO appointment_claim (citizen_id, local_date, claim, appointment_id)
    SELECT $7, $9, claim, made.id FROM made, person, unnest($17::text[] ||
        CASE WHEN claims @> '{{visit:1}}' THEN 'visit:2' ELSE 'visit:1' END) claim
    ON CONFLICT DO NOTHING
    RETURNING 1),
written AS (
    INSERT INTO journal (id, at, actor_kind, actor_id, action, object_kind, object_id, detail,
        request_id)
    SELECT $18, $15, $19, $20, 'appointment.held', 'appointment', made.id::text, $21, $22 FROM made)
SELECT made.ends_at, made.hold_expires_at, (SELECT count(*) FROM claimed) AS claims,
       (SELECT count(*) FROM want) AS locked
  FROM (SELECT) nothing LEFT JOIN made ON true
"""
HOLD_BY: Final = {
    channel: HOLD.format(channel=channel.value, left=PLACES_LEFT[channel], in_a_row=IN_A_ROW)
    for channel in Channel
}


class Wanted(NamedTuple):
    """A place as somebody asks for it, in any of the pools."""

    appointment_id: uuid.UUID
    reference: str
    centre_id: uuid.UUID
    citizen_id: uuid.UUID
    channel: Channel
    starts_at: datetime
    length: timedelta
    local_date: date
    grains: int
    items: str
    claims: Sequence[str]
    priority_group: str | None
    contact_name: str | None
    contact_phone: str | None
    locale: str


class LostRace(asyncpg.SerializationError):  # type: ignore[misc]  # asyncpg is untyped here
    """Somebody committed between our look and our step; the operation runs again from its start."""


class Held(NamedTuple):
    """A place that is now ours until `hold_expires_at`, on the database's clock."""

    ends_at: datetime
    hold_expires_at: datetime


class Missed(NamedTuple):
    """No place; `locked` rows had room before we waited for them."""

    locked: int


async def hold(pool_id: uuid.UUID, wanted: Wanted, *, hold: timedelta, now: datetime) -> Held | Missed:
    """Take a place in one pool: slots, appointment, items, claims and journal, or nothing at all.

    Raises `LostRace` when the person booked the same thing at the same moment elsewhere.
    """
    actor = current_actor.get()
    detail = {"centre_id": wanted.centre_id, "pool_id": pool_id, "starts_at": wanted.starts_at}
    try:
        row = await in_transaction().fetchrow(
            HOLD_BY[wanted.channel],
            pool_id,
            wanted.starts_at,
            wanted.length,
            wanted.appointment_id,
            wanted.reference,
            wanted.centre_id,
            wanted.citizen_id,
            hold,
            wanted.local_date,
            wanted.grains,
            wanted.priority_group,
            wanted.contact_name,
            wanted.contact_phone,
            wanted.locale,
            now,
            wanted.items,
            wanted.claims,
            new_id(),
            actor.kind,
            actor.id,
            msgspec.json.encode(detail).decode(),
            actor.request_id,
        )
    except asyncpg.UniqueViolationError as reason:
        # A reference of seven characters is drawn twice now and then.
        raise LostRace from reason
    if row["ends_at"] is None:
        return Missed(locked=row["locked"])
    if row["claims"] != len(wanted.claims) + 1:
        raise LostRace
    return Held(row["ends_at"], row["hold_expires_at"])


PLACE: Final = """
WITH want AS (
    SELECT id, starts_at, ends_at FROM slot
     WHERE pool_id = $1 AND starts_at >= $2 AND starts_at < $2 + $3::interval AND open
       AND {left} > 0
     ORDER BY id FOR UPDATE),
fits AS (
    SELECT max(ends_at) AS ends_at FROM want HAVING {in_a_row}),
took AS (
    UPDATE slot SET taken_{channel} = taken_{channel} + 1
     WHERE id IN (SELECT id FROM want) AND EXISTS (SELECT FROM fits)
    RETURNING id),
placed AS (
    INSERT INTO appointment_slot (slot_id, appointment_id) SELECT id, $4 FROM took)
SELECT ends_at FROM fits
"""
PLACE_BY: Final = {
    channel: PLACE.format(channel=channel.value, left=PLACES_LEFT[channel], in_a_row=IN_A_ROW)
    for channel in Channel
}


async def place(
    appointment_id: uuid.UUID,
    pool_id: uuid.UUID,
    channel: Channel,
    *,
    starts_at: datetime,
    length: timedelta,
) -> datetime | None:
    """Take the places of an appointment that exists; when they end, or None where there is no room.

    The caller has locked the slots (`steps.reclaim`).
    """
    ends_at: datetime | None = await in_transaction().fetchval(
        PLACE_BY[channel], pool_id, starts_at, length, appointment_id
    )
    return ends_at


async def claim(appointment_id: uuid.UUID, citizen_id: uuid.UUID, day: date, claims: Sequence[str]) -> None:
    """What the person may have once a day; raises `LostRace` when they took it elsewhere meanwhile."""
    written = await in_transaction().fetchval(
        "WITH person AS (SELECT coalesce(array_agg(claim), '{}') AS claims FROM appointment_claim"
        " WHERE citizen_id = $2 AND local_date = $3), claimed AS ("
        " INSERT INTO appointment_claim (citizen_id, local_date, claim, appointment_id)"
        " SELECT $2, $3, claim, $1 FROM person, unnest($4::text[] ||"
        " CASE WHEN claims @> '{visit:1}' THEN 'visit:2' ELSE 'visit:1' END) claim"
        " ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM claimed",
        appointment_id,
        citizen_id,
        day,
        claims,
    )
    if written != len(claims) + 1:
        raise LostRace
