"""Money of a visit away from its door: paid or freed at the centre, given back by whoever has it."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.clock import local_date
from app.core.operation import operation
from app.home_service import fees, queries
from app.home_service.errors import HomeVisitNotFound
from app.home_service.events import HomeVisitPaid
from app.home_service.queries import HomeVisitRow, VisitFile
from app.home_service.steps import locked, tell
from app.payments import queries as payments
from app.payments import steps as payment_steps
from app.payments.book import About, Account
from app.payments.errors import GroupUnknown
from app.payments.rules import Holder, Purse
from app.payments.steps import Money
from app.rounds import queries as rounds


@operation
async def pay_at_centre(
    *,
    home_visit_id: uuid.UUID,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    amount_vnd: int,
    receipt: str,
    now: datetime,
) -> VisitFile:
    """The citizen pays the state fee into the centre's account instead of to the courier (Decision
    45/2016/QĐ-TTg, article 11). Raises `HomeVisitNotFound`, `NothingOwed`, `AmountDiffers` and
    `ReceiptReused`.
    """
    visit = await _at_centre(home_visit_id, centre_id)
    money = Money(
        visit_id=visit.id,
        family=await queries.family_of(visit),
        purse=Purse.STATE,
        amount_vnd=amount_vnd,
        receipt=receipt,
        day=local_date(now),
        centre_id=centre_id,
    )
    entry_id = await payment_steps.take_at_centre(money, officer_id=officer_id, now=now)
    await tell(HomeVisitPaid, visit, now=now, entry_id=entry_id)
    await _note("fee_paid_at_centre", visit, now)
    return await queries.file_of(visit)


@operation
async def free_of_payment(
    *, home_visit_id: uuid.UUID, centre_id: uuid.UUID, purse: Purse, group: str, now: datetime
) -> VisitFile:
    """An officer saw the paper of a group that does not pay; raises `HomeVisitNotFound`, `GroupUnknown`."""
    visit = await _at_centre(home_visit_id, centre_id)
    if await fees.freed(visit, purse=purse, group=group, on=local_date(now), now=now) is not None:
        raise GroupUnknown
    return await queries.file_of(visit)


@operation
async def refund_at_centre(
    *, home_visit_id: uuid.UUID, centre_id: uuid.UUID, reference: str, now: datetime
) -> VisitFile:
    """The centre gives back the state fee that was paid to it and is no longer due; raises
    `HomeVisitNotFound`, `NothingToRefund`.
    """
    visit = await _at_centre(home_visit_id, centre_id)
    await payment_steps.give_back(
        await queries.family_of(visit),
        purse=Purse.STATE,
        payer=Account(Holder.CENTRE, centre_id),
        about=About(local_date(now), centre_id=centre_id, reference=reference),
        now=now,
    )
    await _note("refunded", visit, now)
    return await queries.file_of(visit)


@operation
async def refund_by_partner(
    *,
    home_visit_id: uuid.UUID,
    partner_id: uuid.UUID,
    purse: Purse,
    courier: str | None,
    reference: str,
    now: datetime,
) -> VisitFile:
    """What is owed back of what the partner's couriers took: from the post office, or from a courier's cash
    of today. Raises `HomeVisitNotFound` also for a visit none of them took money for, `CourierNotFound`,
    `NothingToRefund`.
    """
    visit = await locked(home_visit_id)
    family = await queries.family_of(visit)
    if await payments.partner_that_took(family) != partner_id:
        raise HomeVisitNotFound
    payer, courier_id, today = Account(Holder.PARTNER, partner_id), None, local_date(now)
    if courier is not None:
        courier_id = (await rounds.courier(partner_id, courier)).id
        payer = Account(Holder.COURIER, courier_id)
    await payment_steps.give_back(
        family,
        purse=purse,
        payer=payer,
        about=About(today, partner_id, courier_id, visit.centre_id, reference=reference),
        now=now,
    )
    await _note("refunded", visit, now)
    return await queries.file_of(visit)


async def _at_centre(home_visit_id: uuid.UUID, centre_id: uuid.UUID) -> HomeVisitRow:
    visit = await locked(home_visit_id)
    if visit.centre_id != centre_id:
        raise HomeVisitNotFound
    return visit


async def _note(what: str, visit: HomeVisitRow, now: datetime) -> None:
    await journal.write(f"home_visit.{what}", object_kind="home_visit", object_id=visit.id, at=now)
