"""Giving appointments other places, or none: what a change writes, in the transaction of whoever decides.

The caller has locked the appointments and then the slots by id. All of it is written at once, so that
placement, the rows that say where somebody is, and the counters of the slots agree at every commit.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from app.appointments import changes, standing, steps
from app.appointments.changes import LedgerSlot
from app.appointments.events import AppointmentOrphaned, AppointmentSupported
from app.appointments.needs import Need
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.appointments.standing import Seat, Standing, Taken
from app.appointments.states import Placement
from app.core import journal, outbox
from app.core.actor import SYSTEM
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.wakeups import wake_after_commit

SLOTS: Final = """
UPDATE slot SET taken_online = taken_online + given.online, taken_partner = taken_partner + given.partner,
       taken_staff = taken_staff + given.staff, taken_walkin = taken_walkin + given.walkin,
       open = given.open, capacity = given.capacity, online_cap = given.online_cap,
       partner_cap = given.partner_cap, walkin_floor = given.walkin_floor
  FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[],
              $7::smallint[], $8::smallint[], $9::smallint[], $10::smallint[])
       AS given (id, online, partner, staff, walkin, open, capacity, online_cap, partner_cap, walkin_floor)
 WHERE slot.id = given.id
"""
# The version changes with what is shown, and a pool or a placement is not (docs/decisions/0016).
APPOINTMENTS: Final = """
UPDATE appointment SET centre_id = given.centre_id, pool_id = given.pool_id,
       starts_at = given.starts_at, ends_at = given.ends_at, local_date = given.local_date,
       grains = given.grains, items = given.items, placement = given.placement, version = given.version
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::date[],
              $7::smallint[], $8::jsonb[], $9::text[], $10::integer[])
       AS given (id, centre_id, pool_id, starts_at, ends_at, local_date, grains, items, placement, version)
 WHERE appointment.id = given.id
"""
LOCK_ORPHANS: Final = """
SELECT id FROM appointment
 WHERE centre_id = $1 AND placement = 'orphaned' AND starts_at >= $2 AND starts_at < $4 AND ends_at > $3
   AND (state = 'confirmed' OR (state = 'held' AND hold_expires_at > clock_timestamp()))
 ORDER BY id FOR UPDATE SKIP LOCKED
"""
# Who may move over for them, and the holds that give their places up.
LOCK_THOSE_BESIDE: Final = """
SELECT id FROM appointment
 WHERE centre_id = $1 AND placement = 'supported' AND starts_at < $3 AND ends_at > $2
   AND state IN ('held', 'confirmed')
 ORDER BY id FOR UPDATE SKIP LOCKED
