"""Partners that push what their couriers did, instead of calling: a secret they sign with.

The message's own signature opens the door, so the secret is the partner's alone; while it is rotated the
former one is good for 24 hours more.
"""

import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.core import journal
from app.core.database import fetch_row, in_transaction
from app.core.keys import keys
from app.core.operation import operation
from partners.postal import signing
from partners.postal.webhooks import FORMER_SECRET_VALID

MOST_BYTES: Final = 256 * 1024


class Signer(NamedTuple):
    """A partner and the secrets it may sign with now."""

    partner_id: uuid.UUID
    secrets: list[str]


def _place(partner_id: uuid.UUID) -> str:
    return f"courier_partner|callback_secret_sealed|{partner_id}"


@operation
async def new_secret(*, partner_id: uuid.UUID, now: datetime) -> str:
    """Make or replace the secret; it is told here and never again."""
    secret = signing.new_secret()
    await in_transaction().execute(
        "UPDATE courier_partner SET former_callback_secret_sealed = callback_secret_sealed,"
        " former_callback_secret_until = $2, callback_secret_sealed = $3 WHERE id = $1",
        partner_id,
        now + FORMER_SECRET_VALID,
        keys().fields.encrypt(secret.encode(), place=_place(partner_id)),
    )
    await journal.write("callback.secret_made", object_kind="partner", object_id=partner_id, at=now)
    return secret


async def signer(code: str, *, now: datetime) -> Signer | None:
    """The partner of that code, when it has a secret; None looks like a wrong signature outside."""
    row = await fetch_row(
        "SELECT id, callback_secret_sealed, CASE WHEN former_callback_secret_until > $2"
        " THEN former_callback_secret_sealed END AS former FROM courier_partner WHERE code = $1",
        code,
        now,
    )
    if row is None:
        return None
    sealed = [each for each in (row["callback_secret_sealed"], row["former"]) if each is not None]
    place = _place(row["id"])
    return Signer(row["id"], [keys().fields.decrypt(each, place=place).decode() for each in sealed])
