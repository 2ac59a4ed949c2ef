"""The statements that take places. Each is the whole judgement: what it did not do could not be done.

Under READ COMMITTED a statement that waited for a slot's row sees the newest version of *that row*, and
the guard is asked again of it; anything joined or counted beside it is as old as the statement. So the
places are counters on the row, and the guard reads nothing else (docs/decisions/0010).
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments import rules
from app.appointments.needs import StoredItem
from app.appointments.places import PLACES_LEFT, Channel
from app.appointments.rules import Choices
from app.core.database import in_transaction

# Slots of one pool never overlap, so they follow one another exactly when they add up.
IN_A_ROW: Final = """
    min(slot.starts_at) = {start} AND max(slot.ends_at) >= {start} + {length}
    AND max(slot.ends_at) - min(slot.starts_at) = sum(slot.ends_at - slot.starts_at)"""

# Of each list of claims the first one the person does not have; NULL where a list is used up. Hardly
# anybody has any yet.
CLAIMING: Final = """CASE
    WHEN held IS NULL THEN ARRAY(SELECT choices ->> 0 FROM jsonb_array_elements(claims) choices)
    ELSE (SELECT CASE WHEN count(*) = count(free) THEN array_agg(free) END FROM (
            SELECT (SELECT claim FROM jsonb_array_elements_text(choices) claim
                     WHERE claim <> ALL (held) LIMIT 1) AS free
              FROM jsonb_array_elements(claims) choices) each_list) END"""

# `room` looks without locking, so a full slot costs no lock; `locked` locks, in id order, and looks
# again. Where more want a slot than it has places, the first come get them (ids are in order of arrival);
# the others are asked alone, for a place may be left where somebody else's visit did not fit.
HOLD: Final = """
WITH asked AS MATERIALIZED (
    SELECT asked.*, make_interval(mins => minutes) AS length, {claiming} AS claiming{past}
      FROM jsonb_to_recordset($1) AS asked (appointment_id uuid, reference text, centre_id uuid,
           pool_id uuid, citizen_id uuid, claimant_id uuid, tax_code text, starts_at timestamptz,
           minutes integer, local_date date,
           grains smallint, items jsonb, claims jsonb, priority_group text, contact_name text,
           contact_phone text, locale text, hold_ms integer, now timestamptz, journal_id uuid,
           actor_kind text, actor_id text, request_id text, vetted boolean)
      LEFT JOIN LATERAL (
           SELECT array_agg(claim) AS held FROM appointment_claim
            WHERE citizen_id = asked.claimant_id AND local_date = asked.local_date) person ON true
      {habit}),
room AS (
    SELECT appointment_id, array_agg(slot.id) AS slot_ids, max(slot.ends_at) AS ends_at
      FROM asked JOIN slot ON slot.pool_id = asked.pool_id AND slot.open
       AND slot.starts_at >= asked.starts_at AND slot.starts_at < asked.starts_at + length
     WHERE {left} > 0 AND claiming IS NOT NULL {may}
     GROUP BY appointment_id, asked.starts_at, length
    HAVING {in_a_row}),
want AS (
    SELECT appointment_id, unnest(slot_ids) AS id FROM room),
locked AS (
    SELECT id, {left} AS places FROM slot
     WHERE id IN (SELECT id FROM want) AND open
     ORDER BY id FOR UPDATE),
turns AS (
    SELECT appointment_id, id, row_number() OVER (PARTITION BY id ORDER BY appointment_id) AS turn
      FROM want),
fits AS (
    SELECT appointment_id, ends_at FROM room WHERE NOT EXISTS (
        SELECT FROM turns LEFT JOIN locked USING (id)
         WHERE turns.appointment_id = room.appointment_id AND turn > coalesce(places, 0))),
took AS (
    UPDATE slot SET taken_{channel} = taken_{channel} + more.places
      FROM (SELECT id, count(*) AS places FROM want JOIN fits USING (appointment_id) GROUP BY id) more
     WHERE slot.id = more.id),