"""
LOCK_SLOTS: Final = "SELECT id FROM slot WHERE id = ANY($1) ORDER BY id FOR UPDATE"


class Reseated(NamedTuple):
    """An appointment as it was, the slots it filled, and where it is now: nowhere is None.

    `need` is what it is at another time, perhaps at another centre.
    """

    row: AppointmentRow
    left: tuple[uuid.UUID, ...]
    seat: Seat | None
    need: Need | None = None

    @property
    def placement(self) -> Placement:
        return Placement.ORPHANED if self.seat is None else Placement.SUPPORTED

    def after(self) -> AppointmentRow:
        """The row as it then reads."""
        row = self.row._replace(placement=self.placement.value)
        if self.seat is None:
            return row
        if self.need is not None:
            row = row._replace(
                centre_id=self.need.centre_id,
                grains=self.need.grains,
                items=self.need.items,
                version=row.version + 1,
            )
        return row._replace(
            pool_id=self.seat.pool_id, starts_at=self.seat.starts_at, ends_at=self.seat.ends_at
        )


def reseated(seen: Standing, seats: Mapping[uuid.UUID, Seat]) -> list[Reseated]:
    """Those whose slots change."""
    found = [Reseated(row, seen.here.get(row.id, ()), seats.get(row.id)) for row in seen.visits]
    return [
        each for each in found if set(each.left) != set(each.seat.slot_ids if each.seat is not None else ())
    ]


async def lock_slots(slot_ids: Iterable[uuid.UUID]) -> None:
    await in_transaction().fetch(LOCK_SLOTS, list(slot_ids))


async def write(
    moves: Sequence[Reseated],
    slots: Mapping[uuid.UUID, LedgerSlot],
    becoming: Mapping[uuid.UUID, LedgerSlot] | None = None,
) -> None:
    """Write where everybody is now, with the counters, and what changed slots become."""
    work = in_transaction()
    ids = [each.row.id for each in moves]
    await work.execute("DELETE FROM appointment_slot WHERE appointment_id = ANY($1)", ids)
    await _write_slots(_differences(moves), slots, becoming or {})
    pairs = [(slot_id, each.row.id) for each in moves if each.seat for slot_id in each.seat.slot_ids]
    await work.execute(
        "INSERT INTO appointment_slot (slot_id, appointment_id)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[])",
        [slot_id for slot_id, _ in pairs],
        [appointment_id for _, appointment_id in pairs],
    )
    rows = [each.after() for each in moves]
    await work.execute(
        APPOINTMENTS,
        ids,
        [row.centre_id for row in rows],
        [row.pool_id for row in rows],
        [row.starts_at for row in rows],
        [row.ends_at for row in rows],
        [local_date(row.starts_at) for row in rows],
        [row.grains for row in rows],
        [msgspec.json.encode(row.items).decode() for row in rows],
        [row.placement for row in rows],
        [row.version for row in rows],
    )
    for centre_id in {row.centre_id for each in moves for row in (each.row, each.after())}:
        wake_after_commit(f"centre:{centre_id}")


def _differences(moves: Iterable[Reseated]) -> Taken:
    differences: Taken = Counter()
    for each in moves:
        channel = Channel(each.row.channel)
        differences.subtract((slot_id, channel) for slot_id in each.left)
        differences.update((slot_id, channel) for slot_id in (each.seat.slot_ids if each.seat else ()))
    return differences


async def _write_slots(
    differences: Taken,
    slots: Mapping[uuid.UUID, LedgerSlot],
    becoming: Mapping[uuid.UUID, LedgerSlot],
) -> None:
    written = []
    for slot_id in sorted({slot_id for slot_id, _ in differences} | becoming.keys()):
        slot = slots[slot_id]
        change = {channel: differences[slot_id, channel] for channel in Channel}
        if slot_id in becoming:
            slot = changes.keeping(
                becoming[slot_id]._replace(
                    taken_online=slot.taken_online + change[Channel.ONLINE],
                    taken_partner=slot.taken_partner + change[Channel.PARTNER],
                    taken_staff=slot.taken_staff + change[Channel.STAFF],
                    taken_walkin=slot.taken_walkin + change[Channel.WALKIN],
                )
            )
        written.append(
            (
                slot.id,
                *(change[channel] for channel in Channel),
                slot.open,
                slot.capacity,
                slot.online_cap,
                slot.partner_cap,
                slot.walkin_floor,
            )
        )
    if written:
        await in_transaction().execute(SLOTS, *(list(column) for column in zip(*written, strict=True)))


async def note(moves: Iterable[Reseated], *, now: datetime) -> None:
    """Say of each what became of their place. Nobody is told: what they were promised is the same."""
    for each in moves:
        row, before = each.after(), each.row
        detail = {"from": {"pool_id": before.pool_id}, "to": {"pool_id": row.pool_id}}
        if each.placement == before.placement:
            await journal.write(
                "appointment.pool_changed",
                object_kind="appointment",
                object_id=row.id,
                at=now,
                detail=detail,
                actor=SYSTEM,  # Who came in is nothing to those who moved for them.
            )
            continue
        fact = AppointmentOrphaned if each.placement is Placement.ORPHANED else AppointmentSupported
        await journal.write(fact.kind, object_kind="appointment", object_id=row.id, at=now, detail=detail)
        await outbox.record(
            fact(
                occurred_at=now,
                appointment_id=row.id,
                centre_id=row.centre_id,
                citizen_id=row.citizen_id,
                starts_at=row.starts_at,
                version=row.version,
            )
        )


async def support_orphans(centre_id: uuid.UUID, start: datetime, end: datetime, *, now: datetime) -> int:
    """Give the places that are free between two moments to those who lost theirs; how many have one now.

    For whoever has just given places back, in the same transaction. Appointments somebody else is working
    on are passed by, so that nobody waits for an appointment while holding slots; the fact that the place
    was given back brings the rest (`operations.support_orphans`).
    """
    locked = await in_transaction().fetch(LOCK_ORPHANS, centre_id, now, start, end)
    if not locked:
        return 0
    orphans = {row["id"] for row in locked}
    seen = await standing.look(centre_id, start, end, now=now, among=orphans)
    beside = await in_transaction().fetch(
        LOCK_THOSE_BESIDE,
        centre_id,
        min(row.starts_at for row in seen.visits),
        max(row.ends_at for row in seen.visits),
    )
    among = orphans | {row["id"] for row in beside}
    seen = await standing.look(centre_id, start, end, now=now, among=among)
    await lock_slots(seen.slots)
    known = seen.slots
    seen = await standing.look(centre_id, start, end, now=now, among=among)
    # An opening published meanwhile has slots nobody locked: they are somebody else's to give.
    seen = seen._replace(slots={slot.id: slot for slot in seen.slots.values() if slot.id in known})
    moves = reseated(seen, seen.seats())
    await steps.end_holds(_in_the_way(seen, moves), now=now)
    await write(moves, seen.slots)
    await note(moves, now=now)
    return sum(each.row.placement == Placement.ORPHANED for each in moves)


def _in_the_way(seen: Standing, moves: Iterable[Reseated]) -> list[uuid.UUID]:
    """The ghosts that must go for these moves: of the same channel first, no more than come in."""
    coming = +_differences(moves)
    gone = []
    for other in (False, True):
        for ghost in seen.ghosts:
            channel = Channel(ghost.channel)
            for slot_id in seen.here.get(ghost.id, ()):
                key = next(
                    (key for key in coming if key[0] == slot_id and (other or key[1] is channel)), None
                )
                if key is not None and ghost.id not in gone:
                    gone.append(ghost.id)
                    coming = +(coming - Counter([key]))
    return gone
