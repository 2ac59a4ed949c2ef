"""What can be asked about the journal's seals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.audit.seals import JournalLine, Seal
from app.core.database import fetch, fetch_row, fetch_value

LINE_COLUMNS: Final = ", ".join(JournalLine._fields)
SEAL_COLUMNS: Final = ", ".join(Seal._fields)

# A number is taken before its line is committed, so lines appear out of order. Whoever took one up to here
# began before this moment. Readers of long snapshots take none.
STILL_WRITING: Final = """
SELECT EXISTS (SELECT FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start <= $1
   AND pid <> pg_backend_pid() AND application_name NOT IN ('motcua backup', 'pg_dump'))
"""


async def reached() -> tuple[int, datetime]:
    """The highest number any line has or will have that was begun before the moment told with it."""
    row = await fetch_row(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS seq, clock_timestamp() AS at"
        " FROM journal_seq_seq"
    )
    assert row is not None
    return row["seq"], row["at"]


async def somebody_writes_since_before(moment: datetime) -> bool:
    """Whether a transaction that began by then is still open."""
    return bool(await fetch_value(STILL_WRITING, moment))


async def unsealed() -> tuple[int, datetime | None]:
    """How many lines have no seal yet, and when the oldest of them was written."""
    row = await fetch_row(
        "SELECT count(*) AS lines, min(at) AS since FROM journal"
        " WHERE seq > (SELECT coalesce(max(upto), 0) FROM journal_seal)"
    )
    assert row is not None
    return row["lines"], row["since"]


async def newest_of_days(*, since: datetime | None = None) -> Sequence[Seal]:
    """The last seal of each day in Việt Nam, the first day first."""
    rows = await fetch(
        f"SELECT {SEAL_COLUMNS} FROM journal_seal WHERE n IN (SELECT max(n) FROM journal_seal"
        " WHERE $1::timestamptz IS NULL OR made_at >= $1"
        " GROUP BY (made_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) ORDER BY n",
        since,
    )
    return [Seal(*row) for row in rows]
