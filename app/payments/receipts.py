"""Receipt numbers (số biên lai): each stands for one payment, ever, or for none because it is void.

A number in a registered book is one number however it was typed. Where an issuer has no book nothing is
known of its numbers but whether they were used. Whatever is wrong with a number, what was told is kept.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core import journal
from app.core.database import fetch_value, in_transaction
from app.payments import books, cases, rules
from app.payments.cases import Subject
from app.payments.rules import CaseKind, Purse, Serial, Void

# A number that was told as void takes the payment it turns out to stand for; a used one stays as it is.
USE: Final = """
INSERT INTO receipt (issuer_id, number, home_visit_id, courier_id, purse, amount_vnd, at, series, serial,
    day)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
ON CONFLICT (issuer_id, number) DO UPDATE SET home_visit_id = EXCLUDED.home_visit_id,
    courier_id = EXCLUDED.courier_id, purse = EXCLUDED.purse, amount_vnd = EXCLUDED.amount_vnd,
    at = EXCLUDED.at, day = EXCLUDED.day
 WHERE receipt.home_visit_id IS NULL AND receipt.dossier_id IS NULL RETURNING voided_on
"""
SAME: Final = """
SELECT 1 FROM receipt WHERE issuer_id = $1 AND number = $2 AND home_visit_id = $3
   AND purse = $4 AND amount_vnd = $5 AND courier_id IS NOT DISTINCT FROM $6
"""
# No row back is a number that was void before: twice is once.
VOID: Final = """
INSERT INTO receipt (issuer_id, number, courier_id, amount_vnd, at, series, serial, voided_on, void_because)
VALUES ($1,$2,$3,0,$4,$5,$6,$7,$8)
ON CONFLICT (issuer_id, number) DO UPDATE SET voided_on = EXCLUDED.voided_on,
    void_because = EXCLUDED.void_because
 WHERE receipt.voided_on IS NULL
RETURNING home_visit_id, courier_id, purse, amount_vnd, day
"""


class Payment(NamedTuple):
    """What a number is given for, and by whom; without a courier it is the issuer's own counter."""

    issuer_id: uuid.UUID
    receipt: str
    home_visit_id: uuid.UUID
    courier_id: uuid.UUID | None
    purse: Purse
    amount_vnd: int
    day: date


class Used(NamedTuple):
    """What became of it: told before for this very payment, or new, and what is wrong with the number."""

    again: bool
    number: str
    wrong: CaseKind | None


async def use(payment: Payment, *, now: datetime) -> Used:
    """Give the number to the payment, unless another has it."""
    place = await _place(payment.issuer_id, payment.receipt, on=payment.day)
    about = (payment.issuer_id, place.number, payment.home_visit_id)
    made = await in_transaction().fetchrow(
        USE,
        *about,
        payment.courier_id,
        payment.purse.value,
        payment.amount_vnd,
        now,
        *place.read,
        payment.day,
    )
    if made is None:
        same = await in_transaction().fetchval(
            SAME, *about, payment.purse.value, payment.amount_vnd, payment.courier_id
        )
        return Used(bool(same), place.number, CaseKind.RECEIPT_REUSED)
    if made["voided_on"] is not None:
        return Used(again=False, number=place.number, wrong=CaseKind.RECEIPT_VOID)
    if payment.courier_id is None or not await books.has_any(payment.issuer_id):
        return Used(again=False, number=place.number, wrong=None)
    wrong = rules.case_of_number(courier_id=payment.courier_id, holder_id=place.holder_id)
    return Used(again=False, number=place.number, wrong=wrong)


async def void(
    issuer_id: uuid.UUID,
    receipts: Sequence[str],
    *,
    courier_id: uuid.UUID | None,
    on: date,
    because: Void,
    now: datetime,
) -> CaseKind | None:
    """These numbers will never stand for a payment; what is wrong with the last that is not right.

    One that stands for a payment opens a case about it: the citizen may hold a paper that says otherwise.
    """
    wrong: CaseKind | None = None
    for receipt in sorted(set(receipts)):
        wrong = (
            await _void(issuer_id, receipt, courier_id=courier_id, on=on, because=because, now=now) or wrong
        )
    return wrong


async def _void(
    issuer_id: uuid.UUID,
    receipt: str,
    *,
    courier_id: uuid.UUID | None,
    on: date,
    because: Void,
    now: datetime,
) -> CaseKind | None:
    place = await _place(issuer_id, receipt, on=on)
    row = await in_transaction().fetchrow(
        VOID, issuer_id, place.number, courier_id or place.holder_id, now, *place.read, on, because.value
    )
    if row is not None and row["home_visit_id"] is not None:
        subject = Subject(
            f"void:{issuer_id}:{place.number}",
            Purse(row["purse"]),
            row["day"] or on,
            issuer_id,
            row["courier_id"],
            None,
            row["home_visit_id"],
        )
        await cases.open_once(CaseKind.RECEIPT_VOID, row["amount_vnd"], subject, now=now)
        return CaseKind.RECEIPT_VOID
    if row is not None:
        detail = {"number": place.number, "because": because.value}
        await journal.write(
            "receipt.voided", object_kind="receipt", object_id=issuer_id, at=now, detail=detail
        )
    if courier_id is None or not await books.has_any(issuer_id):
        return None
    return rules.case_of_number(courier_id=courier_id, holder_id=place.holder_id)


class VoidRow(NamedTuple):
    """A void number as it is kept; `used`: it stands for a payment all the same."""

    number: str
    voided_on: date
    void_because: str
    used: bool


async def void_of(issuer_id: uuid.UUID, serial: Serial) -> VoidRow:
    """A number that was told as void."""
    row = await in_transaction().fetchrow(
        "SELECT number, voided_on, void_because, home_visit_id IS NOT NULL FROM receipt"
        " WHERE issuer_id = $1 AND series = $2 AND serial = $3 AND voided_on IS NOT NULL"
        " ORDER BY at, number LIMIT 1",
        issuer_id,
        *serial,
    )
    return VoidRow(*row)


class _Place(NamedTuple):
    """A number as it is kept and read, and whose its book is on the day."""

    number: str
    read: tuple[str | None, int | None]
    holder_id: uuid.UUID | None


async def _place(issuer_id: uuid.UUID, receipt: str, *, on: date) -> _Place:
    serial = rules.read_receipt(receipt)
    if serial is None:
        return _Place(receipt, (None, None), None)
    book = await books.holding(issuer_id, serial, on=on)
    if book is None:
        return _Place(receipt, (serial.series, serial.number), None)
    # Told in another spelling before its book was known, it keeps that one.
    known: str | None = await fetch_value(
        "SELECT number FROM receipt WHERE issuer_id = $1 AND series = $2 AND serial = $3"
        " ORDER BY at, number LIMIT 1",
        issuer_id,
        serial.series,
        serial.number,
    )
    number = known or rules.printed(serial.series, serial.number, book.digits)
    return _Place(number, (serial.series, serial.number), book.holder_id)
