"""Confirming, moving and giving up an appointment (xác nhận, đổi, hủy lịch)."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from app.appointments import (
    booking_rules,
    hot,
    kept_back,
    making_room,
    needs,
    queries,
    replacing,
    rules,
    states,
    steps,
    waitlist,
)
from app.appointments.errors import HoldExpired, NotHeld, NotToBeCancelled, NotToBeMoved, SlotFull
from app.appointments.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentRescheduled,
)
from app.appointments.hot import LostRace
from app.appointments.making_room import Exchange
from app.appointments.needs import Item, Need
from app.appointments.operations.book import ALTERNATIVES, Who, outside_period, refuse_over_limit
from app.appointments.places import Channel
from app.appointments.queries import COLUMNS, CONFIRM_BY, AppointmentRow, appointment_row
from app.appointments.states import Move, State
from app.appointments.steps import Stretch
from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

# Whoever waited for this place has it now.
CONFIRM: Final = f"""
WITH confirmed AS (
    UPDATE appointment SET state = 'confirmed', hold_expires_at = NULL, confirm_by = NULL,
           version = version + 1, contact_name = coalesce($3, contact_name),
           contact_phone = coalesce($4, contact_phone)
     WHERE id = $1 AND CASE WHEN $5::text IS NULL THEN tax_code IS NULL AND citizen_id = $2
                           ELSE tax_code = $5 END AND state = 'held' AND {CONFIRM_BY} > clock_timestamp()
       AND placement = 'supported'
    RETURNING {COLUMNS}),
taken AS (
    UPDATE waitlist_entry SET state = 'taken', version = version + 1
     WHERE state = 'offered' AND appointment_id IN (SELECT id FROM confirmed))
SELECT * FROM confirmed
"""
OVER: Final = frozenset({State.CANCELLED, State.EXPIRED})


class _New(NamedTuple):
    """The places a moved appointment has now, and slots others went into for it."""

    pool_id: uuid.UUID
    ends_at: datetime
    given_to_others: frozenset[uuid.UUID] = frozenset()


@operation
async def confirm(
    *,
    appointment_id: uuid.UUID,
    citizen_id: uuid.UUID,
    now: datetime,
    contact: Who | None = None,
) -> AppointmentRow:
    """Make a hold a promise, if its time is not over on the database's clock.

    Raises `AppointmentNotFound`, `HoldExpired`, `NotHeld`.
    """
    given = contact or Who()
    asked = (appointment_id, citizen_id, given.name, given.phone)
    found = await in_transaction().fetchrow(CONFIRM, *asked, None)
    if found is None:
        row = await queries.mine(appointment_id, citizen_id=citizen_id, on=local_date(now))
        if row.tax_code is not None:
            await steps.act_on(row, citizen_id=citizen_id, on=local_date(now))
            found = await in_transaction().fetchrow(CONFIRM, *asked, row.tax_code)
    if found is None:
        if State(row.state) in {State.HELD, State.EXPIRED}:
            raise HoldExpired
        raise NotHeld(state=row.state)
    row = appointment_row(found)
    await journal.write("appointment.confirmed", object_kind="appointment", object_id=row.id, at=now)
    await outbox.record(
        AppointmentConfirmed(
            occurred_at=now,
            appointment_id=row.id,
            centre_id=row.centre_id,
            citizen_id=row.citizen_id,
            starts_at=row.starts_at,
            version=row.version,
        )
    )
    wake_after_commit(f"centre:{row.centre_id}")
    return row


@operation
async def cancel(
    *,
    appointment_id: uuid.UUID,
    citizen_id: uuid.UUID,
    now: datetime,
    reason: str | None = None,
) -> AppointmentRow:
    """Give the place back: a hold to everybody at once, a promise after a rest (`kept_back`).

    Whoever lost a place by a change of the centre has it before anybody else (`replacing`). Doing it
    again changes nothing.

    Raises `AppointmentNotFound`, and `NotToBeCancelled` once the person has arrived or it is over.
    """
    row = await steps.locked(appointment_id, citizen_id=citizen_id, on=local_date(now))
    if State(row.state) in OVER:
        return row
    if states.after(row.state, Move.CANCEL) is None:
        raise NotToBeCancelled(state=row.state)
    await _give_up(row, now=now)
    cancelled = await steps.move(row, Move.CANCEL)
    if reason is not None:
        await in_transaction().execute(
            "UPDATE appointment SET cancel_reason = $2 WHERE id = $1", row.id, reason
        )
    await journal.write("appointment.cancelled", object_kind="appointment", object_id=row.id, at=now)
    await outbox.record(
        AppointmentCancelled(
            occurred_at=now,
            appointment_id=row.id,
            centre_id=row.centre_id,
            citizen_id=row.citizen_id,
            starts_at=row.starts_at,
            was_confirmed=row.state == State.CONFIRMED,
            version=cancelled.version,
        )
    )
    await replacing.support_orphans(row.centre_id, row.starts_at, row.ends_at, now=now)
    return cancelled


async def _give_up(row: AppointmentRow, *, now: datetime) -> None:
    """An offer goes to the next who waits, a promise rests, a hold is free at once."""
    rest = timedelta(0)
    if State(row.state) is State.CONFIRMED:
        rest = kept_back.drawn_rest(row.starts_at, now=now)
    elif await waitlist.decline(row.id):
        rest = rules.PASSING_ON
    if rest:
        await kept_back.keep(row, rest=rest, now=now)
    else:
        await steps.release(row)


async def reschedule(
    *,
    appointment_id: uuid.UUID,
    citizen_id: uuid.UUID,
    starts_at: datetime,
    now: datetime,
    centre_id: uuid.UUID | None = None,
) -> AppointmentRow:
    """Swap the places for others at once; id and reference stay. Whatever fails, the old ones are kept.

    What is given up rests like the places of a cancelled appointment. Where no pool has room, somebody
    who can be served in another one makes it (`making_room`).

    Raises `AppointmentNotFound`, `NotToBeMoved`, `OutsideBookingPeriod`, `AppointmentLimit`,
    `SlotFull` with alternatives, and what `needs.need_of` raises.
    """
    swap = partial(
        _swap,
        appointment_id=appointment_id,
        citizen_id=citizen_id,
        starts_at=starts_at,
        now=now,
        centre_id=centre_id,
    )
    try:
        return await swap()
    except SlotFull as refused:
        need, channel = refused.facts["need"], refused.facts["channel"]
    for _ in range(making_room.ATTEMPTS):
        if not await making_room.can_help(need, starts_at, channel, now=now, leaving=appointment_id):
            break
        with suppress(SlotFull):
            return await swap(by_exchange=True)
    raise SlotFull(alternatives=await ALTERNATIVES((need, starts_at), now=now))


reschedule.__operation__ = True  # type: ignore[attr-defined]  # one transaction, or a second after it failed


@operation
async def _swap(
    *,
    appointment_id: uuid.UUID,
    citizen_id: uuid.UUID,
    starts_at: datetime,
    now: datetime,
    centre_id: uuid.UUID | None,
    by_exchange: bool = False,
) -> AppointmentRow:
    row = await steps.locked(appointment_id, citizen_id=citizen_id, on=local_date(now))
    by = await booking_rules.rules_of(row.centre_id, on=local_date(now))
    movable = rules.may_be_moved(row.starts_at, now=now, rules=by)
    if states.after(row.state, Move.RESCHEDULE) is None or not movable:
        raise NotToBeMoved(state=row.state, hours=f"{by.move_limit_minutes / 60:g}")
    items = [Item(item.procedure, item.quantity) for item in row.items]
    need = await needs.need_of(centre_id or row.centre_id, items, starts_at=starts_at, now=now)
    if not need.lets_book(starts_at, now=now):
        raise outside_period(need)
    exchange: Exchange | None = None
    if by_exchange:
        exchange = await making_room.lock(
            need, starts_at, Channel(row.channel), citizen_id=citizen_id, leaving=row.id, now=now
        )
    else:
        await steps.reclaim(Stretch.of(need, starts_at, citizen_id), now=now, keeping=row.id)
    before = await kept_back.places_of(row.id)
    await steps.release(row)
    await _claim(row, need, starts_at)
    new = await _take_new(row, need, starts_at, exchange, now)
    moved = await _moved(row, need, new.pool_id, starts_at, new.ends_at)
    given_up = [place for place in before if place.slot_id not in new.given_to_others]
    rest = kept_back.drawn_rest(row.starts_at, now=now)
    await kept_back.keep_what_was_left(row, given_up, rest=rest, now=now)
    await _tell_rescheduled(row, moved, now)
    await replacing.support_orphans(row.centre_id, row.starts_at, row.ends_at, now=now)
    return moved


async def _claim(row: AppointmentRow, need: Need, starts_at: datetime) -> None:
    """The person's claims for the new day. The old ones are gone already."""
    await refuse_over_limit(row.claimant_id, starts_at, need)
    await hot.claim(row.id, row.claimant_id, local_date(starts_at), need.claims)


