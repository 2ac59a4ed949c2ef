"""Places kept back (chỗ chờ mở lại): given up, and not yet anybody's.

A confirmed place that is given up goes to nobody for a random while, so that a cancellation and a booking
cannot be a sale (docs/decisions/0013). It is a hold of one slot whose person is `NOBODY`: the next
booking, the sweep and availability end it by the database's clock like every other hold, also when every
background process is dead.

Always true:
- the counters of a slot do not change when a place is kept back, and no slot is locked;
- nobody is told of these holds, and a row is deleted when it ends: no figure ever counts it;
- the waiting list may take a place before its time is over (`end_rest`), the public may not.
"""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg

from app.appointments import rules
from app.appointments.hot import LostRace
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.references import new_reference

NOBODY: Final = uuid.UUID(int=0)

PLACES: Final = """
SELECT slot.id, slot.starts_at, slot.ends_at
  FROM appointment_slot placed JOIN slot ON slot.id = placed.slot_id
 WHERE placed.appointment_id = $1 ORDER BY slot.id
"""
NEW_HOLDS: Final = """
    INSERT INTO appointment (id, reference, centre_id, pool_id, citizen_id, channel, state,
        hold_expires_at, starts_at, ends_at, local_date, grains, items, locale, version, created_at)
    SELECT each.id, each.reference, $1, $2, $3, $4, 'held', clock_timestamp() + $5::interval,
           each.starts_at, each.ends_at, $6, 1, '[]', 'vi', 1, $7
      FROM unnest($8::uuid[], $9::text[], $10::timestamptz[], $11::timestamptz[])
           AS each (id, reference, starts_at, ends_at)"""
HAND_OVER: Final = f"""
WITH made AS ({NEW_HOLDS})
UPDATE appointment_slot placed SET appointment_id = pair.new_id
  FROM unnest($12::uuid[], $8::uuid[]) AS pair (slot_id, new_id)
 WHERE placed.slot_id = pair.slot_id AND placed.appointment_id = $13
"""


# The slots are locked already, and what is taken here was given back in the same transaction.
TAKE_AGAIN: Final = f"""
WITH made AS ({NEW_HOLDS}),
counted AS (
    UPDATE slot SET taken_{{channel}} = taken_{{channel}} + 1 WHERE id = ANY($12::uuid[]))
INSERT INTO appointment_slot (slot_id, appointment_id)
SELECT pair.slot_id, pair.new_id FROM unnest($12::uuid[], $8::uuid[]) AS pair (slot_id, new_id)
"""

# One place of each slot; one that somebody is working on is left to them.
END_NOW: Final = """
UPDATE appointment SET hold_expires_at = clock_timestamp() WHERE id IN (
    SELECT id FROM appointment WHERE state = 'held' AND id IN (
        SELECT DISTINCT ON (slot.id) held.id
          FROM slot JOIN appointment_slot placed ON placed.slot_id = slot.id
          JOIN appointment held ON held.id = placed.appointment_id
         WHERE slot.pool_id = $1 AND slot.starts_at >= $2 AND slot.starts_at < $3
           AND held.citizen_id = $4 AND held.state = 'held'
         ORDER BY slot.id, held.channel <> 'online', held.id)
     ORDER BY id FOR UPDATE SKIP LOCKED)
"""


class Place(NamedTuple):
    """One slot somebody has a place in."""

    slot_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


def drawn_rest(starts_at: datetime, *, now: datetime) -> timedelta:
    """The rest of a place given up now, drawn once; what is drawn is stored and told to nobody."""
    return rules.rest(starts_at, now=now, draw=secrets.SystemRandom().random())


async def places_of(appointment_id: uuid.UUID) -> list[Place]:
    """The slots an appointment counts in."""
    return [Place(*row) for row in await in_transaction().fetch(PLACES, appointment_id)]


async def keep(row: AppointmentRow, *, rest: timedelta, now: datetime) -> None:
    """Hand the places of an appointment the caller has locked to nobody; its claims are gone."""
    places = await places_of(row.id)
    if places:
        await _execute(HAND_OVER, row, places, rest, now, row.id)
    await in_transaction().execute("DELETE FROM appointment_claim WHERE appointment_id = $1", row.id)


async def keep_what_was_left(
    row: AppointmentRow, before: Sequence[Place], *, rest: timedelta, now: datetime
) -> None:
    """After a move: keep the places it had and has no more. The caller has all of these slots locked."""
    has = {place.slot_id for place in await places_of(row.id)}
    left = [place for place in before if place.slot_id not in has]
    if left and rest:
        await _execute(TAKE_AGAIN.format(channel=Channel(row.channel).value), row, left, rest, now)


async def end_rest(pool_id: uuid.UUID, *, start: datetime, end: datetime) -> None:
    """The waiting list takes what is kept in these slots: `steps.reclaim` will find it ended."""
    await in_transaction().execute(END_NOW, pool_id, start, end, NOBODY)


async def _execute(
    statement: str, row: AppointmentRow, places: Sequence[Place], rest: timedelta, now: datetime, *more: Any
) -> None:
    """Write one hold of nobody per place, in slot order; `LostRace` when a reference is drawn twice."""
    try:
        await in_transaction().execute(
            statement,
            row.centre_id,
            row.pool_id,
            NOBODY,
            row.channel,
            rest,
            local_date(row.starts_at),
            now,
            [new_id() for _ in places],
            [new_reference() for _ in places],
            [place.starts_at for place in places],
            [place.ends_at for place in places],
            [place.slot_id for place in places],
            *more,
        )
    except asyncpg.UniqueViolationError as reason:
        raise LostRace from reason
