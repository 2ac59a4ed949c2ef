"""Who stands where in a stretch of a centre's time: the slots, the visits in them, and what is left.

Read for a judgement: everybody whose place may be given in another pool is lifted out, the rest of what
is taken stays (people who are here, visits at a door), and `placing` puts them back. Nothing is written.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.appointments.changes import LedgerSlot
from app.appointments.kept_back import NOBODY
from app.appointments.places import Channel, Room
from app.appointments.placing import Board, Slot, Visit, place_all
from app.appointments.queries import COLUMNS, AppointmentRow, appointment_row
from app.appointments.states import Placement, State
from app.centres import queries as centres
from app.core.database import fetch
from app.procedures import queries as procedures

# A hold that is over, or keeps a place for nobody, is a ghost: it gives its places to whoever was promised.
AROUND: Final = f"""
SELECT {COLUMNS}, citizen_id = '{NOBODY}' OR (state = 'held' AND hold_expires_at <= clock_timestamp())
       AS ghost FROM appointment
 WHERE centre_id = $1 AND starts_at >= $2 AND starts_at < $4 AND ends_at > $3
   AND state IN ('held', 'confirmed')
"""
SLOTS: Final = f"""
SELECT {", ".join(LedgerSlot._fields)} FROM slot
 WHERE pool_id = ANY($1) AND starts_at < $3 AND ends_at > $2 ORDER BY id
