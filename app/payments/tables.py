"""What is stored about money: prices, what is owed, receipts, the cash book, and cases."""

from piccolo.columns import (
    UUID,
    BigInt,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class PostageTariff(Table, db=DB, tablename="postage_tariff"):
    """The price of one leg (cước) up to a distance; without one, any farther. In đồng."""

    id = UUID(primary_key=True, default=None)
    kind = Text(null=False, default=None)
    up_to_km = Integer(null=True, default=None)
    amount_vnd = Integer(null=False, default=None)
    decision = Text(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)


class PaymentExemption(Table, db=DB, tablename="payment_exemption"):
    """Who does not pay (miễn): a sector or procedure by itself, or a group whose paper is shown."""

    id = UUID(primary_key=True, default=None)
    code = Text(null=False, default=None)
    purse = Text(null=False, default=None)
    sector = Text(null=True, default=None)
    procedure_code = Text(null=True, default=None)
    by_proof = Boolean(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    decision = Text(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)


class Charge(Table, db=DB, tablename="charge"):
    """What a visit costs: a line per procedure, and one of postage (procedure '').

    Without an amount the catalogue has none: whoever takes the fee says it.
    """

    id = UUID(primary_key=True, default=None)
    home_visit_id = UUID(null=False, default=None)
    purse = Text(null=False, default=None)
    procedure_code = Text(null=False, default=None)
    amount_vnd = Integer(null=True, default=None)
    decision = Text(null=False, default=None)
    state = Text(null=False, default=None)
    because = Text(null=False, default="")
    created_at = Timestamptz(null=False, default=None)


class Receipt(Table, db=DB, tablename="receipt"):
    """A number of a partner or centre (biên lai), used once or void. Keyed by issuer and number.

    `series` and `serial` are the number as it is read, none where it ends in no digits; `day` is the
    payment's. Void alone it has no visit; with a visit it was used, and told as void before or after.
    """

    issuer_id = UUID(primary_key=True, null=False, default=None)
    number = Text(null=False, default=None)
    home_visit_id = UUID(null=True, default=None)
    courier_id = UUID(null=True, default=None)
    purse = Text(null=True, default=None)
    amount_vnd = Integer(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    series = Text(null=True, default=None)
    serial = BigInt(null=True, default=None)
    day = Date(null=True, default=None)
    voided_on = Date(null=True, default=None)
    void_because = Text(null=False, default="")
    dossier_id = UUID(null=True, default=None)


class ReceiptBook(Table, db=DB, tablename="receipt_book"):
    """A range of receipt numbers (quyển biên lai), as an issuer has it; `name` is the issuer's own."""

    id = UUID(primary_key=True, default=None)
    issuer_id = UUID(null=False, default=None)
    name = Text(null=False, default=None)
    series = Text(null=False, default=None)
    first_number = BigInt(null=False, default=None)
    last_number = BigInt(null=False, default=None)
    digits = SmallInt(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)


class ReceiptBookHolder(Table, db=DB, tablename="receipt_book_holder"):
    """Which courier has a book, from and to which day. Keyed by book and first day."""

    book_id = ForeignKey(
        ReceiptBook, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    courier_id = UUID(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)


class CashEntry(Table, db=DB, tablename="cash_entry"):
    """One movement of the cash book (sổ quỹ): append only."""

    id = UUID(primary_key=True, default=None)
    purse = Text(null=False, default=None)
    from_kind = Text(null=False, default=None)
    from_id = Text(null=False, default=None)
    to_kind = Text(null=False, default=None)
    to_id = Text(null=False, default=None)
    amount_vnd = BigInt(null=False, default=None)
    reason = Text(null=False, default=None)
    day = Date(null=False, default=None)
    partner_id = UUID(null=True, default=None)
    courier_id = UUID(null=True, default=None)
    centre_id = UUID(null=True, default=None)
    home_visit_id = UUID(null=True, default=None)
    receipt = Text(null=True, default=None)
    reference = Text(null=False, default="")
    event_id = UUID(null=True, default=None)
    reverses = UUID(null=True, default=None)
    recorded_at = Timestamptz(null=False, default=None)


class MoneyCase(Table, db=DB, tablename="money_case"):
    """Why something does not balance (vụ việc chênh lệch); `key` is what it is about."""

    id = UUID(primary_key=True, default=None)
    kind = Text(null=False, default=None)
    key = Text(null=False, default=None)
    purse = Text(null=False, default=None)
    amount_vnd = BigInt(null=False, default=None)
    day = Date(null=False, default=None)
    partner_id = UUID(null=True, default=None)
    courier_id = UUID(null=True, default=None)
    centre_id = UUID(null=True, default=None)
    home_visit_id = UUID(null=True, default=None)
    state = Text(null=False, default=None)
    opened_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_because = Text(null=False, default="")


class SettlementCheck(Table, db=DB, tablename="settlement_check"):
    """What a night found of a day that had ended. Keyed by partner, day and the night."""

    partner_id = UUID(primary_key=True, null=False, default=None)
    day = Date(null=False, default=None)
    checked_on = Date(null=False, default=None)
    balanced = Boolean(null=False, default=None)
    reasons = Integer(null=False, default=None)


class CounterFee(Table, db=DB, tablename="counter_fee"):
    """What was paid at a counter for a dossier, or an exemption without money; a line taken back stays."""

    id = UUID(primary_key=True, default=None)
    dossier_id = UUID(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    purse = Text(null=False, default=None)
    amount_vnd = Integer(null=False, default=None)
    receipt = Text(null=False, default=None)
    exemption = Text(null=False, default="")
    day = Date(null=False, default=None)
    taken_at = Timestamptz(null=False, default=None)
    officer_id = Text(null=False, default=None)
    voided_at = Timestamptz(null=True, default=None)
    voided_by = Text(null=False, default="")
    void_because = Text(null=False, default="")
