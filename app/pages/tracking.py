"""Where it stands, behind the secret link a message carries; and the answer to a time to come back at."""

from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from app.core.errors import Refusal
from app.home_service import states as home_service
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import status_of
from app.http.requests import MotcuaRequest, language_of
from app.pages.responses import form_of, go, page
from app.queue import operations
from app.queue.states import ReturnState, State
from app.tracking import queries

PAGE_URL: Final = "/t/{token:str}"


@get(PAGE_URL, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def follow(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Response[str]:
    """A ticket, an appointment or a home visit; with scripts it looks again every half minute."""
    return await _standing(request, token, now)


@post(f"{PAGE_URL}/return", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def answer_return(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Come back at the offered time, or stay; a time that has gone meanwhile is offered anew."""
    accept = (await form_of(request)).get("accept") == "yes"
    ticket = await queries.ticket_of(token)
    try:
        await operations.answer_return(
            ticket_id=ticket.id, centre_id=ticket.centre_id, accept=accept, now=now
        )
    except Refusal as refusal:
        return await _standing(request, token, now, refused=refusal)
    return go(request, f"/t/{token}")


@post(f"{PAGE_URL}/back", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def come_back(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """In the hall again, and may be called."""
    await form_of(request)
    ticket = await queries.ticket_of(token)
    try:
        await operations.come_back(ticket_id=ticket.id, centre_id=ticket.centre_id, now=now)
    except Refusal as refusal:
        return await _standing(request, token, now, refused=refusal)
    return go(request, f"/t/{token}")


async def _standing(
    request: MotcuaRequest, token: str, now: datetime, *, refused: Refusal | None = None
) -> Response[str]:
    found = await queries.track(token, now=now)
    waits = found.kind == "ticket" and found.state == State.WAITING
    language = language_of(request)
    at_home = found.kind == "home_visit"
    context = {
        "thing": found,
        "visit_state": (
            home_service.NAMES[home_service.State(found.state)].in_language(language) if at_home else ""
        ),
        "as_of": now,
        "offered": waits and found.return_state == ReturnState.OFFERED,
        "away": waits and found.return_state == ReturnState.AGREED,
        "answer_url": f"/t/{token}/return",
        "back_url": f"/t/{token}/back",
        "reload_url": f"/t/{token}",
        "notice": refused.words(language) if refused else None,
    }
    return page(request, "tracking/standing.html", context, status=status_of(refused) if refused else 200)


tracking_handlers: Final[list[Any]] = [follow, answer_return, come_back]
