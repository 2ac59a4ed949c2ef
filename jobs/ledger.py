"""What the outbox owes, for operators: counts, the dead, and replaying them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit


class Count(NamedTuple):
    """How many rows of one listener are in one state."""

    subscriber: str
    state: str
    rows: int


class Row(NamedTuple):
    """One work row, as an operator reads it."""

    id: uuid.UUID
    kind: str
    subject: str
    subscriber: str
    state: str
    attempts: int
    last_error: str
    created_at: datetime


async def counts() -> Sequence[Count]:
    """Facts still to be fanned out appear as subscriber `(new)`."""
    rows = await fetch(
        "SELECT subscriber, state, count(*)::int AS rows FROM outbox_work GROUP BY 1, 2"
        " UNION ALL SELECT '(new)', state, count(*)::int FROM outbox WHERE state = 'ready'"
        " GROUP BY state ORDER BY 1, 2"
    )
    return [Count(*row) for row in rows]


async def open_rows() -> int:
    """How much is still owed."""
    return sum(count.rows for count in await counts() if count.state in ("ready", "claimed"))


async def dead(limit: int = 100) -> Sequence[Row]:
    rows = await fetch(
        "SELECT id, kind, subject, subscriber, state, attempts, last_error, created_at"
        " FROM outbox_work WHERE state IN ('dead', 'expired') ORDER BY created_at DESC LIMIT $1",
        limit,
    )
    return [Row(*row) for row in rows]


@operation
async def replay(*, work_id: uuid.UUID, now: datetime) -> bool:
    """Give a dead row a new budget; the same ids go out, so a receiver sees a repetition."""
    tag = await in_transaction().execute(
        "UPDATE outbox_work SET state = 'ready', attempts = 0, next_at = clock_timestamp(),"
        " expires_at = clock_timestamp() + interval '3 days', done_at = NULL"
        " WHERE id = $1 AND state IN ('dead', 'expired')",
        work_id,
    )
    wake_after_commit("outbox")
    await journal.write("work.replayed", object_kind="outbox_work", object_id=work_id, at=now)
    return bool(tag == "UPDATE 1")