"""
PLACED: Final = "SELECT appointment_id, slot_id FROM appointment_slot WHERE appointment_id = ANY($1)"

Taken = Counter[tuple[uuid.UUID, Channel]]


class Seat(NamedTuple):
    """Where a visit is placed."""

    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    slot_ids: tuple[uuid.UUID, ...]


class Standing(NamedTuple):
    """What was seen. `visits` are in order of priority; `here` are the slots each of them fills now."""

    visits: Sequence[AppointmentRow]
    ghosts: Sequence[AppointmentRow]
    slots: Mapping[uuid.UUID, LedgerSlot]
    here: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]
    pools: Mapping[uuid.UUID, Sequence[uuid.UUID]]
    grain: timedelta

    def seats(self, becoming: Mapping[uuid.UUID, LedgerSlot] | None = None) -> dict[uuid.UUID, Seat]:
        """Where each visit is once some slots are what they become; who is not in it has no place."""
        slots = self.room(becoming)
        visits = {visit.id: visit for visit in self.wanted()}
        placed = place_all(slots, list(visits.values()))
        board, ends = Board(slots), {slot.id: slot.ends_at for slot in slots}
        seats = {}
        for appointment_id, pool_id in placed.pool_of.items():
            stretch = board.stretch(visits[appointment_id], pool_id)
            assert stretch is not None
            seats[appointment_id] = Seat(
                pool_id, visits[appointment_id].starts_at, ends[stretch[-1]], stretch
            )
        return seats

    def wanted(self) -> list[Visit]:
        """The visits as they ask for a place."""
        return [
            Visit(
                id=row.id,
                channel=Channel(row.channel),
                starts_at=row.starts_at,
                ends_at=row.starts_at + row.grains * self.grain,
                pool_ids=tuple(self.pools[row.id]),
                pool_id=row.pool_id if row.placement == Placement.SUPPORTED else None,
            )
            for row in self.visits
        ]

    def room(self, becoming: Mapping[uuid.UUID, LedgerSlot] | None = None) -> list[Slot]:
        """The slots with what is taken when every visit is lifted out; `becoming` says how some change.

        A changed slot has as many places as counters: a promise outranks a share. In the others shares and
        what is kept for walk-ins count, and nobody who is there now is too many.
        """
        changed = becoming or {}
        lifted, ghosts = self._taken_by(self.visits), self._taken_by(self.ghosts)
        return [
            Slot(
                slot.id,
                slot.pool_id,
                slot.starts_at,
                slot.ends_at,
                _without(
                    _open_to_all(changed[slot.id].room)
                    if slot.id in changed
                    else _enough_for_all(_without(slot.room, slot.id, ghosts)),
                    slot.id,
                    lifted + ghosts if slot.id in changed else lifted,
                ),
            )
            for slot in self.slots.values()
            if changed.get(slot.id, slot).open
        ]

    def _taken_by(self, rows: Iterable[AppointmentRow]) -> Taken:
        return Counter(
            (slot_id, Channel(row.channel)) for row in rows for slot_id in self.here.get(row.id, ())
        )


def _without(room: Room, slot_id: uuid.UUID, gone: Taken) -> Room:
    for channel in Channel:
        room = room.changed(channel, -gone[slot_id, channel])
    return room


def _open_to_all(room: Room) -> Room:
    return room._replace(online_cap=room.capacity, partner_cap=room.capacity, walkin_floor=0)


def _enough_for_all(room: Room) -> Room:
    citizens = room.taken_online + room.taken_partner
    return room._replace(
        capacity=max(room.capacity, citizens + room.taken_walkin),
        online_cap=max(room.online_cap, room.taken_online),
        partner_cap=max(room.partner_cap, room.taken_partner),
        walkin_floor=max(min(room.walkin_floor, room.capacity - citizens), 0),
    )


def priority(row: AppointmentRow) -> tuple[bool, bool, datetime, uuid.UUID]:
    """Whoever has a place before who has none, confirmed before held, then who came first."""
    return (
        row.placement == Placement.ORPHANED,
        row.state == State.HELD,
        row.created_at,
        row.id,
    )


async def look(
    centre_id: uuid.UUID,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    pool_ids: Collection[uuid.UUID] = (),
    among: Collection[uuid.UUID] | None = None,
) -> Standing:
    """What stands between two moments at a centre, in these pools and in those its visits may use.

    `among` names the visits that may be lifted, and the ghosts that may go; the others stay.
    """
    found = await fetch(AROUND, centre_id, now, start, end)
    known = [(appointment_row(row), row["ghost"]) for row in found if among is None or row["id"] in among]
    rows = [row for row, ghost in known if not ghost]
    ghosts = [row for row, ghost in known if ghost and row.placement == Placement.SUPPORTED]
    rows.sort(key=priority)
    pools = await _pools(rows)
    centre = await centres.any_centre(centre_id)
    grain = timedelta(minutes=centre.grain_minutes)
    lifted = [*rows, *ghosts]
    slots = await fetch(
        SLOTS,
        list(
            {*pool_ids, *(pool for each in pools.values() for pool in each), *(g.pool_id for g in ghosts)}
        ),
        min([start, *(row.starts_at for row in lifted)]),
        max([end, *(max(row.ends_at, row.starts_at + row.grains * grain) for row in lifted)]),
    )
    return Standing(
        visits=rows,
        ghosts=ghosts,
        slots={row["id"]: LedgerSlot(*row) for row in slots},
        here=await _here([row.id for row in lifted]),
        pools=pools,
        grain=grain,
    )


async def _pools(rows: Iterable[AppointmentRow]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """For each visit the pools that serve it: where it is first, so that nobody moves without need."""
    serving: dict[tuple[uuid.UUID, tuple[str, ...]], list[uuid.UUID]] = {}
    found = {}
    for row in rows:
        question = (row.centre_id, tuple(item.procedure for item in row.items))
        if question not in serving:
            serving[question] = await procedures.pools_serving(*question)
        found[row.id] = [row.pool_id, *(pool for pool in serving[question] if pool != row.pool_id)]
    return found


async def _here(appointment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, ...]]:
    """The slots each of them fills."""
    here: dict[uuid.UUID, tuple[uuid.UUID, ...]] = {}
    for row in await fetch(PLACED, appointment_ids):
        here[row["appointment_id"]] = (*here.get(row["appointment_id"], ()), row["slot_id"])
    return here
