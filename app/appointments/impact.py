"""What a change of capacity would do: judged from the ledger as it stands, before anything is done."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.appointments import changes, standing
from app.appointments.changes import Change, Close, LedgerSlot
from app.appointments.errors import ChangeNotValid, OpeningNotFound, OpeningOverlap, PoolNotFound
from app.appointments.queries import OPENING, SHOWN, AppointmentRow, OpeningRow, appointment_row
from app.appointments.standing import Seat, Standing
from app.centres import queries as centres
from app.core.clock import local
from app.core.database import fetch, fetch_row
from app.identity import queries as identity

TOUCHED: Final = f"""
SELECT {", ".join(LedgerSlot._fields)} FROM slot
 WHERE centre_id = $1 AND open AND starts_at >= $2
   AND ($3::uuid IS NULL OR opening_id = $3) AND ($4::timestamptz IS NULL OR starts_at < $4)
 ORDER BY id
"""
NOBODY: Final = Standing([], [], {}, {}, {}, timedelta())


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment that would have no place; `reachable` says whether anybody can be told."""

    id: uuid.UUID
    reference: str
    status: str
    starts_at: datetime
    reachable: bool


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a change: who keeps a place, who loses it, and whom nobody can tell."""

    supported: int
    orphaned: int
    unreachable: int
    appointments: list[Orphan]


class Judgement(NamedTuple):
    """A change judged: what its slots become, where everybody then is, and the mark of all it saw."""

    seen: Standing
    becoming: Mapping[uuid.UUID, LedgerSlot]
    seats: Mapping[uuid.UUID, Seat]
    openings: Mapping[str, int]
    mark: str
    impact: Impact

    @property
    def orphans(self) -> list[AppointmentRow]:
        return [row for row in self.seen.visits if row.id not in self.seats]


async def check(centre_id: uuid.UUID, change: Change, *, now: datetime) -> OpeningRow | None:
    """The opening a change is about, if it is about one.

    Raises `PoolNotFound` and `OpeningNotFound` for another centre's, `ChangeNotValid` with every fault,
    and `OpeningOverlap` when a later end runs into the next opening.
    """
    opening = None
    if isinstance(change, Close):
        pool = None if change.pool_id is None else await centres.pool(change.pool_id)
        if change.pool_id is not None and (pool is None or pool.centre_id != centre_id):
            raise PoolNotFound
    else:
        found = await fetch_row(
            f"{OPENING} WHERE id = $1 AND centre_id = $2 AND status = 'open'", change.opening_id, centre_id
        )
        if found is None:
            raise OpeningNotFound
        opening = OpeningRow(*found)
    faults = changes.faults(change, opening, now=now)
    if faults:
        raise ChangeNotValid(
            errors=[
                {"pointer": f"/change/{field}", "code": code, "detail": code.replace("_", " ")}
                for field, code in faults
            ]
        )
    if isinstance(change, changes.End) and opening is not None:
        await _refuse_overlap(opening, change.ends_at)
    return opening


async def _refuse_overlap(opening: OpeningRow, ends_at: datetime) -> None:
    found = await fetch_row(
        f"{OPENING} WHERE pool_id = $1 AND status = 'open' AND id <> $2"
        " AND tstzrange(starts_at, ends_at) && tstzrange($3, $4) ORDER BY starts_at LIMIT 1",
        opening.pool_id,
        opening.id,
        opening.starts_at,
        ends_at,
    )
    if found is not None:
        other = OpeningRow(*found)
        raise OpeningOverlap(
            opening={
                "id": other.id,
                "starts_at": local(other.starts_at),
                "ends_at": local(other.ends_at),
                "counters": other.counters,
            }
        )


async def judge(
    centre_id: uuid.UUID, change: Change, opening: OpeningRow | None, *, now: datetime
) -> Judgement:
    """Who would keep a place by the change. Locks nothing; equal marks are equal judgements."""
    touched = await _touched(centre_id, change, now=now)
    becoming = {slot.id: changes.after(change, slot) for slot in touched}
    seen = NOBODY
    if touched:
        seen = await standing.look(
            centre_id,
            min(slot.starts_at for slot in touched),
            max(slot.ends_at for slot in touched),
            now=now,
            pool_ids={slot.pool_id for slot in touched},
        )
    seats = seen.seats(becoming)
    opening_ids = {slot.opening_id for slot in seen.slots.values()}
    rows = await fetch("SELECT id, version FROM opening WHERE id = ANY($1) ORDER BY id", list(opening_ids))
    openings = {str(row["id"]): row["version"] for row in rows}
    if opening is not None:
        openings[str(opening.id)] = opening.version
    return Judgement(
        seen=seen,
        becoming=becoming,
        seats=seats,
        openings=openings,
        mark=_mark(seen, openings, becoming),
        impact=await _impact(seen.visits, seats),
    )


async def _touched(centre_id: uuid.UUID, change: Change, *, now: datetime) -> list[LedgerSlot]:
    opening_id, end = (None, change.ends_at) if isinstance(change, Close) else (change.opening_id, None)
    rows = await fetch(TOUCHED, centre_id, now, opening_id, end)
    slots = [slot for slot in map(_slot, rows) if changes.touches(change, slot, now=now)]
    if not isinstance(change, Close) or change.pool_id is not None or change.windows:
        return slots
    counters = {pool.id for pool in await centres.pools_of(centre_id, "counter")}
    return [slot for slot in slots if slot.pool_id in counters]


def _slot(row: Sequence[object]) -> LedgerSlot:
    return LedgerSlot(*row)  # type: ignore[arg-type]  # the columns are the fields


def _mark(seen: Standing, openings: Mapping[str, int], becoming: Mapping[uuid.UUID, LedgerSlot]) -> str:
    """All the judgement rests on, as one word: openings, visits, and what else stands in the slots."""
    visits = sorted(
        (str(row.id), row.version, row.state, row.placement, str(row.pool_id)) for row in seen.visits
    )
    room = sorted((str(slot.id), tuple(slot.room), slot.id in becoming) for slot in seen.room(becoming))
    closing = sorted(str(slot.id) for slot in becoming.values() if not slot.open)
    return hashlib.sha256(msgspec.json.encode((visits, room, closing, openings))).hexdigest()


async def _impact(visits: Sequence[AppointmentRow], seats: Mapping[uuid.UUID, Seat]) -> Impact:
    lost = [row for row in visits if row.id not in seats]
    orphans = await told_of(sorted(lost, key=lambda row: (row.starts_at, row.id)))
    return Impact(
        supported=len(visits) - len(lost),
        orphaned=len(lost),
        unreachable=sum(not orphan.reachable for orphan in orphans),
        appointments=orphans,
    )


async def told_of(rows: Sequence[AppointmentRow]) -> list[Orphan]:
    """These appointments as staff are told of them."""
    known = await identity.reachable({row.citizen_id for row in rows if row.contact_phone is None})
    return [
        Orphan(
            id=row.id,
            reference=row.reference,
            status=row.state,
            starts_at=local(row.starts_at),
            reachable=row.contact_phone is not None or row.citizen_id in known,
        )
        for row in rows
    ]


async def orphans_of(
    centre_id: uuid.UUID, *, now: datetime, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Orphan]:
    """A centre's appointments still to come that have no place, by time."""
    moment, last_id = after or (None, None)
    rows = await fetch(
        f"SELECT {SHOWN} FROM appointment WHERE centre_id = $1 AND placement = 'orphaned'"
        " AND (state = 'confirmed' OR (state = 'held' AND hold_expires_at > clock_timestamp()))"
        " AND starts_at >= $2 AND ($3::timestamptz IS NULL OR (starts_at, id) > ($3, $4::uuid))"
        " ORDER BY starts_at, id LIMIT $5",
        centre_id,
        now,
        moment,
        last_id,
        limit,
    )
    return await told_of([appointment_row(row) for row in rows])
