"""What can be asked about money: prices of a day, the bill of a visit."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row, fetch_value
from app.core.rows import select
from app.payments.rules import Bill, ChargeRow, Exemption, Purse, Reason, Tariff

CHARGES: Final = (
    select(ChargeRow, "charge") + " WHERE home_visit_id = ANY($1)"
    " ORDER BY created_at, home_visit_id, purse DESC, procedure_code"
)
PAID: Final = """
SELECT purse, sum(CASE WHEN from_kind = 'citizen' THEN amount_vnd ELSE -amount_vnd END)::bigint AS paid
  FROM cash_entry
 WHERE home_visit_id = ANY($1) AND 'citizen' IN (from_kind, to_kind) GROUP BY purse
"""
VALID: Final = "valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)"


async def bill_of(*home_visit_ids: uuid.UUID) -> Bill:
    """What was charged for the visits, and what was paid less what was given back."""
    charges = [ChargeRow(*row) for row in await fetch(CHARGES, list(home_visit_ids))]
    if not charges:
        return Bill((), {})
    paid = {row["purse"]: row["paid"] for row in await fetch(PAID, list(home_visit_ids))}
    return Bill(charges, paid)


async def tariffs(kind: str, *, on: date) -> Sequence[Tariff]:
    """The prices of a leg on the day, all of one tariff: the last that started."""
    rows = await fetch(
        "SELECT up_to_km, amount_vnd, decision FROM postage_tariff"
        f" WHERE {VALID} AND kind = $2 AND valid_from = (SELECT max(valid_from) FROM postage_tariff"
        f"  WHERE {VALID} AND kind = $2) ORDER BY up_to_km",
        on,
        kind,
    )
    return [Tariff(*row) for row in rows]


async def exemptions(*, on: date) -> Sequence[Exemption]:
    rows = await fetch(f"{select(Exemption, 'payment_exemption')} WHERE {VALID} ORDER BY code, purse", on)
    return [Exemption(*row) for row in rows]


async def partner_that_took(family: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """Whose courier last took money for these visits; None when nobody's did."""
    found: uuid.UUID | None = await fetch_value(
        "SELECT partner_id FROM cash_entry WHERE home_visit_id = ANY($1) AND reason = 'collected'"
        " ORDER BY recorded_at DESC, id DESC LIMIT 1",
        list(family),
    )
    return found


class Paid(NamedTuple):
    """One payment of a citizen: how much, of which purse, and under which receipt."""

    amount_vnd: int
    purse: str
    receipt: str


async def paid(entry_id: uuid.UUID) -> Paid | None:
    """An entry by which a citizen paid; under a number that was used, the one that was told."""
    row = await fetch_row(
        "SELECT amount_vnd, purse, coalesce(receipt, reference) FROM cash_entry"
        " WHERE id = $1 AND from_kind = 'citizen'",
        entry_id,
    )
    return None if row is None else Paid(*row)


class NotReversed(NamedTuple):
    """Money that was taken, and how much of it was not given back yet."""

    id: uuid.UUID
    home_visit_id: uuid.UUID
    centre_id: uuid.UUID | None
    left_vnd: int


async def not_reversed(
    family: Sequence[uuid.UUID], *, purse: Purse, reason: Reason
) -> Sequence[NotReversed]:
    """What was taken for these visits and can be given back, newest first."""
    rows = await fetch(
        "SELECT id, home_visit_id, centre_id, left_vnd FROM (SELECT taken.*, taken.amount_vnd"
        "  - coalesce((SELECT sum(amount_vnd) FROM cash_entry back WHERE back.reverses = taken.id), 0)"
        "  ::bigint AS left_vnd FROM cash_entry taken"
        "  WHERE home_visit_id = ANY($1) AND purse = $2 AND reason = $3) open"
        " WHERE left_vnd > 0 ORDER BY recorded_at DESC, id DESC",
        list(family),
        purse.value,
        reason.value,
    )
    return [NotReversed(*row) for row in rows]
