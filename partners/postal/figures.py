"""What monitoring reads of partners: endpoints by state. What they do not take waits in the outbox."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch

STATES: Final = ("active", "paused")

ENDPOINTS: Final = Gauge("motcua_webhook_endpoints", "Partners' webhook endpoints, by state", ["state"])

LEFT_ALONE: Final = Gauge(
    "motcua_webhook_endpoints_left_alone", "Endpoints that are left alone for a while"
)


async def refresh() -> None:
    rows = await fetch("SELECT state, count(*)::int AS endpoints FROM webhook_endpoint GROUP BY state")
    found = {row["state"]: row["endpoints"] for row in rows}
    for state in STATES:
        ENDPOINTS.labels(state).set(found.get(state, 0))
    [row] = await fetch("SELECT count(*)::int AS open FROM webhook_circuit WHERE open_until IS NOT NULL")
    LEFT_ALONE.set(row["open"])
