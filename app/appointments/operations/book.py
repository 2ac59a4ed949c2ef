"""Holding a place (giữ chỗ)."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.appointments import hot, needs, queries, rules, steps
from app.appointments.errors import (
    AppointmentLimit,
    OutsideBookingPeriod,
    PriorityGroupNotKnown,
    SlotFull,
)
from app.appointments.hot import Channel, Held, LostRace, Missed, Wanted
from app.appointments.needs import Item, Need
from app.appointments.queries import AppointmentRow
from app.appointments.states import State
from app.appointments.steps import Stretch
from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.references import new_reference
from app.core.wakeups import wake_after_commit


class Who(NamedTuple):
    """Whom a message is for; the phone of the account when nothing is given."""

    name: str | None = None
    phone: str | None = None
    locale: str = "vi"


@operation
async def book(
    *,
    centre_id: uuid.UUID,
    starts_at: datetime,
    items: Sequence[Item],
    citizen_id: uuid.UUID,
    now: datetime,
    channel: Channel = Channel.ONLINE,
    contact: Who | None = None,
    priority_group: str | None = None,
    hold: timedelta = rules.HOLD,
) -> AppointmentRow:
    """Hold a place for the person until it is confirmed or its time is over.

    The pools that can serve all of it are asked in turn, least flexible first, each by one statement.
    Where none has room, expired holds in the way are ended and the pools asked again.

    Raises `SlotFull` with alternatives, `AppointmentLimit`, `OutsideBookingPeriod`, and what
    `needs.need_of` raises.
    """
    if not rules.is_bookable(starts_at, now=now):
        raise outside_period()
    if priority_group is not None:
        await _refuse_unknown_group(priority_group)
    need = await needs.need_of(centre_id, items, starts_at=starts_at, now=now)
    wanted = _wanted(
        need,
        starts_at,
        citizen_id=citizen_id,
        channel=channel,
        contact=contact or Who(),
        priority_group=priority_group,
    )
    taken = await _hold_somewhere(need, wanted, hold=hold, now=now)
    if taken is None:
        raise SlotFull(alternatives=await queries.alternatives(need, wished=starts_at, now=now))
    wake_after_commit(f"centre:{centre_id}")
    pool_id, held = taken
    return AppointmentRow(
        id=wanted.appointment_id,
        reference=wanted.reference,
        centre_id=centre_id,
        pool_id=pool_id,
        citizen_id=citizen_id,
        channel=channel.value,
        state=State.HELD.value,
        hold_expires_at=held.hold_expires_at,
        starts_at=starts_at,
        ends_at=held.ends_at,
        grains=need.grains,
        items=need.items,
        priority_group=priority_group,
        contact_name=wanted.contact_name,
        contact_phone=wanted.contact_phone,
        locale=wanted.locale,
        version=1,
        created_at=now,
    )


def outside_period() -> OutsideBookingPeriod:
    return OutsideBookingPeriod(minutes=int(rules.CUT_OFF.total_seconds() // 60), days=rules.HORIZON.days)


async def _refuse_unknown_group(code: str) -> None:
    if code not in {group.code for group in await centres.priority_groups()}:
        raise PriorityGroupNotKnown


async def refuse_over_limit(citizen_id: uuid.UUID, starts_at: datetime, claims: Sequence[str]) -> None:
    """Raise `AppointmentLimit` when the person has had what a day allows."""
    rows = await in_transaction().fetch(
        "SELECT claim FROM appointment_claim WHERE citizen_id = $1 AND local_date = $2",
        citizen_id,
        local_date(starts_at),
    )
    reached = rules.limit_reached([row["claim"] for row in rows], claims)
    if reached is not None:
        raise AppointmentLimit(
            rule=reached.rule,
            decision=rules.DECISION,
            rule_vi=reached.words.vi,
            rule_en=reached.words.en,
        )


def _wanted(
    need: Need,
    starts_at: datetime,
    *,
    citizen_id: uuid.UUID,
    channel: Channel,
    contact: Who,
    priority_group: str | None,
) -> Wanted:
    return Wanted(
        appointment_id=new_id(),
        reference=new_reference(),
        centre_id=need.centre_id,
        citizen_id=citizen_id,
        channel=channel,
        starts_at=starts_at,
        length=need.length,
        local_date=local_date(starts_at),
        grains=need.grains,
        items=need.stored_items,
        claims=rules.sector_claims(need.sectors),
        priority_group=priority_group,
        contact_name=contact.name,
        contact_phone=contact.phone,
        locale=contact.locale,
    )


async def _hold_somewhere(
    need: Need, wanted: Wanted, *, hold: timedelta, now: datetime
) -> tuple[uuid.UUID, Held] | None:
    """A place in the first pool that has one; expired holds in the way are ended first if need be."""
    taken, locked = await _ask_each_pool(need, wanted, hold=hold, now=now)
    if taken is not None:
        return taken
    stretch = Stretch.of(need, wanted.starts_at, wanted.citizen_id)
    if await steps.has_expired_holds(stretch):
        if locked:
            raise LostRace  # Reclaiming locks slots in order, so it must begin with none.
        await steps.reclaim(stretch, now=now)
        taken, _ = await _ask_each_pool(need, wanted, hold=hold, now=now)
    if taken is None:
        await refuse_over_limit(wanted.citizen_id, wanted.starts_at, wanted.claims)
    return taken


async def _ask_each_pool(
    need: Need, wanted: Wanted, *, hold: timedelta, now: datetime
) -> tuple[tuple[uuid.UUID, Held] | None, int]:
    """The first place found, and how many slots had room until we waited for them."""
    locked = 0
    for pool_id in need.pool_ids:
        answer = await hot.hold(pool_id, wanted, hold=hold, now=now)
        if isinstance(answer, Missed):
            locked += answer.locked
        else:
            return (pool_id, answer), locked
    return None, locked
