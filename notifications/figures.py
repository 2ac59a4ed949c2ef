"""What monitoring reads of messages: how many are where on their way, and the oldest that may leave."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch
from notifications.ways import Way

OPEN: Final = ("ready", "calling", "unknown", "accepted")

MESSAGES: Final = Gauge("motcua_messages", "Messages on their way, by state", ["state"])
OLDEST: Final = Gauge(
    "motcua_message_oldest_seconds", "Age of the oldest message in this state that may leave", ["state"]
)
LEFT_ALONE: Final = Gauge(
    "motcua_message_way_left_alone", "1 while this way to people is left alone", ["way"]
)

CIRCUITS: Final = "SELECT way FROM message_circuit WHERE open_until IS NOT NULL"
# Ways that tell of nothing after they took a message have nobody look after it: it stays accepted for ever,
# and is not on its way. The condition is that of the index `message_on_its_way`.
FIGURES: Final = """
SELECT state, count(*)::int AS messages,
       coalesce(extract(epoch FROM clock_timestamp() - min(greatest(created_at, not_before))
           FILTER (WHERE not_before <= clock_timestamp())), 0)::float AS oldest
  FROM message
 WHERE state IN ('ready', 'calling', 'unknown') OR (state = 'accepted' AND look_at IS NOT NULL)
 GROUP BY state
"""


async def refresh() -> None:
    """`unknown` are those a provider may have and may not: the rarest, and the first to look at."""
    found = {row["state"]: row for row in await fetch(FIGURES)}
    for state in OPEN:
        row = found.get(state)
        MESSAGES.labels(state).set(row["messages"] if row else 0)
        OLDEST.labels(state).set(max(0.0, row["oldest"]) if row else 0)
    left_alone = {row["way"] for row in await fetch(CIRCUITS)}
    for way in Way:
        LEFT_ALONE.labels(way.value).set(way.value in left_alone)
