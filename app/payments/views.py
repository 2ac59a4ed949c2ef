"""How money looks from outside: the bill of a visit and the settlement of a day. Amounts are whole đồng."""

import uuid
from datetime import date
from typing import Annotated

import msgspec

from app.payments.numbers import BookDay
from app.payments.rules import MOST_VND, RECEIPT, Bill, Purse
from app.payments.settlement import CentreLine, PurseLine, Settlement

# An amount of đồng, and one that is more than nothing.
Vnd = Annotated[int, msgspec.Meta(ge=0, le=MOST_VND)]
SomeVnd = Annotated[int, msgspec.Meta(ge=1, le=MOST_VND)]
ReceiptNumber = Annotated[str, msgspec.Meta(pattern=RECEIPT)]


class ChargeView(msgspec.Struct):
    """One line; `amount_vnd` null is a fee the catalogue has no amount for."""

    kind: str
    procedure: str | None
    amount_vnd: int | None
    status: str
    because: str


class BillView(msgspec.Struct):
    """What is asked for, was paid, and is still owed; the state's fees and the postage apart."""

    charges: list[ChargeView]
    paid_state_vnd: int
    paid_postage_vnd: int
    owed_state_vnd: int
    owed_postage_vnd: int
    owed_vnd: int
    refund_owed_vnd: int

    @classmethod
    def of(cls, bill: Bill) -> "BillView":
        return cls(
            charges=[
                ChargeView(
                    line.purse, line.procedure_code or None, line.amount_vnd, line.state, line.because
                )
                for line in bill.charges
            ],
            paid_state_vnd=bill.paid.get(Purse.STATE, 0),
            paid_postage_vnd=bill.paid.get(Purse.POSTAGE, 0),
            owed_state_vnd=bill.owed(Purse.STATE),
            owed_postage_vnd=bill.owed(Purse.POSTAGE),
            owed_vnd=bill.owed_in_all,
            refund_owed_vnd=sum(bill.over(purse) for purse in Purse),
        )


class PurseView(msgspec.Struct):
    """What a courier took, gave back and handed in on the day; `difference_vnd` is what is left of it."""

    kind: str
    collected_vnd: int
    refunded_vnd: int
    remitted_vnd: int
    corrected_vnd: int
    difference_vnd: int

    @classmethod
    def of(cls, line: PurseLine) -> "PurseView":
        return cls(
            line.purse, line.collected, line.refunded, line.remitted, line.corrected, line.difference
        )


class GapView(msgspec.Struct):
    """Numbers nobody told of, from the first to the last."""

    first: str
    last: str
    count: int


class BookDayView(msgspec.Struct):
    """A receipt book in a courier's day: numbers used, void, and missing below the highest that was told.

    Gaps are named to whoever has the book; they do not unbalance a day.
    """

    book: str
    series: str
    used: list[str]
    void: list[str]
    gaps: list[GapView]

    @classmethod
    def of(cls, line: BookDay) -> "BookDayView":
        def padded(number: int) -> str:
            return f"{number:0{line.digits}d}"

        return cls(
            line.book,
            line.series,
            [padded(number) for number in line.used],
            [padded(number) for number in line.void],
            [GapView(padded(gap.first), padded(gap.last), gap.last - gap.first + 1) for gap in line.gaps],
        )


class CourierView(msgspec.Struct):
    """A courier's day; `receipts` is empty where the partner has registered no receipt books."""

    courier: str
    purses: list[PurseView]
    receipts: list[BookDayView]


class CentreView(msgspec.Struct):
    """State fees between the partner and a centre; `closing_vnd` is what is still to be paid over."""

    centre_id: uuid.UUID
    opening_vnd: int
    collected_vnd: int
    refunded_vnd: int
    paid_vnd: int
    closing_vnd: int

    @classmethod
    def of(cls, line: CentreLine) -> "CentreView":
        return cls(line.centre_id, line.opening, line.collected, line.refunded, line.paid, line.closing)


class WhyView(msgspec.Struct):
    """A reason why the day does not balance; a case is closed by its id."""

    code: str
    kind: str
    amount_vnd: int
    courier: str | None
    task_id: uuid.UUID | None
    case_id: uuid.UUID | None


class SettlementView(msgspec.Struct):
    """A partner's day: balanced, or every reason why not."""

    date: date
    balanced: bool
    collected_state_vnd: int
    collected_postage_vnd: int
    couriers: list[CourierView]
    centres: list[CentreView]
    reasons: list[WhyView]

    @classmethod
    def of(cls, day: Settlement, names: dict[uuid.UUID, str]) -> "SettlementView":
        """`names` are the partner's own ids of its couriers."""
        lines: dict[uuid.UUID, CourierView] = {}
        with_money = [line.courier_id for line in day.couriers]
        for courier_id in [*with_money, *(book.courier_id for book in day.numbers)]:
            lines.setdefault(courier_id, CourierView(names[courier_id], [], []))
        for line in day.couriers:
            lines[line.courier_id].purses.append(PurseView.of(line))
        for book in day.numbers:
            lines[book.courier_id].receipts.append(BookDayView.of(book))
        return cls(
            date=day.day,
            balanced=day.is_balanced,
            collected_state_vnd=_collected(day, Purse.STATE),
            collected_postage_vnd=_collected(day, Purse.POSTAGE),
            couriers=list(lines.values()),
            centres=[CentreView.of(line) for line in day.centres],
            reasons=[
                WhyView(
                    why.code,
                    why.purse,
                    why.amount_vnd,
                    names[why.courier_id] if why.courier_id else None,
                    why.home_visit_id,
                    why.case_id,
                )
                for why in day.reasons
            ],
        )


def _collected(day: Settlement, purse: Purse) -> int:
    return sum(line.collected for line in day.couriers if line.purse == purse)


class PartnerOfCentre(msgspec.Struct):
    """State fees a partner took for the centre; `closing_vnd` is what it still owes it."""

    partner_id: uuid.UUID
    opening_vnd: int
    collected_vnd: int
    refunded_vnd: int
    paid_vnd: int
    closing_vnd: int

    @classmethod
    def of(cls, partner_id: uuid.UUID, line: CentreLine) -> "PartnerOfCentre":
        return cls(partner_id, line.opening, line.collected, line.refunded, line.paid, line.closing)


class OwedHere(msgspec.Struct):
    """A fee that was paid to the centre and is no longer due."""

    home_visit_id: uuid.UUID | None
    amount_vnd: int
    since: date


class CentreDayView(msgspec.Struct):
    """A centre's day: what citizens paid here less what was given back, what partners owe, and what the
    centre owes to citizens now.
    """

    date: date
    paid_here_vnd: int
    partners: list[PartnerOfCentre]
    refunds_owed: list[OwedHere]
