"""The cash book (sổ quỹ): the only writer of entries, and the balances that follow from them."""

import uuid
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.database import fetch_value, in_transaction
from app.core.ids import new_id
from app.payments.rules import Holder, Purse, Reason

INSERT: Final = """
INSERT INTO cash_entry (id, purse, from_kind, from_id, to_kind, to_id, amount_vnd, reason, day, partner_id,
    courier_id, centre_id, home_visit_id, receipt, reference, event_id, reverses, recorded_at)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)
"""


class Account(NamedTuple):
    """Whose money."""

    holder: Holder
    id: uuid.UUID | str


class About(NamedTuple):
    """What an entry belongs to. `day` is the day it counts for, which may be before it was told."""

    day: date
    partner_id: uuid.UUID | None = None
    courier_id: uuid.UUID | None = None
    centre_id: uuid.UUID | None = None
    home_visit_id: uuid.UUID | None = None
    receipt: str | None = None
    reference: str = ""
    event_id: uuid.UUID | None = None
    reverses: uuid.UUID | None = None


async def move(
    amount_vnd: int,
    *,
    purse: Purse,
    giver: Account,
    receiver: Account,
    reason: Reason,
    about: About,
    now: datetime,
) -> uuid.UUID | None:
    """Write one entry and name it; nothing moved is nothing written."""
    if amount_vnd == 0:
        return None
    entry_id = new_id()
    await in_transaction().execute(
        INSERT,
        entry_id,
        purse.value,
        giver.holder.value,
        str(giver.id),
        receiver.holder.value,
        str(receiver.id),
        amount_vnd,
        reason.value,
        about.day,
        about.partner_id,
        about.courier_id,
        about.centre_id,
        about.home_visit_id,
        about.receipt,
        about.reference,
        about.event_id,
        about.reverses,
        now,
    )
    return entry_id


async def in_hand(courier_id: uuid.UUID, day: date, purse: Purse) -> int:
    """What a courier took on a day less what they gave away of it."""
    balance: int = await fetch_value(
        "SELECT coalesce(sum(CASE WHEN to_kind = 'courier' THEN amount_vnd ELSE -amount_vnd END), 0)"
        "::bigint"
        " FROM cash_entry WHERE courier_id = $1 AND day = $2 AND purse = $3"
        " AND 'courier' IN (from_kind, to_kind)",
        courier_id,
        day,
        purse.value,
    )
    return balance


async def hold_family(eldest: uuid.UUID) -> None:
    """One at a time on the money of one dossier's visits, which have rows of their own; before any day."""
    await _hold(f"family|{eldest}")


async def hold_day(courier_id: uuid.UUID, day: date) -> None:
    """One at a time on a courier's day: a remittance and a late report would miss each other."""
    await _hold(f"{courier_id}|{day}")


async def _hold(what: str) -> None:
    await in_transaction().execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 31))", what)