made AS (
    INSERT INTO appointment (id, reference, centre_id, pool_id, citizen_id, channel, state,
        hold_expires_at, starts_at, ends_at, local_date, grains, items, priority_group,
        contact_name, contact_phone, locale, version, created_at, tax_code, hold_number)
    SELECT appointment_id, reference, centre_id, pool_id, citizen_id, '{channel}', 'held',
           clock_timestamp() + hold_ms * interval '1 millisecond', starts_at, ends_at, local_date,
           grains, items, priority_group, contact_name, contact_phone, locale, 1, now, tax_code,
           {hold_number}
      FROM asked JOIN fits USING (appointment_id)
    RETURNING id, hold_expires_at),
placed AS (
    INSERT INTO appointment_slot (slot_id, appointment_id)
    SELECT id, appointment_id FROM want JOIN fits USING (appointment_id)),
claimed AS (
    INSERT INTO appointment_claim (citizen_id, local_date, claim, appointment_id)
    SELECT claimant_id, local_date, claim, appointment_id
      FROM asked JOIN fits USING (appointment_id), unnest(claiming) claim
    ON CONFLICT DO NOTHING
    RETURNING appointment_id),
written AS (
    INSERT INTO journal (id, at, actor_kind, actor_id, action, object_kind, object_id, detail,
        request_id)
    SELECT journal_id, now, actor_kind, actor_id, 'appointment.held', 'appointment',
           appointment_id::text, jsonb_build_object('centre_id', centre_id, 'pool_id', pool_id,
           'starts_at', starts_at), request_id
      FROM asked JOIN fits USING (appointment_id))
SELECT room.appointment_id, room.ends_at, made.hold_expires_at,
       (SELECT count(*) FROM claimed WHERE appointment_id = made.id) AS claims
  FROM room LEFT JOIN made ON made.id = room.appointment_id
"""
# Whoever may have to be refused for what they did before is passed by, and judged alone by the rules
# (`conduct`), which ask again for them. Officers book for whoever stands before them.
HABIT: Final = f"""LEFT JOIN LATERAL (
           SELECT count(*) FILTER (WHERE state = 'missed') AS missed,
                  count(*) FILTER (WHERE created_at > asked.now - interval '1 hour') AS lately,
                  coalesce(array_agg(hold_number) FILTER (WHERE state = 'held'), '{{}}') AS holding
             FROM appointment
            WHERE citizen_id = asked.citizen_id AND starts_at > asked.now
              - interval '{rules.NO_SHOWS_LOOKED_BACK.days} days') habit ON true"""
PAST: Final = ", missed, lately, holding"
HOLD_NUMBER: Final = "CASE WHEN 1 = ANY(holding) THEN 2 ELSE 1 END"
MAY: Final = f"""AND NOT holding @> '{{1,2}}'
       AND (vetted OR (missed < {rules.NO_SHOWS.misses} AND lately < {rules.HOLDS.per_hour}))"""
HOLD_BY: Final = {
    channel: HOLD.format(
        channel=channel.value,
        left=PLACES_LEFT[channel],
        in_a_row=IN_A_ROW.format(start="asked.starts_at", length="length"),
        claiming=CLAIMING,
        hold_number=HOLD_NUMBER if channel is Channel.ONLINE else "NULL",
        past=PAST if channel is Channel.ONLINE else "",
        habit=HABIT if channel is Channel.ONLINE else "",
        may=MAY if channel is Channel.ONLINE else "",
    )
    for channel in Channel
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A place as somebody asks for it, in one pool, and the line of the journal that reports it.

    `claimant_id` is whose day it counts in: the person's, or the business's they act for. `vetted` says
    that `conduct.refuse` has let the person pass in this transaction.
    """

    appointment_id: uuid.UUID
    reference: str
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    citizen_id: uuid.UUID
    claimant_id: uuid.UUID
    starts_at: datetime
    minutes: int
    local_date: date
    grains: int
    items: Sequence[StoredItem]
    claims: Choices
    priority_group: str | None
    contact_name: str | None
    contact_phone: str | None
    locale: str
    hold_ms: int
    now: datetime
    journal_id: uuid.UUID
    actor_kind: str
    actor_id: str
    request_id: str
    vetted: bool = False
    tax_code: str | None = None


