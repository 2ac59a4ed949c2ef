"""Who may call what: default nobody, one table of callers per route, failing closed.

Each handler says who in its decorator (`opt=open_to(Caller.CITIZEN)`), so access stands in OpenAPI and
in the role-matrix test. Whose *object* it is stands in each query: another person's is a 404.
"""

import uuid
from typing import Any, Final, Protocol

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Empty

from app.core.actor import Actor, current_actor
from app.core.errors import Forbidden, NotFound, Unauthenticated
from app.http.principals import AUDIENCE_OF, Caller, Principal
from app.http.requests import MotcuaRequest, is_canonical, request_id_of

CALLERS: Final = "callers"
SCOPE: Final = "scope"

ACTOR_KIND: Final = {
    "citizen": "citizen",
    "staff": "officer",
    "partner": "partner",
    "device": "device",
}


class Gatekeeper(Protocol):
    """Turns credentials into a principal; `app.identity` is the implementation."""

    async def by_token(self, token: str) -> Principal | None: ...

    async def by_cookie(self, value: str) -> Principal | None: ...


def open_to(*callers: Caller, scope: str | None = None) -> dict[str, Any]:
    """The `opt` of a route: who may call it, and the partner scope it needs."""
    return {CALLERS: frozenset(callers), SCOPE: scope}


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route."""
    _refuse_other_spellings(connection)
    callers: frozenset[Caller] | None = handler.opt.get(CALLERS)
    if not callers:
        raise Forbidden
    principal = await _principal(connection)
    connection.scope["user"] = principal
    current_actor.set(_actor(connection, principal))
    if callers & {Caller.ANYONE, Caller.PROVIDER}:
        return
    if principal is None:
        raise Unauthenticated
    if principal.audience not in {AUDIENCE_OF[caller] for caller in callers}:
        raise Unauthenticated
    if not principal.callers & callers:
        raise Forbidden
    scope = handler.opt.get(SCOPE)
    if scope is not None and scope not in principal.scopes:
        raise Forbidden


async def _principal(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal | None:
    gatekeeper: Gatekeeper = connection.app.state.gatekeeper
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        found = await gatekeeper.by_token(token) if scheme.lower() == "bearer" else None
        if found is None:
            raise Unauthenticated
        return found
    return None


def _actor(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal | None) -> Actor:
    request_id = request_id_of(connection)
    if principal is None:
        return Actor(kind="anyone", id="", request_id=request_id)
    return Actor(kind=ACTOR_KIND[principal.audience], id=str(principal.id), request_id=request_id)


def _refuse_other_spellings(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """`urn:uuid:`, braces, upper case: names of nothing (API.md, Ids)."""

    raw = connection.scope["path"]
    for value in connection.path_params.values():
        if isinstance(value, uuid.UUID) and not any(
            is_canonical(value, segment) for segment in raw.split("/")
        ):
            raise NotFound


async def provide_principal(request: MotcuaRequest) -> Principal:
    """The caller, for handlers that need one; routes open to anyone do not ask."""
    principal = request.scope.get("user", Empty)
    if not isinstance(principal, Principal):
        raise Unauthenticated
    return principal
