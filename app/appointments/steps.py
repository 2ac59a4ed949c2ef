"""What other concepts, and the operations here, join into their own transaction.

Lock order, for whoever holds more than one lock: the appointment, then expired holds by id, then slots
by id. Who takes several people's appointments (`making_room`) passes by those somebody is working on.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import asyncpg

from app.appointments import booking_rules, kept_back, rules, states
from app.appointments.errors import AppointmentNotFound, OutsideCheckInWindow
from app.appointments.events import AppointmentExpired
from app.appointments.needs import Need
from app.appointments.places import PLACES_LEFT, Channel
from app.appointments.queries import COLUMNS, AppointmentRow, appointment_row
from app.appointments.states import Move, State
from app.businesses import steps as businesses
from app.businesses.errors import BusinessNotFound
from app.core import journal, outbox
from app.core.clock import local, local_date
from app.core.database import in_transaction
from app.core.wakeups import wake_after_commit

# Three statements, for what stands beside a locked row is as old as its statement. The holds are locked and
# asked again; then their slots, in one order with those the caller wants next; then the places go back.
OVER: Final = """
SELECT id FROM appointment
 WHERE state = 'held' AND hold_expires_at <= clock_timestamp() {scope}
 ORDER BY id LIMIT $1 FOR UPDATE {waiting}
"""
WANTED: Final = "pool_id = ANY($2) AND starts_at >= $3 AND starts_at < $4"
IN_THE_WAY: Final = f"""AND (citizen_id = $5 OR EXISTS (
    SELECT FROM appointment_slot placed JOIN slot ON slot.id = placed.slot_id
     WHERE placed.appointment_id = appointment.id AND {WANTED}))"""
ALL_OVER: Final = OVER.format(scope="", waiting="SKIP LOCKED")
OVER_HERE: Final = OVER.format(scope=IN_THE_WAY, waiting="OF appointment")
FREE_TO_END: Final = OVER.format(scope=IN_THE_WAY, waiting="OF appointment SKIP LOCKED")
HAS_EXPIRED: Final = f"""
SELECT count(*) > 0 FROM (
    SELECT FROM appointment
     WHERE state = 'held' AND hold_expires_at <= clock_timestamp() {IN_THE_WAY} LIMIT $1) dead
"""
LOCK_SLOTS: Final = f"""
SELECT id FROM slot WHERE id IN (
       SELECT id FROM slot WHERE {WANTED}
        UNION ALL
       SELECT slot_id FROM appointment_slot WHERE appointment_id = ANY($1))
 ORDER BY id FOR UPDATE
"""
GIVEN_BACK: Final = """\
freed AS (
    SELECT slot_id, count(*) FILTER (WHERE channel = 'online') AS online,
           count(*) FILTER (WHERE channel = 'partner') AS partner,
           count(*) FILTER (WHERE channel = 'staff') AS staff,
           count(*) FILTER (WHERE channel = 'walkin') AS walkin
      FROM unplaced GROUP BY slot_id),
locked AS (
    SELECT id FROM slot WHERE id IN (SELECT slot_id FROM freed) ORDER BY id FOR UPDATE),
given_back AS (
    UPDATE slot SET taken_online = taken_online - freed.online,
                    taken_partner = taken_partner - freed.partner,
                    taken_staff = taken_staff - freed.staff,
                    taken_walkin = taken_walkin - freed.walkin
      FROM freed JOIN locked ON locked.id = freed.slot_id
     WHERE slot.id = freed.slot_id)"""
END: Final = f"""
WITH ended AS (
    UPDATE appointment SET state = 'expired', version = version + 1 WHERE id = ANY($1)
    RETURNING id, centre_id, citizen_id, channel, starts_at),
unclaimed AS (
    DELETE FROM appointment_claim WHERE appointment_id IN (SELECT id FROM ended)),
unplaced AS (
    DELETE FROM appointment_slot USING ended WHERE appointment_id = ended.id
    RETURNING slot_id, channel),
{GIVEN_BACK}
SELECT id, centre_id, citizen_id, starts_at FROM ended
"""
# Of appointments the caller has locked.
VACATE: Final = f"""
WITH unplaced AS (
    DELETE FROM appointment_slot USING appointment
     WHERE appointment_id = appointment.id AND appointment.id = ANY($1)
    RETURNING slot_id, channel),
{GIVEN_BACK}
SELECT count(*) FROM freed
"""
MOST_AT_ONCE: Final = 200
# Whether a business's is theirs is asked afterwards, of the delegation (`act_on`).
MAYBE_THEIRS: Final = "({0}::uuid IS NULL OR citizen_id = {0} OR tax_code IS NOT NULL)"

RELEASE: Final = """
WITH unplaced AS (
    DELETE FROM appointment_slot WHERE appointment_id = $1 RETURNING slot_id),
locked AS (
    SELECT id FROM slot WHERE id IN (SELECT slot_id FROM unplaced) ORDER BY id FOR UPDATE)
