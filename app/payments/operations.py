"""What can be done with money away from the door: cash handed in, paid over, and cases closed."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from app.core import journal
from app.core.clock import local_date
from app.core.operation import operation
from app.payments import book, cases, settlement
from app.payments.book import About, Account
from app.payments.cases import CaseRow
from app.payments.errors import CaseNeedsMoney, DayNotYet, MoneyCaseNotFound, NothingRemitted
from app.payments.rules import CaseKind, Holder, Purse, Reason
from app.payments.settlement import Settlement
from app.rounds import queries as rounds

# How a person closes a case; what is not here ends only with the money itself.
MADE_GOOD: Final = "made_good"
SET_APART: Final = "set_apart"
EXPLAINED: Final = "explained"
CLOSES: Final[Mapping[CaseKind, str]] = MappingProxyType(
    {
        CaseKind.CASH_SHORT: MADE_GOOD,
        CaseKind.NOT_REMITTED: MADE_GOOD,
        CaseKind.CASH_OVER: SET_APART,
        CaseKind.RECEIPT_REUSED: EXPLAINED,
    }
)


@operation
async def remit(
    *,
    partner_id: uuid.UUID,
    courier: str,
    day: date,
    amounts: Mapping[Purse, int],
    slip: str,
    now: datetime,
) -> Settlement:
    """A courier hands in what they took on a day, counted at the post office; the day as it stands then.

    More or less than was reported is booked as it was counted and opens a case; handing in the rest
    closes it. Raises `CourierNotFound`, `DayNotYet`, `NothingRemitted`.
    """
    row = await rounds.courier(partner_id, courier)
    if day > local_date(now):
        raise DayNotYet
    if not any(amounts.values()):
        raise NothingRemitted
    await book.hold_day(row.id, day)
    for purse, amount in amounts.items():
        await book.move(
            amount,
            purse=purse,
            giver=Account(Holder.COURIER, row.id),
            receiver=Account(Holder.PARTNER, partner_id),
            reason=Reason.REMITTED,
            about=About(day, partner_id, row.id, reference=slip),
            now=now,
        )
    await cases.weigh_day(row.id, day, partner_id=partner_id, ended=day < local_date(now), now=now)
    await journal.write(
        "cash.remitted",
        object_kind="courier",
        object_id=row.id,
        at=now,
        detail={"day": day.isoformat(), **{purse.value: amount for purse, amount in amounts.items()}},
    )
    return await settlement.of_day(partner_id, day)


@operation
async def pay_centre(
    *,
    partner_id: uuid.UUID,
    centre_id: uuid.UUID,
    day: date,
    amount_vnd: int,
    reference: str,
    now: datetime,
) -> Settlement:
    """The partner pays the state fees of a centre into its account; raises `DayNotYet`."""
    if day > local_date(now):
        raise DayNotYet
    await book.move(
        amount_vnd,
        purse=Purse.STATE,
        giver=Account(Holder.PARTNER, partner_id),
        receiver=Account(Holder.CENTRE, centre_id),
        reason=Reason.PAID_TO_CENTRE,
        about=About(day, partner_id, centre_id=centre_id, reference=reference),
        now=now,
    )
    await journal.write("cash.paid_to_centre", object_kind="centre", object_id=centre_id, at=now)
    return await settlement.of_day(partner_id, day)


@operation
async def close_case(*, partner_id: uuid.UUID, case_id: uuid.UUID, note: str, now: datetime) -> CaseRow:
    """A person of the partner answers for a difference. Twice is once.

    Missing cash is made good by the enterprise, which then has it out with its courier; cash too much is
    set apart until its owner is found; a used receipt is explained. Raises `MoneyCaseNotFound`,
    `CaseNeedsMoney` where only a payment or a refund can end it.
    """
    case = await cases.find(case_id, partner_id=partner_id)
    if case is not None and case.courier_id is not None:
        # The courier's day before the case, as everybody who weighs it locks them.
        await book.hold_day(case.courier_id, case.day)
    case = await cases.locked(case_id, partner_id=partner_id)
    if case is None:
        raise MoneyCaseNotFound
    if case.state == "closed":
        return case
    how = CLOSES.get(CaseKind(case.kind))
    if how is None:
        raise CaseNeedsMoney
    if case.courier_id is not None and how != EXPLAINED:
        await _even_out(case, partner_id, how, note, now)
    return await cases.close(case, because=f"{how}: {note}", now=now)


async def _even_out(case: CaseRow, partner_id: uuid.UUID, how: str, note: str, now: datetime) -> None:
    assert case.courier_id is not None
    purse = Purse(case.purse)
    difference = abs(await book.in_hand(case.courier_id, case.day, purse))
    courier, partner = Account(Holder.COURIER, case.courier_id), Account(Holder.PARTNER, partner_id)
    about = About(case.day, partner_id, case.courier_id, reference=note)
    moves = (
        [(courier, partner, Reason.MADE_GOOD)]
        if how == MADE_GOOD
        else [
            (Account(Holder.UNKNOWN, case.id), courier, Reason.FOUND),
            (partner, Account(Holder.SUSPENSE, partner_id), Reason.SET_APART),
        ]
    )
    for giver, receiver, reason in moves:
        await book.move(
            difference, purse=purse, giver=giver, receiver=receiver, reason=reason, about=about, now=now
        )


@operation
async def check_day(*, partner_id: uuid.UUID, day: date, now: datetime) -> Settlement:
    """Weigh every courier's day again now that it has ended; the day as it stands. Twice is once."""
    found = await settlement.of_day(partner_id, day)
    for courier_id in sorted({line.courier_id for line in found.couriers}):
        await book.hold_day(courier_id, day)
        await cases.weigh_day(courier_id, day, partner_id=partner_id, ended=day < local_date(now), now=now)
    return await settlement.of_day(partner_id, day)
