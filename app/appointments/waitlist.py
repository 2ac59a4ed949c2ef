"""The waiting list (danh sách chờ): who wants a place in a window of time, in the order they came.

Always true:
- a person waits once for a centre and time, and for a bounded number of places at all;
- an offer is a hold of an appointment like any other: no place is promised that is not taken;
- whoever did not confirm, gave the offer up or withdrew is asked no more; the next person is;
- nothing depends on being told: whoever looks at the list finds what can be offered now.

Start reading at `operations.offers`.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

from app.appointments.errors import WaitlistEntryNotFound
from app.appointments.free_places import ENDED, INSTANT, SEATS, Seats
from app.appointments.kept_back import NOBODY
from app.appointments.needs import Item, Need
from app.appointments.states import Wait
from app.core.database import fetch, fetch_row, in_transaction


class EntryRow(NamedTuple):
    """An entry as it stands."""

    id: uuid.UUID
    centre_id: uuid.UUID
    citizen_id: uuid.UUID
    items: tuple[Item, ...]
    window_from: datetime
    window_to: datetime
    state: str
    appointment_id: uuid.UUID | None
    offer_expires_at: datetime | None
    priority_group: str | None
    contact_name: str | None
    contact_phone: str | None
    locale: str
    version: int
    created_at: datetime


class Turn(NamedTuple):
    """Who is to be asked, and for what; two who want the same find the same."""

    entry_id: uuid.UUID
    wish: tuple[str, datetime, datetime]


COLUMNS: Final = ", ".join(EntryRow._fields)
# Shown to people: what time has ended is over, whether or not anybody has swept it. An offer is a hold, on
# the database's clock; the period somebody waits for is of the day the business acts in ($1).
SHOWN: Final = COLUMNS.replace(
    "state,",
    "CASE WHEN (state = 'offered' AND offer_expires_at <= clock_timestamp())"
    " OR (state = 'waiting' AND window_to <= $1) THEN 'expired' ELSE state END AS state,",
)
# What a place kept back is to the public only later, it is to the waiting list now.
SEATS_FIRST: Final = SEATS.replace(ENDED, f"({ENDED} OR held.citizen_id = '{NOBODY}')")

TURNS: Final = """
SELECT id, items::text, window_from, window_to FROM waitlist_entry
 WHERE centre_id = $1 AND state = 'waiting'
   AND ($2::timestamptz IS NULL OR (window_to > $2 AND window_from < $3))
 ORDER BY created_at, id
"""


def entry_row(row: asyncpg.Record) -> EntryRow:
    """A stored row in its type."""
    values = {name: row[name] for name in EntryRow._fields}
    stored = msgspec.json.decode(row["items"], type=list[dict[str, Any]])
    values["items"] = tuple(Item(**item) for item in stored)
    return EntryRow(**values)


async def mine(entry_id: uuid.UUID, *, citizen_id: uuid.UUID, now: datetime) -> EntryRow:
    """A person's own entry; anybody else's does not exist."""
    row = await fetch_row(
        f"SELECT {SHOWN} FROM waitlist_entry WHERE id = $2 AND citizen_id = $3", now, entry_id, citizen_id
    )
    if row is None:
        raise WaitlistEntryNotFound
    return entry_row(row)


async def all_mine(
    *, citizen_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int, now: datetime
) -> list[EntryRow]:
    """A person's entries, latest first."""
    moment, last_id = before or (None, None)
    rows = await fetch(
        f"SELECT {SHOWN} FROM waitlist_entry WHERE citizen_id = $2"
        " AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))"
        " ORDER BY created_at DESC, id DESC LIMIT $5",
        now,
        citizen_id,
        moment,
        last_id,
        limit,
    )
    return [entry_row(row) for row in rows]


async def turns(
    centre_id: uuid.UUID, *, start: datetime | None = None, end: datetime | None = None
) -> list[Turn]:
    """Who waits at a centre, first come first, perhaps only those a period could serve."""
    rows = await fetch(TURNS, centre_id, start, end)
    return [Turn(row["id"], (row["items"], row["window_from"], row["window_to"])) for row in rows]


async def centres_waited_for() -> list[uuid.UUID]:
    """The centres somebody waits for."""
    rows = await fetch("SELECT DISTINCT centre_id FROM waitlist_entry WHERE state = 'waiting'")
    return [row["centre_id"] for row in rows]


async def places(pool_id: uuid.UUID, need: Need, *, start: datetime, end: datetime) -> list[Seats]:
    """Where the visit fits in a pool for somebody who waited, by time, within the period."""
    rows = await fetch(
        f"{SEATS_FIRST} ORDER BY starts_at", [pool_id], start, end, need.length - INSTANT, need.length
    )
    return [Seats(*row) for row in rows]


async def claims_of(citizen_id: uuid.UUID, *, first: date, last: date) -> dict[date, list[str]]:
    """What a person has claimed on each of these days."""
    rows = await fetch(
        "SELECT local_date, array_agg(claim) AS claims FROM appointment_claim"
        " WHERE citizen_id = $1 AND local_date BETWEEN $2 AND $3 GROUP BY local_date",
        citizen_id,
        first,
        last,
    )
    return {row["local_date"]: row["claims"] for row in rows}


async def decline(appointment_id: uuid.UUID) -> bool:
    """The hold is given up: whether it was an offer, which is over now."""
    return bool(
        await in_transaction().fetchval(
            "UPDATE waitlist_entry SET state = $2, version = version + 1"
            " WHERE appointment_id = $1 AND state = 'offered' RETURNING true",
            appointment_id,
            Wait.WITHDRAWN.value,
        )
    )


async def end_offers(appointment_ids: Sequence[uuid.UUID]) -> None:
    """The offers of these holds were not confirmed in time."""
    await in_transaction().execute(
        "UPDATE waitlist_entry SET state = $2, version = version + 1"
        " WHERE appointment_id = ANY($1) AND state = 'offered'",
        appointment_ids,
        Wait.EXPIRED.value,
    )
