"""What monitoring reads of the registries: what they owe, and since when."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch
from partners.registries.port import Registry

OWED: Final = Gauge("motcua_registry_owed", "Look-ups a registry owes", ["registry"])
OLDEST: Final = Gauge("motcua_registry_oldest_seconds", "Age of the oldest look-up it owes", ["registry"])

FIGURES: Final = """
SELECT registry, count(*)::int AS owed,
       extract(epoch FROM clock_timestamp() - min(owed_at))::float AS oldest
  FROM registry_check WHERE answered_at IS NULL GROUP BY registry
"""


async def refresh() -> None:
    """Read the figures and show them; a registry that owes nothing shows nought."""
    found = {row["registry"]: row for row in await fetch(FIGURES)}
    for registry in Registry:
        row = found.get(registry.value)
        OWED.labels(registry.value).set(row["owed"] if row else 0)
        OLDEST.labels(registry.value).set(max(0.0, row["oldest"]) if row else 0)
