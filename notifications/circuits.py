"""A way that fails is left alone, by every process at once: the state is a row.

Five failures within thirty seconds open it for thirty more; then one message tries, and the others go on
waiting until it went well. A wrong account opens it at once, and somebody is called. A message that waits
for a closed way has made no call and used up nothing.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from app.core import journal
from app.core.database import fetch, in_transaction

log: Final = structlog.get_logger(__name__)

FAILURES_BORNE: Final = 5
WITHIN: Final = timedelta(seconds=30)
REST: Final = timedelta(seconds=30)
# Nobody mends an account in half a minute.
REST_OF_AN_ACCOUNT: Final = timedelta(seconds=60)

OPENED: Final = Counter("motcua_message_circuit_opened", "Ways to people that were left alone", ["way"])


async def closed_until(way: str) -> datetime | None:
    """Until when it is left alone, None of a way in use; a moment of the past: one may try it."""
    until: datetime | None = await in_transaction().fetchval(
        "SELECT open_until FROM message_circuit WHERE way = $1", way
    )
    return until


async def wait(way: str, *, now: datetime) -> timedelta | None:
    """None: call now. After a rest one may, and the others wait for another rest."""
    until = await closed_until(way)
    if until is None:
        return None
    if until > now:
        return until - now
    tag = await in_transaction().execute(
        "UPDATE message_circuit SET open_until = $3 WHERE way = $1 AND open_until = $2",
        way,
        until,
        now + REST,
    )
    return None if tag == "UPDATE 1" else REST


async def failed(way: str, *, now: datetime, reason: str, at_once: bool = False) -> None:
    """One call more that came to nothing; `at_once` where every other would, too."""
    connection = in_transaction()
    # One statement: between two, somebody who succeeded may take the row away.
    row = await connection.fetchrow(
        "INSERT INTO message_circuit AS known (way, failures, first_failed_at, reason)"
        " VALUES ($1, 0, $2, '') ON CONFLICT (way) DO UPDATE SET reason = known.reason"
        " RETURNING failures, first_failed_at, open_until",
        way,
        now,
    )
    was_open = row["open_until"] is not None
    stale = not was_open and row["first_failed_at"] < now - WITHIN
    failures = 1 if stale else row["failures"] + 1
    is_open = was_open or at_once or failures >= FAILURES_BORNE
    rest = now + (REST_OF_AN_ACCOUNT if at_once else REST)
    await connection.execute(
        "UPDATE message_circuit SET failures = $2, first_failed_at = $3, reason = $4,"
        " open_until = CASE WHEN $5 THEN greatest(open_until, $6) END WHERE way = $1",
        way,
        failures,
        now if stale else row["first_failed_at"],
        reason[:60],
        is_open,
        rest,
    )
    if is_open and not was_open:
        OPENED.labels(way).inc()
        log.error("message_way_closed", way=way, reason=reason, account=at_once)
        await journal.write(
            "message_way.closed", object_kind="message_way", object_id=way, at=now, detail={"why": reason}
        )


async def succeeded(way: str, *, now: datetime) -> None:
    """The provider answered as it should, be it with a no."""
    was_open = await in_transaction().fetchval(
        "DELETE FROM message_circuit WHERE way = $1 RETURNING open_until IS NOT NULL", way
    )
    if was_open:
        log.info("message_way_open", way=way)
        await journal.write("message_way.opened", object_kind="message_way", object_id=way, at=now)


async def closed_ways(*, now: datetime) -> dict[str, datetime]:
    """The ways that are left alone at a moment, and until when at least."""
    rows = await fetch("SELECT way, open_until FROM message_circuit WHERE open_until > $1", now)
    return {row["way"]: row["open_until"] for row in rows}
