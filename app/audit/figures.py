"""What monitoring reads of the proofs: since when a line of the journal waits for its seal.

A minute's schedule seals it, so this also tells that schedules run.
"""

from typing import Final

from prometheus_client import Gauge

from app.audit import queries
from app.core.clock import machine_time

UNSEALED: Final = Gauge("motcua_journal_unsealed", "Lines of the journal without a seal")
SINCE: Final = Gauge("motcua_journal_unsealed_seconds", "How long the oldest of them waits for it")


async def refresh() -> None:
    lines, since = await queries.unsealed()
    UNSEALED.set(lines)
    SINCE.set(0 if since is None else max(0.0, (machine_time() - since).total_seconds()))
