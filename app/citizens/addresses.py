"""Where the holder of a phone is reached beside it: what a message may use."""

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.citizens.devices import FRESH
from app.core.database import fetch_row


class Addresses(NamedTuple):
    """`email` confirmed and not dead, `push` tokens of apps seen lately; the last seen first."""

    citizen_id: uuid.UUID | None = None
    email: str | None = None
    push: Sequence[str] = ()


NOWHERE_ELSE: Final = Addresses()


async def of_phone(phone: str) -> Addresses:
    """Nothing where the phone is nobody's account."""
    row = await fetch_row(
        "SELECT a.id, e.address, array(SELECT token FROM push_device d WHERE d.citizen_id = a.id"
        " AND d.seen_at > clock_timestamp() - $2::interval ORDER BY seen_at DESC, id) AS tokens"
        " FROM phone_account a LEFT JOIN citizen_email e"
        " ON e.citizen_id = a.id AND e.undeliverable_at IS NULL WHERE a.phone = $1",
        phone,
        FRESH,
    )
    return NOWHERE_ELSE if row is None else Addresses(row["id"], row["address"], tuple(row["tokens"]))
