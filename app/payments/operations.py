"""What can be done with money away from the door: cash handed in, paid over, and cases closed."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import fetch, in_transaction
from app.core.operation import operation
from app.payments import book, books, cases, receipts, rules, settlement
from app.payments.book import About, Account
from app.payments.cases import CaseRow
from app.payments.errors import (
    CaseNeedsMoney,
    DayNotYet,
    MoneyCaseNotFound,
    NothingRemitted,
    ReceiptOutsideBook,
)
from app.payments.events import SettlementUnbalanced
from app.payments.receipts import VoidRow
from app.payments.rules import CaseKind, Holder, Purse, Reason, Serial, Void
from app.payments.settlement import Settlement
from app.rounds import queries as rounds

# A day without an open case is looked at again for so long: a report may come that late.
CHECKED_FOR: Final = timedelta(days=35)
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
        CaseKind.RECEIPT_OUTSIDE_RANGE: EXPLAINED,
        CaseKind.RECEIPT_OF_ANOTHER: EXPLAINED,
        CaseKind.RECEIPT_VOID: EXPLAINED,
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
async def void_receipt(
    *, partner_id: uuid.UUID, book_name: str, number: str, day: date, because: Void, now: datetime
) -> VoidRow:
    """A number of a book will never stand for a payment. Twice is once; of a used one a case is opened.

    Raises `ReceiptBookNotFound`, `ReceiptOutsideBook`, `DayNotYet`.
    """
    if day > local_date(now):
        raise DayNotYet
    found = await books.of_name(partner_id, book_name)
    serial = Serial(found.series, int(number))
    if not found.has(serial):
        raise ReceiptOutsideBook
    printed = rules.printed(found.series, serial.number, found.digits)
    await receipts.void(partner_id, [printed], courier_id=None, on=day, because=because, now=now)
    return await receipts.void_of(partner_id, serial)


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


async def days_to_check(*, now: datetime, at_most: int) -> Sequence[tuple[uuid.UUID, date]]:
    """Ended days with money or open cases that tonight has not looked at yet, the newest first."""
    today = local_date(now)
    rows = await fetch(
        "SELECT partner_id, day FROM (SELECT DISTINCT partner_id, day FROM cash_entry"
        "  WHERE day >= $1 AND day < $2 UNION SELECT partner_id, day FROM money_case"
        "  WHERE state = 'open' AND day < $2) moved"
        " WHERE partner_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM settlement_check seen"
        "  WHERE seen.partner_id = moved.partner_id AND seen.day = moved.day AND seen.checked_on = $2)"
        " ORDER BY day DESC, partner_id LIMIT $3",
        today - CHECKED_FOR,
        today,
        at_most,
    )
    return [(row["partner_id"], row["day"]) for row in rows]


@operation
async def check_day(*, partner_id: uuid.UUID, day: date, now: datetime) -> Settlement:
    """Weigh every courier's day that has ended, keep what was found, and tell of one that does not balance.

    Twice in a night is once.
    """
    today = local_date(now)
    if day >= today:
        raise DayNotYet
    found = await settlement.of_day(partner_id, day)
    for courier_id in sorted({line.courier_id for line in found.couriers}):
        await book.hold_day(courier_id, day)
        await cases.weigh_day(courier_id, day, partner_id=partner_id, ended=True, now=now)
    found = await settlement.of_day(partner_id, day)
    kept = await in_transaction().execute(
        "INSERT INTO settlement_check (partner_id, day, checked_on, balanced, reasons)"
        " VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING",
        partner_id,
        day,
        today,
        found.is_balanced,
        len(found.reasons),
    )
    if kept == "INSERT 0 1" and not found.is_balanced:
        await outbox.record(
            SettlementUnbalanced(
                occurred_at=now,
                settlement=f"{partner_id}:{day}",
                partner_id=partner_id,
                day=day,
                checked_on=today,
                reasons=len(found.reasons),
            )
        )
    return found
