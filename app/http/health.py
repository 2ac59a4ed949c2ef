"""What an operator's tools ask: alive, ready, figures, public keys."""

import asyncio
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.core.clock import local
from app.core.database import INTERRUPTIONS, fetch_row
from app.core.errors import NotFound, Unavailable, Words
from app.http import figures
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems

READY_WITHIN_S: Final = 2.0
MAX_CLOCK_SKEW_S: Final = 2.0
# Every proxy says for whom it asks; whoever comes without it came to the process itself.
FORWARDED: Final = "x-forwarded-for"


class NotReady(Unavailable):
    code = "not_ready"
    detail = Words("Hệ thống chưa sẵn sàng.", "The service is not ready.")


class Live(msgspec.Struct):
    live: bool


class Status(msgspec.Struct):
    """`figures_read` is false when PostgreSQL did not answer: the figures are then of before."""

    at: datetime
    figures_read: bool
    figures: list[figures.Figure]


class Ready(msgspec.Struct):
    """`ways` are those a message may leave by here; that each is configured, not that it works."""

    ready: bool
    clock_skew_ms: int
    ways: list[str]


@get("/livez", operation_id="isLive", opt=open_to(Caller.ANYONE), tags=["operation"])
async def livez() -> Live:
    """The event loop turns. No I/O."""
    return Live(live=True)


@get(
    "/readyz",
    operation_id="isReady",
    opt=open_to(Caller.ANYONE),
    tags=["operation"],
    responses=problems(NotReady),
)
async def readyz(request: Request[Any, Any, Any]) -> Ready:
    """PostgreSQL answers, its clock is ours, and the process is not draining. Redis is not asked."""
    if getattr(request.app.state, "draining", False):
        raise NotReady
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            row = await fetch_row(
                "SELECT extract(epoch FROM clock_timestamp() - $1)::float AS skew",
                request.app.state.clock(),
            )
    except (*INTERRUPTIONS, Unavailable) as reason:
        raise NotReady from reason
    skew = abs(float(row["skew"])) if row else 0.0
    if skew > MAX_CLOCK_SKEW_S:
        raise NotReady
    ways = request.app.state.settings.channels.ways
    return Ready(ready=True, clock_skew_ms=int(skew * 1000), ways=ways)


@get("/metrics", operation_id="getMetrics", opt=open_to(Caller.ANYONE), tags=["operation"])
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus text, for who reaches the process itself: through a proxy there is nothing here.

    Figures that are read from PostgreSQL keep their last value while it is away.
    """
    if request.headers.get(FORWARDED) is not None:
        raise NotFound
    await figures.refresh(figures.readers_of(request.app.state))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@get(
    "/statusz",
    operation_id="getStatus",
    summary="How the installation is",
    opt=open_to(Caller.MONITOR),
    tags=["operation"],
)
async def statusz(request: Request[Any, Any, Any], now: NamedDependency[datetime]) -> Response[Status]:
    """The figures of `/metrics` that are a state of things, for a provincial monitor."""
    read = await figures.refresh(figures.readers_of(request.app.state))
    found = sorted(figures.gauges(), key=lambda each: (each.name, sorted(each.labels.items())))
    return Response(
        Status(at=local(now), figures_read=read, figures=found),
        headers={"Cache-Control": "no-store"},
    )


@get(
    "/.well-known/jwks.json",
    operation_id="getSigningKeys",
    opt=open_to(Caller.ANYONE),
    tags=["operation"],
    cache_control=CacheControlHeader(max_age=300, public=True),
)
async def jwks(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The public keys our tokens verify with (RFC 7517)."""
    found: dict[str, Any] = request.app.state.tokens.jwks()
    return found


health_router: Final = Router(path="/", route_handlers=[livez, readyz, metrics, statusz, jwks])