class LostRace(asyncpg.SerializationError):  # type: ignore[misc]  # asyncpg is untyped here
    """Somebody committed between our look and our step; the operation runs again from its start."""


class Held(NamedTuple):
    """A place that is now ours until `hold_expires_at`, on the database's clock."""

    ends_at: datetime
    hold_expires_at: datetime


class Missed(NamedTuple):
    """No place; `locked` says there was room before we waited for it."""

    locked: bool


async def hold(wanted: Sequence[Wanted], channel: Channel) -> list[Held | Missed]:
    """Take places: slots, appointments, claims and journal, for each all of it or nothing at all.

    Raises `LostRace` when somebody booked the same thing at the same moment elsewhere.
    """
    try:
        rows = await in_transaction().fetch(HOLD_BY[channel], msgspec.json.encode(wanted).decode())
    except asyncpg.UniqueViolationError as reason:
        # A reference of seven characters is drawn twice now and then.
        raise LostRace from reason
    found = {row["appointment_id"]: row for row in rows}
    return [_outcome(found.get(each.appointment_id), each) for each in wanted]


def _outcome(row: asyncpg.Record | None, wanted: Wanted) -> Held | Missed:
    if row is None or row["hold_expires_at"] is None:
        return Missed(locked=row is not None)
    if row["claims"] != len(wanted.claims):
        raise LostRace
    return Held(row["ends_at"], row["hold_expires_at"])


PLACE: Final = """
WITH want AS (
    SELECT id, starts_at, ends_at FROM slot
     WHERE pool_id = $1 AND starts_at >= $2 AND starts_at < $2 + $3::interval AND open
       AND {left} > 0
     ORDER BY id FOR UPDATE),
fits AS (
    SELECT max(ends_at) AS ends_at FROM want slot HAVING {in_a_row}),
took AS (
    UPDATE slot SET taken_{channel} = taken_{channel} + 1
     WHERE id IN (SELECT id FROM want) AND EXISTS (SELECT FROM fits)
    RETURNING id),
placed AS (
    INSERT INTO appointment_slot (slot_id, appointment_id) SELECT id, $4 FROM took)
SELECT ends_at FROM fits
"""
PLACE_BY: Final = {
    channel: PLACE.format(
        channel=channel.value,
        left=PLACES_LEFT[channel],
        in_a_row=IN_A_ROW.format(start="$2", length="$3::interval"),
    )
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


CLAIM: Final = f"""
WITH asked AS (
    SELECT {CLAIMING} AS claiming FROM (
        SELECT $4::jsonb AS claims, array_agg(claim) AS held FROM appointment_claim
         WHERE citizen_id = $2 AND local_date = $3) person),
claimed AS (
    INSERT INTO appointment_claim (citizen_id, local_date, claim, appointment_id)
    SELECT $2, $3, claim, $1 FROM asked, unnest(claiming) claim
    ON CONFLICT DO NOTHING
    RETURNING 1)
SELECT count(*) FROM claimed
"""


async def claim(appointment_id: uuid.UUID, claimant_id: uuid.UUID, day: date, claims: Choices) -> None:
    """What a person or a business may have once a day; `LostRace` when they took it elsewhere meanwhile."""
    written = await in_transaction().fetchval(
        CLAIM, appointment_id, claimant_id, day, msgspec.json.encode(claims).decode()
    )
    if written != len(claims):
        raise LostRace
