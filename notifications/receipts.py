"""What the provider says afterwards: receipts in any order, several times, never going down."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation

# accepted < queued < sending < sent < {delivered, undelivered, failed}: a lower rank never overwrites.
RANKS: Final[Mapping[str, int]] = MappingProxyType(
    {"accepted": 1, "queued": 2, "sending": 3, "sent": 4, "delivered": 5, "undelivered": 5, "failed": 5}
)
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {"sent": "sent", "delivered": "delivered", "undelivered": "undelivered", "failed": "undelivered"}
)


@operation
async def note_receipt(
    *, message_id: uuid.UUID, provider_id: str, status: str, error_code: str, now: datetime
) -> bool:
    """Adopt a receipt; False when it told nothing new. It also proves that an unknown call arrived."""
    rank = RANKS.get(status)
    if rank is None:
        return False
    state = STATES.get(status, "accepted")
    tag = await in_transaction().execute(
        "UPDATE message SET state = $3, rank = $4, error_code = $5,"
        " provider_id = coalesce(provider_id, nullif($2, '')), calling_since = NULL,"
        " ended_at = CASE WHEN $4 = 5 THEN clock_timestamp() ELSE ended_at END"
        " WHERE id = $1 AND rank < $4 AND state NOT IN ('expired', 'superseded')",
        message_id,
        provider_id,
        state,
        rank,
        error_code[:60],
    )
    if tag != "UPDATE 1":
        return False
    await journal.write(f"message.{state}", object_kind="message", object_id=message_id, at=now)
    return True
