"""What monitoring reads of the outbox: what is due since when, and what nobody tries any more."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch

# The lanes by their names; `jobs.subscription.Lane` says what goes where.
LANES: Final = {0: "code", 1: "urgent", 2: "normal", 3: "bulk"}

DUE: Final = Gauge("motcua_outbox_due", "Work rows whose time has come", ["lane"])
OLDEST: Final = Gauge("motcua_outbox_oldest_seconds", "How long the oldest of them is due", ["lane"])
FRESH: Final = Gauge("motcua_outbox_new", "Facts nobody has been told of yet")
RETRYING: Final = Gauge(
    "motcua_outbox_retrying", "Work rows that failed and will be tried again", ["subscriber"]
)
DEAD: Final = Gauge("motcua_outbox_dead", "Work rows that are tried no more and wait for an operator")

LANES_NOW: Final = """
SELECT lane, count(*)::int AS due, extract(epoch FROM clock_timestamp() - min(next_at))::float AS oldest
  FROM outbox_work WHERE state = 'ready' AND next_at <= clock_timestamp() GROUP BY lane
"""
FAILED_BEFORE: Final = """
SELECT subscriber, count(*)::int AS rows FROM outbox_work
 WHERE state = 'ready' AND attempts > 0 GROUP BY subscriber
"""
REST: Final = """
SELECT (SELECT count(*) FROM outbox WHERE state = 'ready')::int AS fresh,
       (SELECT count(*) FROM outbox_work WHERE state IN ('dead', 'expired'))::int AS dead
"""


_SEEN: Final[set[str]] = set()


async def refresh() -> None:
    """Read the figures and show them; a lane with nothing due shows nought."""
    found = {row["lane"]: row for row in await fetch(LANES_NOW)}
    for lane, name in LANES.items():
        row = found.get(lane)
        DUE.labels(name).set(row["due"] if row else 0)
        OLDEST.labels(name).set(max(0.0, row["oldest"]) if row else 0)
    failing = {row["subscriber"]: row["rows"] for row in await fetch(FAILED_BEFORE)}
    # A listener that has recovered shows nought from then on, and does not vanish.
    _SEEN.update(failing)
    for known in _SEEN:
        RETRYING.labels(known).set(failing.get(known, 0))
    [rest] = await fetch(REST)
    FRESH.set(rest["fresh"])
    DEAD.set(rest["dead"])
