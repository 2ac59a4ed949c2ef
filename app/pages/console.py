"""The counter console: every button is a form, and every form works without a script."""

import uuid
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from app.centres import queries as centres
from app.core.clock import current_time, local_date
from app.core.errors import NotFound, Refusal, Unauthenticated
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.requests import MotcuaRequest, language_of
from app.identity import operations as identity
from app.identity.api import SESSION_COOKIE
from app.identity.errors import CredentialsNotAccepted, TooManySignIns
from app.pages.alarms import alarms_context
from app.pages.board import fragments
from app.pages.desk import desk_context
from app.pages.responses import cookie, csrf_token, form_of, go, nonce_of, page, version_of
from app.pages.session import officer_of
from app.pages.templates import render
from app.queue import operations, queries
from app.queue.api.staff import is_lead, require_lead
from app.queue.devices import silent_devices
from app.queue.errors import CounterBusy
from app.queue.queries import CounterRow
from app.queue.states import Move
from app.staff import queries as staff
from app.staff.errors import NotOnRoster

SIGN_IN: Final = "/console/sign-in"
# Who has no business at a counter.
WORK_ELSEWHERE: Final = {Caller.DISPATCHER: "/rounds", Caller.MESSAGE_EDITOR: "/wordings"}
ACTIONS: Final = {
    "open": operations.open_counter,
    "pause": operations.pause_counter,
    "close": operations.close_counter,
}


# What the console does besides the table of moves.
CALL_CHOSEN: Final = "call"
NEXT_PROCEDURE: Final = "next-procedure"


async def _counter(principal: Principal, counter_id: uuid.UUID) -> CounterRow:
    """A counter of the officer's own centre; any other does not exist."""
    for row in await queries.counters(principal.centre):
        if row.id == counter_id:
            return row
    raise NotFound


async def officer_frame(principal: Principal, now: datetime, language: str) -> dict[str, Any]:
    officer = await staff.officer(principal.id)
    centre = await centres.get_centre(principal.centre, on=local_date(now))
    return {
        "officer": {"name": officer.name if officer else ""},
        "place": centre.name_en if language == "en" else centre.name_vi,
        "sign_out_action": "/console/sign-out",
    }


def _sign_in_page(
    request: MotcuaRequest, username: str = "", error: str | None = None, status: int = 200
) -> Response[str]:
    context = {
        "officer": None,
        "place": "",
        "sign_out_action": "",
        "values": {"username": username},
        "action": SIGN_IN,
        "errors": [{"field": "username", "message": error}] if error else [],
    }
    return page(request, "console/sign_in.html", context, status=status)


