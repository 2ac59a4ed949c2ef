"""The feed: everything a partner must know, numbered without gaps, each fact once.

The partner's row is locked while an event is numbered, so a number is visible only after all smaller ones:
"after 41" never misses 42. Webhooks push the same events; whoever lost one pulls it here.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core.clock import local
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.sandbox import livemode

TYPE_PREFIX: Final = "vn.motcua."
SOURCE: Final = "/v1/partner"


class Event(NamedTuple):
    """One event of the feed; `body` is the CloudEvents 1.0 document as it is signed and sent."""

    id: uuid.UUID
    partner_id: uuid.UUID
    seq: int
    type: str
    subject: str
    subject_seq: int
    body: str
    at: datetime


COLUMNS: Final = ", ".join(Event._fields)


@operation
async def publish(
    *,
    partner_id: uuid.UUID,
    fact_key: str,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    at: datetime,
) -> Event | None:
    """Append a fact to a partner's feed; the event it became, also when told before."""
    connection = in_transaction()
    seq = await connection.fetchval(
        "SELECT last_seq + 1 FROM courier_partner WHERE id = $1 FOR UPDATE", partner_id
    )
    if seq is None:
        return None
    known = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM partner_event WHERE partner_id = $1 AND fact_key = $2",
        partner_id,
        fact_key,
    )
    if known is not None:
        return Event(*known)
    subject_seq = await connection.fetchval(
        "SELECT count(*) + 1 FROM partner_event WHERE partner_id = $1 AND subject = $2",
        partner_id,
        subject,
    )
    event_id = new_id()
    body = _cloud_event(event_id, kind, subject, subject_seq, data, at)
    row = await connection.fetchrow(
        "INSERT INTO partner_event (id, partner_id, seq, fact_key, type, subject, subject_seq,"
        f" body, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) RETURNING {COLUMNS}",
        event_id,
        partner_id,
        seq,
        fact_key,
        TYPE_PREFIX + kind,
        subject,
        subject_seq,
        body,
        at,
    )
    await connection.execute("UPDATE courier_partner SET last_seq = $2 WHERE id = $1", partner_id, seq)
    return Event(*row)


async def after(partner_id: uuid.UUID, seq: int, *, limit: int) -> Sequence[Event]:
    """The events behind a number, in order."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM partner_event WHERE partner_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        partner_id,
        seq,
        limit,
    )
    return [Event(*row) for row in rows]


def _cloud_event(
    event_id: uuid.UUID,
    kind: str,
    subject: str,
    subject_seq: int,
    data: Mapping[str, Any],
    at: datetime,
) -> str:
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": str(event_id),
            "source": SOURCE,
            "type": TYPE_PREFIX + kind,
            "subject": subject,
            "sequence": f"{subject_seq:010d}",
            "time": local(at).isoformat(),
            "datacontenttype": "application/json",
            "livemode": livemode(),
            "data": data,
        }
    ).decode()
