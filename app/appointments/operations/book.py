"""Holding a place (giữ chỗ)."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

import msgspec

from app.appointments import conduct, free_places, hot, making_room, needs, rules, steps
from app.appointments.errors import (
    AppointmentLimit,
    OutsideBookingPeriod,
    PriorityGroupNotKnown,
    SlotFull,
)
from app.appointments.free_places import Alternative
from app.appointments.hot import Held, LostRace, Wanted
from app.appointments.needs import Item, Need
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.appointments.states import State
from app.appointments.steps import Stretch
from app.businesses import steps as businesses
from app.centres import queries as centres
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.references import new_reference
from app.core.shared import Shared
from app.core.tax_codes import business_id
from app.core.together import Together
from app.core.wakeups import wake_after_commit


class Who(NamedTuple):
    """Whom a message is for; the phone of the account when nothing is given."""

    name: str | None = None
    phone: str | None = None
    locale: str = "vi"


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
    tax_code: str | None = None,
) -> AppointmentRow:
    """Hold a place for the person until it is confirmed or its time is over.

    Those who ask at the same moment share a transaction (`app.core.together`) as long as their slots
    have room for all of them; whoever cannot be served that way is judged alone. Then the pools that
    can serve all of it are asked in turn, least flexible first, and where none has room, expired holds
    in the way are ended and the pools asked again. At last somebody who can be served in another pool at
    the same time makes room (`making_room`).

    For a business (`tax_code`, as stored) it counts in the business's day, and whoever books acts for it in
    that very transaction, alone.

    Raises `BusinessNotFound`, `SlotFull` with alternatives, `AppointmentLimit`, `TooManyHolds`,
    `OutsideBookingPeriod`, and what `needs.need_of` raises.
    """
    need = await needs.need_of(centre_id, items, starts_at=starts_at, now=now)
    if not need.lets_book(starts_at, now=now):
        raise outside_period(need)
    if priority_group is not None:
        await refuse_unknown_group(priority_group)
    given = contact or Who()
    actor = current_actor.get()
    wanted = Wanted(
        appointment_id=new_id(),
        reference=new_reference(),
        centre_id=centre_id,
        pool_id=need.pool_ids[0],
        citizen_id=citizen_id,
        claimant_id=citizen_id if tax_code is None else business_id(tax_code),
        tax_code=tax_code,
        starts_at=starts_at,
        minutes=int(need.length.total_seconds() // 60),
        local_date=local_date(starts_at),
        grains=need.grains,
        items=need.items,
        claims=need.claims,
        priority_group=priority_group,
        contact_name=given.name,
        contact_phone=given.phone,
        locale=given.locale,
        hold_ms=int(hold.total_seconds() * 1000),
        now=now,
        journal_id=new_id(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        request_id=actor.request_id,
    )
    row = await TOGETHER[channel](wanted) if tax_code is None else None
    if row is not None:
        return row
    with suppress(SlotFull):
        return await _book_alone(wanted, need, channel)
    for _ in range(making_room.ATTEMPTS):
        if not await making_room.can_help(need, starts_at, channel, now=now):
            break
        with suppress(SlotFull):
            return await _book_by_exchange(wanted, need, channel)
    # After the transactions, and once for all who were refused the same at the same moment.
    raise SlotFull(alternatives=await ALTERNATIVES((need, starts_at), now=now))


book.__operation__ = True  # type: ignore[attr-defined]  # one transaction, shared with others


async def _book_together(wanted: Sequence[Wanted], *, channel: Channel) -> list[AppointmentRow | None]:
    """One transaction for all of them; None for those it could not serve."""
    answers = await hot.hold(wanted, channel)
    rows: list[AppointmentRow | None] = []
    for each, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, Held):
            wake_after_commit(f"centre:{each.centre_id}")
            rows.append(_row(each, answer, channel))
        else:
            rows.append(None)
    return rows


TOGETHER: Final[Mapping[Channel, Together[Wanted, AppointmentRow]]] = {
    channel: Together(partial(_book_together, channel=channel), apart=lambda each: each.citizen_id)
    for channel in Channel
}


async def _alternatives(question: tuple[Need, datetime], now: datetime) -> list[Alternative]:
    need, wished = question
    return await free_places.alternatives(need, wished=wished, now=now)


ALTERNATIVES: Final = Shared(_alternatives)


@operation
async def _book_alone(wanted: Wanted, need: Need, channel: Channel) -> AppointmentRow:
    """Ask every pool, and end what stands in the way; the last word on whether there is a place."""
    wanted = await _vetted(wanted, channel)
    taken, locked = await _ask_each_pool(need, wanted, channel)
    if taken is None:
        stretch = Stretch.of(need, wanted.starts_at, wanted.citizen_id)
        if await steps.has_expired_holds(stretch):
            if locked:
                raise LostRace  # Reclaiming locks slots in order, so it must begin with none.
            await steps.reclaim(stretch, now=wanted.now)
            taken, _ = await _ask_each_pool(need, wanted, channel)
    if taken is None:
        await _refuse(wanted, need, channel)
        raise SlotFull
    wake_after_commit(f"centre:{wanted.centre_id}")
    return taken


@operation
async def _book_by_exchange(wanted: Wanted, need: Need, channel: Channel) -> AppointmentRow:
    """The same with everything around locked, so that others can go elsewhere."""
    wanted = await _vetted(wanted, channel)
    exchange = await making_room.lock(
        need, wanted.starts_at, channel, citizen_id=wanted.citizen_id, now=wanted.now
    )
    taken, _ = await _ask_each_pool(need, wanted, channel)
    if taken is None:
        await _refuse(wanted, need, channel)
        made = await exchange.run(now=wanted.now)
        if made is None:
            raise SlotFull
        here = msgspec.structs.replace(wanted, pool_id=made.pool_id)
        (answer,) = await hot.hold([here], channel)
        if not isinstance(answer, Held):
            raise LostRace
        taken = _row(here, answer, channel)
    wake_after_commit(f"centre:{wanted.centre_id}")
    return taken


async def _vetted(wanted: Wanted, channel: Channel) -> Wanted:
    """The same, judged by what the person did before and may do; run again, it may be the reference that
    was taken.
    """
    if wanted.tax_code is not None:
        await businesses.act_for(wanted.tax_code, citizen_id=wanted.citizen_id, on=local_date(wanted.now))
    if channel is Channel.ONLINE:
        await conduct.refuse(wanted.citizen_id, now=wanted.now)
    return msgspec.structs.replace(wanted, reference=new_reference(), vetted=True)


async def _refuse(wanted: Wanted, need: Need, channel: Channel) -> None:
    """Say which limit it was, if it was one and not the place."""
    await refuse_over_limit(wanted.claimant_id, wanted.starts_at, need)
    if channel is Channel.ONLINE:
        await conduct.refuse_third_hold(wanted.citizen_id)


async def _ask_each_pool(
    need: Need, wanted: Wanted, channel: Channel
) -> tuple[AppointmentRow | None, bool]:
    """The first place found, and whether any slot had room until we waited for it."""
    locked = False
    for pool_id in need.pool_ids:
        here = msgspec.structs.replace(wanted, pool_id=pool_id)
        (answer,) = await hot.hold([here], channel)
        if isinstance(answer, Held):
            return _row(here, answer, channel), locked
        locked = locked or answer.locked
    return None, locked


def _row(wanted: Wanted, held: Held, channel: Channel) -> AppointmentRow:
    return AppointmentRow(
        id=wanted.appointment_id,
        reference=wanted.reference,
        centre_id=wanted.centre_id,
        pool_id=wanted.pool_id,
        citizen_id=wanted.citizen_id,
        channel=channel.value,
        state=State.HELD.value,
        hold_expires_at=held.hold_expires_at,
        starts_at=wanted.starts_at,
        ends_at=held.ends_at,
        grains=wanted.grains,
        items=tuple(wanted.items),
        priority_group=wanted.priority_group,
        contact_name=wanted.contact_name,
        contact_phone=wanted.contact_phone,
        locale=wanted.locale,
        version=1,
        created_at=wanted.now,
        tax_code=wanted.tax_code,
    )


def outside_period(need: Need) -> OutsideBookingPeriod:
    by = need.rules
    return OutsideBookingPeriod(minutes=by.cut_off_minutes, days=by.horizon_days)


async def refuse_unknown_group(code: str) -> None:
    """Raise `PriorityGroupNotKnown`."""
    if code not in {group.code for group in await centres.priority_groups()}:
        raise PriorityGroupNotKnown


async def refuse_over_limit(claimant_id: uuid.UUID, starts_at: datetime, need: Need) -> None:
    """Raise `AppointmentLimit` when the person or the business has had what a day allows."""
    rows = await in_transaction().fetch(
        "SELECT claim FROM appointment_claim WHERE citizen_id = $1 AND local_date = $2",
        claimant_id,
        local_date(starts_at),
    )
    reached = rules.limit_reached([row["claim"] for row in rows], need.claims, need.rules)
    if reached is not None:
        raise AppointmentLimit(
            rule=reached.rule,
            decision=need.rules.decision,
            rule_vi=reached.words.vi,
            rule_en=reached.words.en,
        )
