"""Benches: how good, measured as ratios within one run (bench/README.md).

Each bench is a module with `async def run(dsn, *, long=False) -> dict[str, Metric]`; it makes and drops
its own database on the server the DSN names. Add a line to `BENCHES` and it is a command.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final

from bench.metrics import Metric

Bench = Callable[..., Awaitable[dict[str, Metric]]]

NAMES: Final = (
    "booking",
    "booking-http",
    "availability",
    "queue",
    "forecast",
    "rounds",
    "promises",
    "windows",
    "forms",
    "store",
    "messages",
)
# These ask no store, so none is started for them; their DSN is empty.
WITH_REDIS: Final = frozenset({"messages"})
WITHOUT_STORES: Final = frozenset({"forecast", "forms", "promises", "rounds"})


def _run(name: str) -> Bench:
    async def run(dsn: str, *, long: bool = False, **more: Any) -> dict[str, Metric]:
        found: dict[str, Metric] = await import_module(f"bench.{name.replace('-', '_')}").run(
            dsn, long=long, **more
        )
        return found

    return run


BENCHES: Final[dict[str, Bench]] = {name: _run(name) for name in NAMES}
