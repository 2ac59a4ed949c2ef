"""Facts and their line of the journal in one statement: where everybody waits, a round trip counts.

The same rows as `outbox.record` and `journal.write`; use those where only one of the two is told.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.outbox import Fact
from app.core.wakeups import wake_after_commit

TELL: Final = """
WITH line AS (
    INSERT INTO journal (id, at, actor_kind, actor_id, action, object_kind, object_id, detail, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))
INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id)
SELECT id, kind, subject, payload, occurred_at, $9
  FROM unnest($10::uuid[], $11::text[], $12::text[], $13::jsonb[], $14::timestamptz[]) WITH ORDINALITY
       AS fact (id, kind, subject, payload, occurred_at, turn)
 ORDER BY turn
"""


async def tell(
    facts: Sequence[Fact],
    action: str,
    *,
    object_kind: str,
    object_id: uuid.UUID,
    at: datetime,
    detail: Mapping[str, Any],
) -> None:
    """Write the facts, in their order, and the line beside the change they report."""
    actor = current_actor.get()
    await in_transaction().execute(
        TELL,
        new_id(),
        at,
        actor.kind,
        actor.id,
        action,
        object_kind,
        str(object_id),
        msgspec.json.encode(detail).decode(),
        actor.request_id,
        [new_id() for _ in facts],
        [fact.kind for fact in facts],
        [fact.subject for fact in facts],
        [msgspec.json.encode(fact).decode() for fact in facts],
        [fact.occurred_at for fact in facts],
    )
    wake_after_commit("outbox")