@get(SIGN_IN, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_sign_in(request: MotcuaRequest) -> Response[str]:
    """Name and password."""
    return _sign_in_page(request)


@post(SIGN_IN, opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def sign_in(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Into the console, or the same page with the reason."""
    form = await form_of(request)
    try:
        session = await identity.sign_in_officer(
            username=form.get("username", "")[:200],
            password=form.get("password", "")[:200],
            totp=form.get("totp") or None,
            now=now,
        )
    except (CredentialsNotAccepted, TooManySignIns) as refusal:
        words = refusal.words(language_of(request))
        return _sign_in_page(request, form.get("username", ""), words, status=422)
    return go(request, "/console", cookie(request, SESSION_COOKIE, session.cookie or ""))


@post("/console/sign-out", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def sign_out(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect:
    """The session ends here and everywhere."""
    await form_of(request)
    principal = await officer_of(request)
    if principal is not None:
        await identity.end_sign_in(sign_in_id=principal.sign_in_id, now=now)
    return go(request, SIGN_IN, cookie(request, SESSION_COOKIE, "", lasts_s=0))


@get("/console", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def choose_counter(
    request: MotcuaRequest, now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Which counter today?"""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    for caller, elsewhere in WORK_ELSEWHERE.items():
        if caller in principal.callers:
            return go(request, elsewhere)
    return await _counters_page(request, principal, now)


async def _counters_page(
    request: MotcuaRequest, principal: Principal, now: datetime, *, refusal: Refusal | None = None
) -> Response[str]:
    language = language_of(request)
    frame = await officer_frame(principal, now, language)
    pools = {pool.id: pool for pool in await centres.pools_of(principal.centre, "counter")}
    counters = []
    for row in await queries.counters(principal.centre):
        holder = await staff.officer(row.officer_id) if row.officer_id else None
        served = [pools[key] for key in await centres.pool_ids_of_counter(row.id) if key in pools]
        counters.append(
            {
                "id": str(row.id),
                "name": row.label_en if language == "en" else row.label_vi,
                "pools": [pool.name_en if language == "en" else pool.name_vi for pool in served],
                "state": row.state,
                "officer_name": holder.name if holder and row.state == "open" else None,
                "available": row.state != "open" or row.officer_id == principal.id,
            }
        )
    context = frame | {
        "centre_name": frame["place"],
        "counters": counters,
        "action": "/console/counters",
        "errors": [{"field": "", "message": refusal.words(language)}] if refusal else [],
    }
    return page(request, "console/choose_counter.html", context, status=409 if refusal else 200)


@post("/console/counters", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take_counter(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Open the chosen counter and go there, or say why this officer may not."""
    form = await form_of(request)
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    counter = await _counter(principal, _id(form.get("counter", "")))
    try:
        await operations.open_counter(
            counter_id=counter.id, centre_id=principal.centre, officer_id=principal.id, now=now
        )
    except NotOnRoster as refusal:
        return await _counters_page(request, principal, now, refusal=refusal)
    return go(request, f"/console/desk/{counter.id}")


@get("/console/desk/{counter_id:uuid}", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_desk(
    request: MotcuaRequest, counter_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """The workspace."""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    language = language_of(request)
    counter = await _counter(principal, counter_id)
    desk = await desk_context(
        principal.centre, counter, language=language, now=now, leads=is_lead(principal)
    )
    context = await officer_frame(principal, now, language) | {
        "stream_url": f"/console/desk/{counter_id}/stream",
        "workspace_url": f"/console/desk/{counter_id}/workspace",
        "desk": desk,
        "devices_url": "/console/devices",
        "devices": await silent_devices(principal.centre, now=now),
    }
    context |= await alarms_context(principal, language=language, now=now)
    return page(request, "console/index.html", context)


@get("/console/devices", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_silent_devices(request: MotcuaRequest, now: NamedDependency[datetime]) -> Response[str]:
    """The kiosks and boards nothing is heard of; asked for by the page again and again."""
    principal = await officer_of(request)
    if principal is None:
        raise Unauthenticated  # Not the sign-in page: it would be shown inside the console.
    found = await silent_devices(principal.centre, now=now)
    return page(request, "console/_devices.html", {"devices": found})


@get(
    "/console/desk/{counter_id:uuid}/workspace",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
)
async def show_workspace(
    request: MotcuaRequest, counter_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """The fragment alone."""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    return await _workspace(request, principal, counter_id, now, None)


@get("/console/desk/{counter_id:uuid}/stream", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def stream_desk(
    request: MotcuaRequest, counter_id: FromPath[uuid.UUID]
) -> Redirect | ServerSentEvent:
    """The fragment whenever anything in the hall changed."""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    await _counter(principal, counter_id)
    language, token = language_of(request), csrf_token(nonce_of(request))

    async def fragment() -> str:
        counter = await _counter(principal, counter_id)
        desk = await desk_context(
            principal.centre, counter, language=language, now=current_time(), leads=is_lead(principal)
        )
        context = {"desk": desk, "csrf_token": token}
        return render("console/_workspace.html", language=language, context=context)

    return fragments(principal.centre, "workspace", fragment)


@post(
    "/console/desk/{counter_id:uuid}/{action:str}",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
    status_code=200,
)
async def act(
    request: MotcuaRequest,
    counter_id: FromPath[uuid.UUID],
    action: FromPath[str],
    now: NamedDependency[datetime],
) -> Redirect | Response[str]:
    """Next, open, pause, close."""
    await form_of(request)

    async def work(principal: Principal, counter: CounterRow) -> None:
        if action == "next":
            await operations.call_next(counter_id=counter.id, centre_id=principal.centre, now=now)
        elif action in ACTIONS:
            await ACTIONS[action](
                counter_id=counter.id,
                centre_id=principal.centre,
                officer_id=principal.id,
                now=now,
            )
        else:
            raise NotFound

    return await _answer(request, counter_id, work)


@post(
    "/console/desk/{counter_id:uuid}/tickets/{ticket_id:uuid}/{move:str}",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
    status_code=200,
)
async def move_ticket(
    request: MotcuaRequest,
    counter_id: FromPath[uuid.UUID],
    ticket_id: FromPath[uuid.UUID],
    move: FromPath[str],
    now: NamedDependency[datetime],
) -> Redirect | Response[str]:
    """Whatever the table of moves allows, what is done next, or a call out of order; a stale screen is
    told so.
    """
    form = await form_of(request)
    version = version_of(form)

    async def work(principal: Principal, counter: CounterRow) -> None:
        if move == CALL_CHOSEN:
            require_lead(principal)
            await operations.call_chosen(
                counter_id=counter.id,
                centre_id=principal.centre,
                ticket_id=ticket_id,
                reason=form.get("reason", "")[:200],
                now=now,
            )
            return
        if move == NEXT_PROCEDURE:
            await operations.add_procedure(
                ticket_id=ticket_id,
                centre_id=principal.centre,
                code=form.get("procedure", "")[:40],
                expected_version=version,
                now=now,
            )
            return
        if move not in set(Move):
            raise NotFound
        if move == Move.TRANSFER:
            await operations.transfer(
                ticket_id=ticket_id,
                centre_id=principal.centre,
                pool_id=_id(form.get("pool", "")),
                expected_version=version,
                now=now,
            )
            return
        await operations.move(
            ticket_id=ticket_id,
            centre_id=principal.centre,
            move=Move(move),
            expected_version=version,
            counter_id=counter.id if move == Move.RESUME else None,
            now=now,
        )

    return await _answer(request, counter_id, work)


async def _answer(request: MotcuaRequest, counter_id: uuid.UUID, work: Any) -> Redirect | Response[str]:
    """With htmx the fragment, with the reason in it when refused; without, back to the desk."""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    counter = await _counter(principal, counter_id)
    notice: dict[str, str] | None = None
    try:
        await work(principal, counter)
    except (CounterBusy, Refusal) as refusal:
        if not request.headers.get("hx-request"):
            raise
        notice = {"kind": "wrong", "text": refusal.words(language_of(request))}
    if not request.headers.get("hx-request"):
        return go(request, f"/console/desk/{counter_id}")
    return await _workspace(request, principal, counter_id, current_time(), notice)


async def _workspace(
    request: MotcuaRequest,
    principal: Principal,
    counter_id: uuid.UUID,
    now: datetime,
    notice: dict[str, str] | None,
) -> Response[str]:
    counter = await _counter(principal, counter_id)
    desk = await desk_context(
        principal.centre,
        counter,
        language=language_of(request),
        now=now,
        leads=is_lead(principal),
        notice=notice,
    )
    return page(request, "console/_workspace.html", {"desk": desk})


def _id(raw: str) -> uuid.UUID:
    try:
        return uuid.UUID(raw)
    except ValueError:
        raise NotFound from None


console_handlers: Final[list[Any]] = [
    show_sign_in,
    sign_in,
    sign_out,
    choose_counter,
    take_counter,
    show_desk,
    show_silent_devices,
    show_workspace,
    stream_desk,
    act,
    move_ticket,
]
