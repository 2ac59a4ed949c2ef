"""What the outbox owes, for operators: counts, rows, one whole, replaying and cancelling them.

What an operator does is a line of the journal of the row. Counts are of what is owed or in trouble; what is
done is not counted, for there may be fifty million of it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core import journal
from app.core.database import fetch, fetch_row, in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

OWED: Final = ("ready", "claimed")
TROUBLED: Final = ("dead", "expired")
STATES: Final = (*OWED, *TROUBLED, "done", "cancelled")


class Count(NamedTuple):
    """How many rows of one listener are in one state, and since when the oldest is."""

    subscriber: str
    state: str
    rows: int
    oldest: datetime


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


class Whole(NamedTuple):
    """A work row with the fact it is about (ids and codes only) and its last five errors."""

    id: uuid.UUID
    fact_id: uuid.UUID
    kind: str
    subject: str
    subscriber: str
    lane: int
    in_order: bool
    state: str
    attempts: int
    max_attempts: int
    next_at: datetime
    expires_at: datetime
    lease_until: datetime | None
    created_at: datetime
    done_at: datetime | None
    request_id: str
    fact: dict[str, Any]
    errors: list[dict[str, Any]]


ROW: Final = ", ".join(Row._fields)
# Each branch reads a partial index of its own.
COUNTS: Final = """
SELECT subscriber, state, count(*)::int, min(created_at) FROM outbox_work
 WHERE state IN ('ready', 'claimed') GROUP BY 1, 2
UNION ALL
SELECT subscriber, state, count(*)::int, min(created_at) FROM outbox_work
 WHERE state IN ('dead', 'expired') GROUP BY 1, 2
UNION ALL
SELECT '(new)', state, count(*)::int, min(created_at) FROM outbox WHERE state = 'ready' GROUP BY state
ORDER BY 1, 2
"""


async def counts() -> Sequence[Count]:
    """Facts still to be fanned out appear as subscriber `(new)`."""
    return [Count(*row) for row in await fetch(COUNTS)]


async def open_rows() -> int:
    """How much is still owed."""
    return sum(count.rows for count in await counts() if count.state in OWED)


async def dead(limit: int = 100) -> Sequence[Row]:
    """What is in trouble, the latest first."""
    rows = await fetch(
        f"SELECT {ROW} FROM outbox_work WHERE state IN ('dead', 'expired') ORDER BY done_at DESC LIMIT $1",
        limit,
    )
    return [Row(*row) for row in rows]


async def rows_in(state: str, *, subscriber: str | None, limit: int) -> Sequence[Row]:
    """Rows in a state: those in trouble or done by when that was, the latest first; those owed by when they
    are due.
    """
    order = "next_at, id" if state in OWED else "done_at DESC, id"
    # Spelled out, not a parameter: the partial indexes are found by it.
    assert state in STATES
    rows = await fetch(
        f"SELECT {ROW} FROM outbox_work WHERE state = '{state}'"
        f" AND ($1::text IS NULL OR subscriber = $1) ORDER BY {order} LIMIT $2",
        subscriber,
        limit,
    )
    return [Row(*row) for row in rows]


async def whole(work_id: uuid.UUID) -> Whole | None:
    names = ", ".join(f"w.{name}" for name in Whole._fields if name not in {"request_id", "fact", "errors"})
    row = await fetch_row(
        f"SELECT {names}, o.request_id, o.payload AS fact, w.errors"
        " FROM outbox_work w JOIN outbox o ON o.id = w.fact_id WHERE w.id = $1",
        work_id,
    )
    if row is None:
        return None
    read = {name: msgspec.json.decode(row[name]) for name in ("fact", "errors")}
    return Whole(**dict(row) | read)


@operation
async def replay(*, work_id: uuid.UUID, now: datetime) -> bool:
    """Give a row in trouble a new budget of attempts and time; the same ids go out, so a receiver sees a
    repetition. False when it is not in trouble.
    """
    return await _replay("id = $1", work_id, now=now) == 1


@operation
async def replay_all(*, subscriber: str, now: datetime) -> int:
    """The same for everything of one listener; how many rows."""
    return await _replay("subscriber = $1", subscriber, now=now)


async def _replay(which: str, value: object, *, now: datetime) -> int:
    rows = await in_transaction().fetch(
        "UPDATE outbox_work SET state = 'ready', attempts = 0, next_at = clock_timestamp(),"
        " expires_at = clock_timestamp() + interval '3 days', done_at = NULL"
        f" WHERE {which} AND state IN ('dead', 'expired') RETURNING id",
        value,
    )
    for row in rows:
        await journal.write("work.replayed", object_kind="outbox_work", object_id=row["id"], at=now)
    wake_after_commit("outbox")
    return len(rows)


@operation
async def cancel(*, work_id: uuid.UUID, now: datetime) -> bool:
    """Nobody shall do it any more; what waited behind it goes on. False when it is done, cancelled, or
    being done at this moment.
    """
    tag = await in_transaction().execute(
        "UPDATE outbox_work SET state = 'cancelled', done_at = clock_timestamp()"
        " WHERE id = $1 AND state IN ('ready', 'dead', 'expired')",
        work_id,
    )
    if tag != "UPDATE 1":
        return False
    await journal.write("work.cancelled", object_kind="outbox_work", object_id=work_id, at=now)
    wake_after_commit("outbox")
    return True
