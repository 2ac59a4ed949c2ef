"""What monitoring reads of the portal: how much is owed, how long it waits, how late steps arrived."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch_row

SUBSCRIBER: Final = "portal"
LAG_SHARE: Final = 0.95

BACKLOG: Final = Gauge("motcua_portal_backlog", "Facts of dossiers the portal has not taken", ["state"])
OLDEST: Final = Gauge("motcua_portal_oldest_seconds", "Age of the oldest fact the portal has not taken")
LAG: Final = Gauge("motcua_portal_lag_p95_seconds", "From a change of status to the portal, last hour, p95")
CONFLICTS: Final = Gauge("motcua_portal_conflicts", "Dossiers the portal says another state of, or refuses")

FIGURES: Final = """
SELECT (SELECT count(*) FROM outbox_work WHERE subscriber = $1 AND state IN ('ready', 'claimed')) AS owed,
       (SELECT count(*) FROM outbox_work WHERE subscriber = $1 AND state IN ('dead', 'expired')) AS dead,
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float
          FROM outbox_work WHERE subscriber = $1 AND state IN ('ready', 'claimed')) AS oldest,
       (SELECT coalesce(percentile_cont($2) WITHIN GROUP (
                   ORDER BY extract(epoch FROM told_at - happened_at)), 0)::float
          FROM portal_step
         WHERE told_at > (SELECT max(told_at) - interval '1 hour' FROM portal_step)) AS lag,
       (SELECT count(*) FROM portal_conflict WHERE closed_at IS NULL) AS conflicts
"""


async def refresh() -> None:
    """Read the figures and show them. The lag is of the last hour in which anything was told."""
    row = await fetch_row(FIGURES, SUBSCRIBER, LAG_SHARE)
    assert row is not None
    BACKLOG.labels("owed").set(row["owed"])
    BACKLOG.labels("dead").set(row["dead"])
    OLDEST.set(row["oldest"])
    LAG.set(row["lag"])
    CONFLICTS.set(row["conflicts"])
