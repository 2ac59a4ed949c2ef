"""What an operator's tools ask: alive, ready, figures, public keys."""

import asyncio
import contextlib
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import CacheControlHeader
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.core.database import INTERRUPTIONS, fetch_row
from app.core.errors import Unavailable, Words
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems

READY_WITHIN_S: Final = 2.0
MAX_CLOCK_SKEW_S: Final = 2.0


class NotReady(Unavailable):
    code = "not_ready"
    detail = Words("Hệ thống chưa sẵn sàng.", "The service is not ready.")


class Live(msgspec.Struct):
    live: bool


class Ready(msgspec.Struct):
    ready: bool
    clock_skew_ms: int


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
    return Ready(ready=True, clock_skew_ms=int(skew * 1000))


@get("/metrics", operation_id="getMetrics", opt=open_to(Caller.ANYONE), tags=["operation"])
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus text; keep it behind the proxy (docs/runbooks/metrics.md).

    Figures that are read from PostgreSQL keep their last value while it is away.
    """
    for refresh in getattr(request.app.state, "figures", ()):
        with contextlib.suppress(*INTERRUPTIONS, Unavailable):
            async with asyncio.timeout(READY_WITHIN_S):
                await refresh()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


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


health_router: Final = Router(path="/", route_handlers=[livez, readyz, metrics, jwks])
