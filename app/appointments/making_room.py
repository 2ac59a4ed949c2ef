"""Making room: somebody who can be served elsewhere goes there, and a newcomer takes the place.

The moved notice nothing: their reference, time and calendar file are the same, and so is the version of the
appointment, for nothing that is shown has changed. Only those who have not arrived are moved, for a ticket
belongs to its pool.

Always true:
- nobody is locked unless a look without locks has found an exchange (`can_help`);
- exchanges at one start go one after the other, each knowing what the one before did; then appointments
  are locked, passing by those somebody is working on, then all slots of the stretch in id order; so
  whoever waits for us holds nothing we wait for;
- each move is a place given back and a place taken by the statement that judges every booking (`hot`), so
  shares and floors hold at every step.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments import hot, steps
from app.appointments.hot import LostRace
from app.appointments.kept_back import NOBODY
from app.appointments.needs import Need, StoredItem
from app.appointments.places import Channel, Room
from app.appointments.placing import Board, Move, Slot, Visit, make_room
from app.appointments.steps import Stretch
from app.core import journal
from app.core.actor import SYSTEM
from app.core.database import fetch, in_transaction
from app.core.shared import Shared
from app.procedures import queries as procedures

# Somebody may be at work on one of those who could move; after so many attempts there is no place.
ATTEMPTS: Final = 3

# Who may be moved: not yet arrived, and not a hold whose time is over or that keeps a place for nobody.
MOVABLE: Final = f"""
    appointment.centre_id = $1 AND appointment.starts_at = $2 AND citizen_id <> '{NOBODY}'
    AND (state = 'confirmed' OR state = 'held' AND hold_expires_at > clock_timestamp())"""
IN_TURN: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
LOCK: Final = f"SELECT id FROM appointment WHERE {MOVABLE} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"

# Somebody with a promise is moved after somebody with a hold, the longest known last.
STANDING: Final = f"""
SELECT id, channel, pool_id, starts_at, ends_at, items,
       (SELECT array_agg(slot_id ORDER BY slot_id) FROM appointment_slot
         WHERE appointment_id = appointment.id) AS slot_ids
  FROM appointment WHERE {MOVABLE} ORDER BY state, created_at, id
"""
# For a look: expired holds, and the appointment that is to be moved itself, give their places back.
SLOTS: Final = """
WITH freed AS (
    SELECT placed.slot_id, count(*) FILTER (WHERE channel = 'online') AS online,
           count(*) FILTER (WHERE channel = 'partner') AS partner,
           count(*) FILTER (WHERE channel = 'staff') AS staff,
           count(*) FILTER (WHERE channel = 'walkin') AS walkin
      FROM slot JOIN appointment_slot placed ON placed.slot_id = slot.id
      JOIN appointment ON appointment.id = placed.appointment_id
     WHERE $4 AND slot.centre_id = $1 AND slot.starts_at >= $2 AND slot.starts_at < $3
       AND (appointment.id = $5 OR state = 'held' AND hold_expires_at <= clock_timestamp())
     GROUP BY placed.slot_id)
SELECT id, pool_id, starts_at, ends_at, capacity, online_cap, partner_cap, walkin_floor, overbook_limit,
       taken_online - coalesce(freed.online, 0) AS taken_online,
       taken_partner - coalesce(freed.partner, 0) AS taken_partner,
       taken_staff - coalesce(freed.staff, 0) AS taken_staff,
       taken_walkin - coalesce(freed.walkin, 0) AS taken_walkin
  FROM slot LEFT JOIN freed ON freed.slot_id = slot.id
 WHERE slot.centre_id = $1 AND slot.starts_at >= $2 AND slot.starts_at < $3 AND open
