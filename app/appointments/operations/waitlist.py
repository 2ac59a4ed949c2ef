"""Waiting for a place, and not waiting any more (vào, rời danh sách chờ)."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.appointments import kept_back, needs, rules, states, steps, waitlist
from app.appointments.errors import (
    WaitingWindowNotValid,
    WaitlistLimit,
    WaitlistOverlap,
)
from app.appointments.events import AppointmentCancelled, WaitlistJoined
from app.appointments.hot import LostRace
from app.appointments.needs import Item
from app.appointments.operations.book import Who, refuse_unknown_group
from app.appointments.states import Move, State, Wait
from app.appointments.waitlist import COLUMNS, EntryRow
from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('waitlist:' || $1::text, 0))"


@operation
async def join_waitlist(
    *,
    citizen_id: uuid.UUID,
    centre_id: uuid.UUID,
    items: Sequence[Item],
    window_from: datetime,
    window_to: datetime,
    now: datetime,
    contact: Who | None = None,
    priority_group: str | None = None,
) -> EntryRow:
    """Wait for a visit that fits whole between the two moments.

    Raises `WaitingWindowNotValid`, `WaitlistLimit`, `WaitlistOverlap` naming the other entry, and what
    `needs.need_of` raises.
    """
    faults = rules.window_faults(window_from, window_to, now=now)
    if faults:
        raise _not_valid(faults)
    if priority_group is not None:
        await refuse_unknown_group(priority_group)
    await needs.need_of(centre_id, items, starts_at=max(window_from, now), now=now)
    await in_transaction().execute(ONE_AT_A_TIME, str(citizen_id))
    await _end_what_time_has_ended(citizen_id, now=now)
    await _refuse_one_too_many(citizen_id)
    given = contact or Who()
    entry = EntryRow(
        id=new_id(),
        centre_id=centre_id,
        citizen_id=citizen_id,
        items=tuple(items),
        window_from=window_from,
        window_to=window_to,
        state=Wait.WAITING.value,
        appointment_id=None,
        offer_expires_at=None,
        priority_group=priority_group,
        contact_name=given.name,
        contact_phone=given.phone,
        locale=given.locale,
        version=1,
        created_at=now,
    )
    await _write(entry)
    await journal.write("waitlist.joined", object_kind="waitlist_entry", object_id=entry.id, at=now)
    await outbox.record(
        WaitlistJoined(
            occurred_at=now,
            entry_id=entry.id,
            centre_id=centre_id,
            window_from=window_from,
            window_to=window_to,
        )
    )
    return entry


def _not_valid(faults: Sequence[tuple[str, str]]) -> WaitingWindowNotValid:
    return WaitingWindowNotValid(
        days=rules.LONGEST_WAIT.days,
        errors=[
            {"pointer": f"/{field}", "code": code, "detail": code.replace("_", " ")}
            for field, code in faults
        ],
    )


async def _end_what_time_has_ended(citizen_id: uuid.UUID, *, now: datetime) -> None:
    """Whether or not anybody has swept, the person may wait anew; an offer's hold ends by itself."""
    await in_transaction().execute(
        "UPDATE waitlist_entry SET state = 'expired', version = version + 1 WHERE citizen_id = $1"
        " AND ((state = 'offered' AND offer_expires_at <= clock_timestamp())"
        " OR (state = 'waiting' AND window_to <= $2))",
        citizen_id,
        now,
    )


async def _refuse_one_too_many(citizen_id: uuid.UUID) -> None:
    waiting = await in_transaction().fetchval(
        "SELECT count(*) FROM waitlist_entry WHERE citizen_id = $1 AND state = ANY($2)",
        citizen_id,
        [state.value for state in states.STILL_WAITING],
    )
    if waiting >= rules.MOST_WAITING:
        raise WaitlistLimit(most=rules.MOST_WAITING)


async def _write(entry: EntryRow) -> None:
    """The database refuses two that overlap."""
    places = ", ".join(f"${n}" for n in range(1, len(EntryRow._fields) + 1))
    stored = entry._asdict() | {
        "items": msgspec.json.encode([item._asdict() for item in entry.items]).decode()
    }
    written = await in_transaction().fetchval(
        f"INSERT INTO waitlist_entry ({COLUMNS}) VALUES ({places}) ON CONFLICT DO NOTHING RETURNING true",
        *stored.values(),
    )
    if not written:
        other = await in_transaction().fetchval(
            "SELECT id FROM waitlist_entry WHERE citizen_id = $1 AND centre_id = $2"
            " AND state = ANY($3) AND tstzrange(window_from, window_to) && tstzrange($4, $5)"
            " ORDER BY window_from LIMIT 1",
            entry.citizen_id,
            entry.centre_id,
            [state.value for state in states.STILL_WAITING],
            entry.window_from,
            entry.window_to,
        )
        raise WaitlistOverlap(entry_id=other)


@operation
async def leave_waitlist(*, entry_id: uuid.UUID, citizen_id: uuid.UUID, now: datetime) -> None:
    """Wait no more; an offer that was made goes to the next. Again, or when it is over, changes nothing.

    Raises `WaitlistEntryNotFound`.
    """
    entry = await waitlist.mine(entry_id, citizen_id=citizen_id, now=now)
    if entry.appointment_id is not None:
        await _give_offer_up(entry.id, entry.appointment_id, now=now)
        return
    left = await in_transaction().fetchval(
        "UPDATE waitlist_entry SET state = $2, version = version + 1"
        " WHERE id = $1 AND state = $3 RETURNING true",
        entry_id,
        Wait.WITHDRAWN.value,
        Wait.WAITING.value,
    )
    if left:
        await _note_left(entry_id, now=now)
    elif (await waitlist.mine(entry_id, citizen_id=citizen_id, now=now)).appointment_id is not None:
        raise LostRace  # An offer was made since we looked; it is given up in its order of locks.


async def _note_left(entry_id: uuid.UUID, *, now: datetime) -> None:
    await journal.write("waitlist.left", object_kind="waitlist_entry", object_id=entry_id, at=now)


async def _give_offer_up(entry_id: uuid.UUID, appointment_id: uuid.UUID, *, now: datetime) -> None:
    """The appointment is locked before the entry, as everywhere."""
    row = await steps.locked(appointment_id)
    if State(row.state) is not State.HELD or not await waitlist.decline(row.id):
        return
    await _note_left(entry_id, now=now)
    await kept_back.keep(row, rest=rules.PASSING_ON, now=now)
    cancelled = await steps.move(row, Move.CANCEL)
    await journal.write("appointment.cancelled", object_kind="appointment", object_id=row.id, at=now)
    await outbox.record(
        AppointmentCancelled(
            occurred_at=now,
            appointment_id=row.id,
            centre_id=row.centre_id,
            citizen_id=row.citizen_id,
            starts_at=row.starts_at,
            was_confirmed=False,
            version=cancelled.version,
        )
    )
