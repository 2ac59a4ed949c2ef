"""Who may call what: default nobody, one table of callers per route, failing closed.

Each handler says who in its decorator (`opt=open_to(Caller.CITIZEN)`), so access stands in OpenAPI and
in the role-matrix test. Whose *object* it is stands in each query: another person's is a 404.
"""

import uuid
from typing import Any, Final, Protocol

from litestar.types import ASGIApp, Empty, Receive, Scope, Send

from app.core.actor import Actor, current_actor
from app.core.errors import Forbidden, NotFound, Unauthenticated
from app.http.body import ForbiddenCharacter
from app.http.principals import AUDIENCE_OF, Caller, Principal
from app.http.requests import MotcuaRequest, header, is_canonical, request_id_in

CALLERS: Final = "callers"
SCOPE: Final = "scope"

# A code, a password or a signature is asked for inside.
OPEN_DOORS: Final = frozenset({Caller.ANYONE, Caller.PROVIDER})

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


class Door:
    """The layer around every route: who is not named by the route does not reach it.

    The application puts it there, outermost, so no route can be without it. It reads only what it needs
    from the raw request: it is the one thing every request pays for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await admit(scope)
        _refuse_unstorable(scope)
        await self._app(scope, receive, send)


async def admit(scope: Scope) -> None:
    """Let the caller of a routed request in, or raise why not."""
    if scope["path_params"]:
        _refuse_other_spellings(scope)
    opt = scope["route_handler"].opt
    callers: frozenset[Caller] | None = opt.get(CALLERS)
    if not callers:
        raise Forbidden
    credentials = header(scope, b"authorization")
    principal = await _principal(scope, credentials) if credentials else None
    scope["user"] = principal
    current_actor.set(_actor(scope, principal))
    if not callers.isdisjoint(OPEN_DOORS):
        return
    if principal is None:
        raise Unauthenticated
    if principal.audience not in {AUDIENCE_OF[caller] for caller in callers}:
        raise Unauthenticated
    if principal.callers.isdisjoint(callers):
        raise Forbidden
    needed = opt.get(SCOPE)
    if needed is not None and needed not in principal.scopes:
        raise Forbidden


async def _principal(scope: Scope, credentials: str) -> Principal | None:
    gatekeeper: Gatekeeper = scope["litestar_app"].state.gatekeeper
    scheme, _, token = credentials.partition(" ")
    if not scheme:
        return None
    found = await gatekeeper.by_token(token) if scheme.lower() == "bearer" else None
    if found is None:
        raise Unauthenticated
    return found


def _actor(scope: Scope, principal: Principal | None) -> Actor:
    request_id = request_id_in(scope)
    if principal is None:
        return Actor(kind="anyone", id="", request_id=request_id)
    return Actor(kind=ACTOR_KIND[principal.audience], id=str(principal.id), request_id=request_id)


def _refuse_unstorable(scope: Scope) -> None:
    """U+0000 in a query: PostgreSQL holds no such text, so no route needs to think of it."""
    if b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]:
        raise ForbiddenCharacter


def _refuse_other_spellings(scope: Scope) -> None:
    """`urn:uuid:`, braces, upper case, and what no text column can hold: names of nothing (API.md, Ids)."""
    raw = scope["path"]
    for value in scope["path_params"].values():
        if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
            raise NotFound
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
