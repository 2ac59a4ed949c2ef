"""What is decided about money (pure): what a leg costs, what is owed, and what balances.

Amounts are whole đồng. Fees are the catalogue's; postage follows the enterprise's tariff
within the price caps of Circular 22/2017/TT-BTTTT; Decision 45/2016/QĐ-TTg article 11 lets a citizen
pay the courier or the agency directly.
"""

import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

MOST_VND: Final = 1_000_000_000
# A number as it is printed: book and page, no blanks.
RECEIPT: Final = r"^[A-Za-z0-9][A-Za-z0-9\-/.]{0,39}$(?!\n)"
# The same number read: a series (ký hiệu), a separator that may be missing, and the number (số) itself.
READ: Final = re.compile(r"(.*?)[-/.]?([0-9]{1,10})")


class Purse(StrEnum):
    """Whose money it is: never mixed."""

    STATE = "state"  # phí, lệ phí
    POSTAGE = "postage"  # cước


class ChargeState(StrEnum):
    DUE = "due"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class Holder(StrEnum):
    """Who can have money. `unknown` is outside: cash that was found, nobody knows from whom."""

    CITIZEN = "citizen"
    COURIER = "courier"
    PARTNER = "partner"
    CENTRE = "centre"  # kho bạc, tài khoản của trung tâm
    SUSPENSE = "suspense"  # tiền thừa chờ xử lý
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why money changed hands."""

    COLLECTED = "collected"
    PAID_AT_CENTRE = "paid_at_centre"
    REMITTED = "remitted"
    PAID_TO_CENTRE = "paid_to_centre"
    REFUNDED = "refunded"
    MADE_GOOD = "made_good"
    FOUND = "found"
    SET_APART = "set_apart"


class CaseKind(StrEnum):
    """Why something does not balance."""

    REFUND_OWED = "refund_owed"  # phải hoàn trả người dân
    UNDERPAID = "underpaid"  # thu thiếu
    RECEIPT_REUSED = "receipt_reused"  # trùng số biên lai
    RECEIPT_OUTSIDE_RANGE = "receipt_outside_range"  # ngoài dải số được giao
    RECEIPT_OF_ANOTHER = "receipt_of_another"  # số của bưu tá khác
    RECEIPT_VOID = "receipt_void"  # số đã báo hỏng
    CASH_SHORT = "cash_short"  # nộp thiếu
    CASH_OVER = "cash_over"  # nộp thừa
    NOT_REMITTED = "not_remitted"  # chưa nộp


class Void(StrEnum):
    """Why a receipt number will never stand for a payment."""

    SPOILED = "spoiled"  # viết hỏng
    MISPRINTED = "misprinted"  # in hỏng
    LOST = "lost"  # mất
    WITHDRAWN = "withdrawn"  # thu hồi


class Serial(NamedTuple):
    """A receipt number as it is printed: series and number (ký hiệu, số)."""

    series: str
    number: int


def read_receipt(receipt: str) -> Serial | None:
    """`AA/26P-0000123` is number 123 of series AA/26P; None for what ends in no number."""
    found = READ.fullmatch(receipt)
    return None if found is None else Serial(found[1].upper(), int(found[2]))


class Tariff(NamedTuple):
    """The price of a leg up to a distance; None is any farther."""

    up_to_km: int | None
    amount_vnd: int
    decision: str


class Exemption(NamedTuple):
    """Who does not pay from a purse. `by_proof`: only those who show the paper of the group."""

    code: str
    purse: str
    sector: str | None
    procedure_code: str | None
    by_proof: bool

    def covers(self, *, sector: str, procedure_code: str) -> bool:
        return self.sector in (None, sector) and self.procedure_code in (None, procedure_code)


class ChargeRow(NamedTuple):
    """One line of what a visit costs; `because` names an exemption or what ended it."""

    id: uuid.UUID
    home_visit_id: uuid.UUID
    purse: str
    procedure_code: str
    amount_vnd: int | None
    decision: str
    state: str
    because: str


class Bill(NamedTuple):
    """What was charged and what was paid, of one or several visits."""

    charges: Sequence[ChargeRow]
    paid: Mapping[str, int]

    def due(self, purse: Purse) -> int:
        """What the lines still standing come to."""
        return sum(
            line.amount_vnd or 0
            for line in self.charges
            if line.purse == purse and line.state == ChargeState.DUE
        )

    def balance(self, purse: Purse) -> int:
        """Paid less due: below zero something is owed to us, above it something is owed back."""
        return self.paid.get(purse, 0) - self.due(purse)

    def owed(self, purse: Purse) -> int:
        return max(-self.balance(purse), 0)

    def over(self, purse: Purse) -> int:
        return max(self.balance(purse), 0)

    @property
    def owed_in_all(self) -> int:
        return sum(self.owed(purse) for purse in Purse)

    def unassessed(self, purse: Purse) -> list[ChargeRow]:
        """Lines the catalogue has no amount for."""
        return [
            line
            for line in self.charges
            if line.purse == purse and line.amount_vnd is None and line.state == ChargeState.DUE
        ]


class Goods(Protocol):
    """What a charge looks at of a procedure."""

    @property
    def code(self) -> str: ...
    @property
    def sector(self) -> str: ...


def tariff_for(tariffs: Iterable[Tariff], *, km: float) -> Tariff | None:
    """The nearest distance that reaches the door, or None where the tariff says nothing of it."""
    reaching = [tariff for tariff in tariffs if tariff.up_to_km is None or km <= tariff.up_to_km]
    return min(reaching, key=lambda tariff: (tariff.up_to_km is None, tariff.up_to_km or 0), default=None)


def exempt_by_itself(exemptions: Iterable[Exemption], purse: Purse, procedure: Goods) -> str:
    """The code of what frees a procedure from a purse without anybody asking, or ''."""
    return next(
        (
            exemption.code
            for exemption in exemptions
            if exemption.purse == purse
            and not exemption.by_proof
            and exemption.covers(sector=procedure.sector, procedure_code=procedure.code)
        ),
        "",
    )


def postage_exempt(exemptions: Collection[Exemption], procedures: Sequence[Goods]) -> str:
    """One leg carries all papers of a visit: it is free when each of its procedures is."""
    codes = [exempt_by_itself(exemptions, Purse.POSTAGE, procedure) for procedure in procedures]
    return codes[0] if codes and all(codes) else ""


def freed(
    bill: Bill,
    exemptions: Iterable[Exemption],
    sectors: Mapping[str, str],
    *,
    purse: Purse,
    code: str,
) -> list[ChargeRow]:
    """The lines a shown paper frees; none when the code frees nothing here."""
    shown = [e for e in exemptions if e.code == code and e.purse == purse and e.by_proof]
    return [
        line
        for line in bill.charges
        if line.purse == purse
        and line.state == ChargeState.DUE
        and any(
            e.covers(sector=sectors.get(line.procedure_code, ""), procedure_code=line.procedure_code)
            for e in shown
        )
    ]


def case_of_cash(difference: int, *, handed_in: bool) -> CaseKind | None:
    """What a courier's day says: `difference` is what was taken and not handed in."""
    if difference == 0:
        return None
    if difference < 0:
        return CaseKind.CASH_OVER
    return CaseKind.CASH_SHORT if handed_in else CaseKind.NOT_REMITTED


