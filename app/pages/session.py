"""Who sits before the page: the cookie session of a citizen or an officer."""

from app.core.actor import Actor, current_actor
from app.http.principals import Audience, Principal
from app.http.requests import MotcuaRequest, request_id_of
from app.identity.api import SESSION_COOKIE


async def principal_of(request: MotcuaRequest, audience: Audience) -> Principal | None:
    """The session's principal, when it is one of this audience."""
    value = request.cookies.get(SESSION_COOKIE)
    if not value:
        return None
    found: Principal | None = await request.app.state.gatekeeper.by_cookie(value)
    return found if found is not None and found.audience is audience else None


async def officer_of(request: MotcuaRequest) -> Principal | None:
    """The officer of this session, who acts from here on."""
    principal = await principal_of(request, Audience.STAFF)
    if principal is not None:
        current_actor.set(Actor("officer", str(principal.id), request_id_of(request)))
    return principal