UPDATE slot SET taken_{channel} = taken_{channel} - 1 WHERE id IN (SELECT id FROM locked)
"""


class Stretch(NamedTuple):
    """What one person wants: the slots of these pools that start within a time."""

    pool_ids: Sequence[uuid.UUID]
    start: datetime
    end: datetime
    citizen_id: uuid.UUID

    @classmethod
    def of(cls, need: Need, starts_at: datetime, citizen_id: uuid.UUID) -> "Stretch":
        return cls(need.pool_ids, starts_at, starts_at + need.length, citizen_id)


async def take_place(slot_id: uuid.UUID, *, channel: Channel) -> bool:
    """Take one place of one slot, or learn that there is none. For visits with a slot of their own."""
    column = f"taken_{Channel(channel).value}"
    return bool(
        await in_transaction().fetchval(
            f"UPDATE slot SET {column} = {column} + 1"
            f" WHERE id = $1 AND open AND {PLACES_LEFT[Channel(channel)]} > 0 RETURNING true",
            slot_id,
        )
    )


async def release_place(slot_id: uuid.UUID, *, channel: Channel) -> None:
    """Give one place back that `take_place` took; giving back more than was taken is an error."""
    column = f"taken_{Channel(channel).value}"
    await in_transaction().execute(f"UPDATE slot SET {column} = {column} - 1 WHERE id = $1", slot_id)


async def release(row: AppointmentRow) -> None:
    """Give back the places and the person's claims of an appointment the caller has locked."""
    await leave_places(row.id, Channel(row.channel))
    await in_transaction().execute("DELETE FROM appointment_claim WHERE appointment_id = $1", row.id)


async def leave_places(appointment_id: uuid.UUID, channel: Channel) -> None:
    """Give back the places of an appointment the caller has locked; its claims stay."""
    await in_transaction().execute(RELEASE.format(channel=channel.value), appointment_id)


async def give_places_back(appointment_ids: Sequence[uuid.UUID]) -> None:
    """Give back the places of appointments the caller has locked; what they claimed for the day stays."""
    await in_transaction().execute(VACATE, appointment_ids)


async def sweep(*, now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """End holds whose time is over, passing by those somebody is working on; how many."""
    return await _end(await in_transaction().fetch(ALL_OVER, limit), now=now)


async def reclaim(
    stretch: Stretch, *, now: datetime, keeping: uuid.UUID | None = None, passing_by: bool = False
) -> int:
    """End the expired holds in a person's way, and their own, waiting for who works on them; how many.

    The caller holds no slot yet. Afterwards it holds all of the stretch, and the slots of the
    appointment it is keeping, locked in one order. A caller who holds other people's appointments waits
    for no further one: `passing_by`.
    """
    work = in_transaction()
    dead = await work.fetch(FREE_TO_END if passing_by else OVER_HERE, MOST_AT_ONCE, *stretch)
    theirs = [row["id"] for row in dead]
    if keeping is not None:
        theirs.append(keeping)
    await work.execute(LOCK_SLOTS, theirs, stretch.pool_ids, stretch.start, stretch.end)
    return await _end(dead, now=now)


async def _end(dead: Sequence[asyncpg.Record], *, now: datetime) -> int:
    if not dead:
        return 0
    return await _tell(await in_transaction().fetch(END, [row["id"] for row in dead]), now=now)


async def end_holds(appointment_ids: Sequence[uuid.UUID], *, now: datetime) -> int:
    """End these holds: their time is over, or they keep a place for nobody. The caller has locked them."""
    if not appointment_ids:
        return 0
    return await _tell(await in_transaction().fetch(END, appointment_ids), now=now)


async def has_expired_holds(stretch: Stretch) -> bool:
    """Whether there is anything to reclaim; locks nothing."""
    return bool(await in_transaction().fetchval(HAS_EXPIRED, 1, *stretch))


async def _tell(rows: Sequence[asyncpg.Record], *, now: datetime) -> int:
    kept = [row["id"] for row in rows if row["citizen_id"] == kept_back.NOBODY]
    if kept:
        await in_transaction().execute("DELETE FROM appointment WHERE id = ANY($1)", kept)
    for appointment_id, centre_id, citizen_id, starts_at in rows:
        wake_after_commit(f"centre:{centre_id}")
        if citizen_id == kept_back.NOBODY:
            continue
        await journal.write(
            "appointment.expired", object_kind="appointment", object_id=appointment_id, at=now
        )
        await outbox.record(
            AppointmentExpired(
                occurred_at=now,
                appointment_id=appointment_id,
                centre_id=centre_id,
                starts_at=starts_at,
            )
        )
    return len(rows)


async def locked(
    appointment_id: uuid.UUID, *, citizen_id: uuid.UUID | None = None, on: date | None = None
) -> AppointmentRow:
    """The appointment, locked; when a person is named theirs, or of a business they act for on the day.

    Raises `AppointmentNotFound`.
    """
    found = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM appointment WHERE id = $1 AND {MAYBE_THEIRS.format('$2')} FOR UPDATE",
        appointment_id,
        citizen_id,
    )
    if found is None:
        raise AppointmentNotFound
    row = appointment_row(found)
    if citizen_id is not None:
        await act_on(row, citizen_id=citizen_id, on=on)
    return row


