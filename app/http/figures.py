"""How long requests take, by route and outcome; the figures others read from PostgreSQL, gathered.

Labels are the route's template and the class of the status, never a path: a path may hold a secret link.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp, Message, Receive, Send
from prometheus_client import REGISTRY, Gauge, Histogram

from app.core.database import INTERRUPTIONS
from app.core.errors import Unavailable

Refresh = Callable[[], Awaitable[None]]

READ_WITHIN_S: Final = 2.0
OURS: Final = "motcua_"
UNKNOWN: Final = "(none)"

SECONDS: Final = Histogram(
    "motcua_http_request_seconds",
    "Requests until their answer begins",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
READ: Final = Gauge("motcua_figures_read", "1 when the last reading of figures from PostgreSQL was whole")


class Figure(msgspec.Struct):
    """One figure as it is now."""

    name: str
    labels: dict[str, str]
    value: float
    meaning: str


class Measured:
    """The layer around the whole application that takes the time of every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noting)


def _note(scope: dict[str, Any], status: int, seconds: float) -> None:
    """A stream ends when its reader goes, so the time is the one until the answer begins."""
    route = scope.get("path_template") or UNKNOWN
    SECONDS.labels(scope["method"], route, f"{status // 100}xx").observe(seconds)


async def refresh(readers: Sequence[Refresh]) -> bool:
    """Read all figures; while PostgreSQL is away they keep their last value, and the answer is false."""
    whole = 0
    with contextlib.suppress(*INTERRUPTIONS, Unavailable):
        async with asyncio.timeout(READ_WITHIN_S):
            for read in readers:
                await read()
            whole = 1
    READ.set(whole)
    return bool(whole)


def gauges() -> Iterator[Figure]:
    """Our figures that are a state of things, without those that only count up."""
    for family in REGISTRY.collect():
        if family.name.startswith(OURS) and family.type == "gauge":
            for sample in family.samples:
                yield Figure(sample.name, dict(sample.labels), sample.value, family.documentation)


def readers_of(state: Any) -> Sequence[Refresh]:
    """Who is asked: what the application was put together with."""
    found: Sequence[Refresh] = getattr(state, "figures", ())
    return found