class Undo(NamedTuple):
    """So much of an entry is to be reversed."""

    entry_id: uuid.UUID
    amount_vnd: int


class Taken(NamedTuple):
    """An entry that brought money, and what of it was not reversed yet."""

    entry_id: uuid.UUID
    left_vnd: int


def undo(taken: Iterable[Taken], *, amount_vnd: int) -> list[Undo]:
    """Which entries are reversed to give an amount back, newest first; less when there is not so much."""
    found: list[Undo] = []
    for entry in taken:
        part = min(entry.left_vnd, amount_vnd - sum(one.amount_vnd for one in found))
        if part > 0:
            found.append(Undo(entry.entry_id, part))
    return found


def case_of_number(*, courier_id: uuid.UUID, holder_id: uuid.UUID | None) -> CaseKind | None:
    """What is wrong with a number of the courier's, when the book it lies in is with `holder_id` that day:
    with nobody, or in no book at all, is None.
    """
    if holder_id is None:
        return CaseKind.RECEIPT_OUTSIDE_RANGE
    return None if holder_id == courier_id else CaseKind.RECEIPT_OF_ANOTHER


def printed(series: str, number: int, digits: int) -> str:
    """A number of a book as we write it: AA/26P-0000123."""
    return f"{series}-{number:0{digits}d}"