"""


class Around(NamedTuple):
    """Everything at a centre that starts within a visit, as somebody sees it who is `leaving` a place."""

    centre_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    leaving: uuid.UUID | None = None


class Made(NamedTuple):
    """The pool that has room now, and the slots into which others went."""

    pool_id: uuid.UUID
    slot_ids: frozenset[uuid.UUID]


async def can_help(
    need: Need, starts_at: datetime, channel: Channel, *, now: datetime, leaving: uuid.UUID | None = None
) -> bool:
    """Whether an exchange would have found a place a moment ago. Locks nothing, costs a crowd one look."""
    around = Around(need.centre_id, starts_at, starts_at + need.length, leaving)
    board = await LOOK(around, now=now)
    return make_room(board, _newcomer(need, starts_at, channel)) is not None


async def lock(
    need: Need,
    starts_at: datetime,
    channel: Channel,
    *,
    now: datetime,
    citizen_id: uuid.UUID,
    leaving: uuid.UUID | None = None,
) -> "Exchange":
    """Lock what an exchange may touch: the caller holds nothing but the appointment it is leaving.

    Expired holds in the way are ended. The exchange itself is a second step, `Exchange.run`.
    """
    work = in_transaction()
    await work.execute(IN_TURN, f"exchange {need.centre_id} {starts_at.timestamp()}")
    found = await work.fetch(LOCK, need.centre_id, starts_at)
    movable = frozenset(row["id"] for row in found) - {leaving}
    pool_ids = [*await procedures.pools_of(need.centre_id)]
    stretch = Stretch(pool_ids, starts_at, starts_at + need.length, citizen_id)
    await steps.reclaim(stretch, now=now, keeping=leaving, passing_by=True)
    return Exchange(need, starts_at, channel, movable)


class Exchange(NamedTuple):
    """Everything an exchange may touch is locked."""

    need: Need
    starts_at: datetime
    channel: Channel
    movable: frozenset[uuid.UUID]

    async def run(self, *, now: datetime) -> Made | None:
        """Make the moves that leave a place for the newcomer, or none; the caller takes the place."""
        around = Around(self.need.centre_id, self.starts_at, self.starts_at + self.need.length)
        board = await _board(around, movable=self.movable)
        seating = make_room(board, _newcomer(self.need, self.starts_at, self.channel))
        if seating is None:
            return None
        entered: set[uuid.UUID] = set()
        for move in seating.moves:
            await _move(move, now=now)
            entered.update(board.stretch(*move) or ())
        return Made(seating.pool_id, frozenset(entered))


def _newcomer(need: Need, starts_at: datetime, channel: Channel) -> Visit:
    return Visit(uuid.UUID(int=0), channel, starts_at, starts_at + need.length, need.pool_ids)


async def _look(around: Around, now: datetime) -> Board:  # noqa: ARG001 - a shared reading is told the time
    return await _board(around)


LOOK: Final = Shared(_look)


async def _board(around: Around, *, movable: frozenset[uuid.UUID] | None = None) -> Board:
    """The slots as they stand and who may be moved: everybody for a look, the locked for an exchange."""
    rows = await fetch(SLOTS, *around[:3], movable is None, around.leaving)
    slots = [Slot(row[0], row[1], row[2], row[3], Room(*row[4:])) for row in rows]
    if len({slot.pool_id for slot in slots}) <= 1:
        return Board(slots)
    served = await procedures.pools_of(around.centre_id)
    alone = Board(slots)
    standing = []
    for row in await fetch(STANDING, around.centre_id, around.starts_at):
        if row["id"] == around.leaving or (movable is not None and row["id"] not in movable):
            continue
        visit = _visit(row, served)
        # Whoever does not stand in exactly the slots of their time (an opening was cut anew) stays there.
        if sorted(alone.stretch(visit, row["pool_id"]) or ()) == row["slot_ids"]:
            standing.append(visit)
    return Board(slots, standing)


def _visit(row: asyncpg.Record, served: Mapping[uuid.UUID, frozenset[str]]) -> Visit:
    codes = {item.procedure for item in msgspec.json.decode(row["items"], type=list[StoredItem])}
    return Visit(
        id=row["id"],
        channel=Channel(row["channel"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        pool_ids=tuple(pool_id for pool_id, known in served.items() if codes <= known),
        pool_id=row["pool_id"],
    )


async def _move(move: Move, *, now: datetime) -> None:
    """Put somebody into another pool at the same time; what they were promised stays word for word."""
    visit, pool_id = move
    await steps.leave_places(visit.id, visit.channel)
    length = visit.ends_at - visit.starts_at
    placed = await hot.place(visit.id, pool_id, visit.channel, starts_at=visit.starts_at, length=length)
    if placed is None:
        raise LostRace
    await in_transaction().execute("UPDATE appointment SET pool_id = $2 WHERE id = $1", visit.id, pool_id)
    await journal.write(
        "appointment.pool_changed",
        object_kind="appointment",
        object_id=visit.id,
        at=now,
        detail={"from": {"pool_id": visit.pool_id}, "to": {"pool_id": pool_id}},
        actor=SYSTEM,  # Who came in is nothing to those who moved for them.
    )
