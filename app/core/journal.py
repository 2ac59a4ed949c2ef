"""The journal (nhật ký): append-only lines of who did what to which thing, in its transaction.

A line carries ids and codes only: no name, phone, address or personal number. The table refuses
UPDATE and DELETE by trigger.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from app.core.actor import Actor, current_actor
from app.core.database import fetch, in_transaction
from app.core.ids import new_id


class Line(NamedTuple):
    """One line as read back."""

    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    request_id: str


async def write(
    action: str,
    *,
    object_kind: str,
    object_id: uuid.UUID | str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> None:
    """Add a line to the open transaction. `action` is past tense: `appointment.confirmed`.

    The one who acts is the caller of the request, unless another is named.
    """
    actor = actor or current_actor.get()
    await in_transaction().execute(
        "INSERT INTO journal (id, at, actor_kind, actor_id, action, object_kind, object_id, detail,"
        " request_id) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
        new_id(),
        at,
        actor.kind,
        actor.id,
        action,
        object_kind,
        str(object_id),
        msgspec.json.encode(detail or {}).decode(),
        actor.request_id,
    )


async def about(object_id: str, *, limit: int = 200) -> Sequence[Line]:
    """What happened to one thing, oldest first; also lines that mention its id in their detail."""
    rows = await fetch(
        "SELECT at, actor_kind, actor_id, action, object_kind, object_id, detail, request_id"
        " FROM journal WHERE object_id = $1 ORDER BY at, id LIMIT $2",
        object_id,
        limit,
    )
    return [Line(**dict(row) | {"detail": msgspec.json.decode(row["detail"])}) for row in rows]