async def act_on(row: AppointmentRow, *, citizen_id: uuid.UUID, on: date | None) -> None:
    """The person may do something about it in this transaction, whoever revokes what: see
    `businesses.steps.act_for`. Raises `AppointmentNotFound`.
    """
    if row.tax_code is None:
        if row.citizen_id != citizen_id:
            raise AppointmentNotFound
        return
    if on is None:
        raise AppointmentNotFound
    try:
        await businesses.act_for(row.tax_code, citizen_id=citizen_id, on=on)
    except BusinessNotFound:
        raise AppointmentNotFound from None


async def move(row: AppointmentRow, move: Move) -> AppointmentRow:
    """Bring a locked appointment to the state that follows; the caller has asked the table."""
    state = states.MOVES[State(row.state), move]
    await in_transaction().execute(
        "UPDATE appointment SET state = $2, hold_expires_at = NULL, confirm_by = NULL,"
        " version = version + 1 WHERE id = $1",
        row.id,
        state.value,
    )
    wake_after_commit(f"centre:{row.centre_id}")
    return row._replace(state=state.value, hold_expires_at=None, version=row.version + 1)


async def mark_arrived(
    *,
    now: datetime,
    appointment_id: uuid.UUID | None = None,
    reference: str | None = None,
    centre_id: uuid.UUID | None = None,
    citizen_id: uuid.UUID | None = None,
    late_too: bool = False,
) -> AppointmentRow:
    """The person is here. Named by id or by reference, at a centre or by its owner.

    Raises `AppointmentNotFound`, and `OutsideCheckInWindow` when it is not confirmed, too early or too
    late. With `late_too` whoever comes after the grace, still on the day, has arrived as well, also when
    it was marked as missed meanwhile: they came. The caller makes the ticket.
    """
    found = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM appointment WHERE ($1::uuid IS NULL OR id = $1)"
        " AND ($2::text IS NULL OR (reference = $2 AND (state IN ('held', 'confirmed', 'arrived')"
        "      OR ($5 AND state = 'missed'))))"
        f" AND ($3::uuid IS NULL OR centre_id = $3) AND {MAYBE_THEIRS.format('$4')}"
        " AND ($1::uuid IS NOT NULL OR $2::text IS NOT NULL)"
        " ORDER BY state = 'missed', starts_at DESC LIMIT 1 FOR UPDATE",
        appointment_id,
        reference,
        centre_id,
        citizen_id,
        late_too,
    )
    if found is None:
        raise AppointmentNotFound
    row = appointment_row(found)
    if citizen_id is not None:
        await act_on(row, citizen_id=citizen_id, on=local_date(now))
    by = await booking_rules.rules_of(row.centre_id, on=local_date(now))
    step: Move | None = Move.ARRIVE
    action = "appointment.arrived"
    if late_too and rules.came_late(row.starts_at, now=now, rules=by):
        step, action = Move.COME_LATE, "appointment.arrived_late"
    elif not rules.may_check_in(row.starts_at, now=now, rules=by):
        step = None
    if step is None or states.after(row.state, step) is None:
        opens_at, closes_at = rules.check_in_window(row.starts_at, by)
        raise OutsideCheckInWindow(
            opens_at=local(opens_at),
            closes_at=local(closes_at),
            state=row.state,
            before=int(rules.CHECK_IN_FROM.total_seconds() // 60),
            after=by.grace_minutes,
        )
    row = await move(row, step)
    await journal.write(action, object_kind="appointment", object_id=row.id, at=now)
    return row


async def undo_arrival(appointment_id: uuid.UUID, *, now: datetime) -> None:
    """The check-in was a mistake: the appointment stands as before."""
    await _follow(appointment_id, Move.LEAVE_UNDONE, "appointment.arrival_undone", now=now)


async def mark_come_late(appointment_id: uuid.UUID, *, now: datetime) -> None:
    """The person who had not come when called is here: nobody stayed away. Otherwise nothing changes."""
    await _follow(appointment_id, Move.COME_LATE, "appointment.arrived_late", now=now)


async def mark_served(appointment_id: uuid.UUID, *, now: datetime) -> None:
    """The person was served. Doing it again, or to one already over, changes nothing."""
    await _follow(appointment_id, Move.SERVE, "appointment.served", now=now)


async def mark_missed(appointment_id: uuid.UUID, *, now: datetime) -> None:
    """The person was called and did not come. Again, or to one already over, changes nothing."""
    if await _follow(appointment_id, Move.MISS, "appointment.missed", now=now):
        await give_places_back([appointment_id])


async def _follow(appointment_id: uuid.UUID, step: Move, action: str, *, now: datetime) -> bool:
    row = await locked(appointment_id)
    if states.after(row.state, step) is None:
        return False
    await move(row, step)
    await journal.write(action, object_kind="appointment", object_id=row.id, at=now)
    return True