async def _take_new(
    row: AppointmentRow, need: Need, starts_at: datetime, exchange: Exchange | None, now: datetime
) -> _New:
    channel = Channel(row.channel)
    take = partial(hot.place, row.id, channel=channel, starts_at=starts_at, length=need.length)
    for pool_id in need.pool_ids:
        ends_at = await take(pool_id)
        if ends_at is not None:
            return _New(pool_id, ends_at)
    made = await exchange.run(now=now) if exchange is not None else None
    if made is None:
        raise SlotFull(need=need, channel=channel)
    ends_at = await take(made.pool_id)
    if ends_at is None:
        raise LostRace
    return _New(made.pool_id, ends_at, made.slot_ids)


async def _moved(
    row: AppointmentRow,
    need: Need,
    pool_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
) -> AppointmentRow:
    found = await in_transaction().fetchrow(
        "UPDATE appointment SET centre_id = $2, pool_id = $3, starts_at = $4, ends_at = $5,"
        " local_date = $6, grains = $7, items = $8, placement = 'supported', version = version + 1"
        f" WHERE id = $1 RETURNING {COLUMNS}",
        row.id,
        need.centre_id,
        pool_id,
        starts_at,
        ends_at,
        local_date(starts_at),
        need.grains,
        need.stored_items,
    )
    return appointment_row(found)


async def _tell_rescheduled(row: AppointmentRow, moved: AppointmentRow, now: datetime) -> None:
    await journal.write(
        "appointment.rescheduled",
        object_kind="appointment",
        object_id=row.id,
        at=now,
        detail={
            "from": {"centre_id": row.centre_id, "starts_at": row.starts_at},
            "to": {"centre_id": moved.centre_id, "starts_at": moved.starts_at},
        },
    )
    await outbox.record(
        AppointmentRescheduled(
            occurred_at=now,
            appointment_id=row.id,
            centre_id=moved.centre_id,
            citizen_id=row.citizen_id,
            starts_at=moved.starts_at,
            previous_starts_at=row.starts_at,
            version=moved.version,
        )
    )
    wake_after_commit(f"centre:{row.centre_id}")
    wake_after_commit(f"centre:{moved.centre_id}")
