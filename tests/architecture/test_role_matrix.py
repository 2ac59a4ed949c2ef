"""Every route says who may call it, and is tried as everybody else."""

import importlib
import pkgutil
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, asgi, get
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

import app as business
import notifications
import partners
from app.core import sandbox
from app.http.access import CALLERS, SCOPE, Door
from app.http.openapi import handlers_of
from app.http.principals import AUDIENCE_OF, Caller
from app.main import ROUTERS, create_app
from app.settings import Settings
from tests.conftest import Stores

EVERYBODY: dict[str, tuple[Caller, ...]] = {
    "nobody": (),
    "citizen": (Caller.CITIZEN,),
    "officer": (Caller.OFFICER,),
    "shift lead": (Caller.OFFICER, Caller.SHIFT_LEAD),
    "centre leader": (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    "monitor": (Caller.MONITOR,),
    "calendar editor": (Caller.CALENDAR_EDITOR,),
    "dispatcher": (Caller.DISPATCHER,),
    "message editor": (Caller.MESSAGE_EDITOR,),
    "device": (Caller.DEVICE,),
    "partner": (Caller.PARTNER,),
}
STREAM = "/stream"
REFUSED = {401, 403}

SignIn = Callable[..., Awaitable[Any]]


def routes(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of every documented route but the streams, which never end."""
    return [
        (str(method), path, handler)
        for handler in handlers_of(app)
        if handler.resolve_include_in_schema()
        for path in handler.paths
        if not path.endswith(STREAM)
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
    ]


def filled(path: str) -> str:
    """A path with ids nobody has."""
    path = re.sub(r"\{\w+:uuid\}", lambda _: str(uuid.uuid4()), path)
    path = re.sub(r"\{\w+:date\}", "2026-11-25", path)
    path = re.sub(r"\{\w+:int\}", "1", path)
    return re.sub(r"\{\w+(:\w+)?\}", "H42.10-261124-9999", path)


async def ask(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    extra = {"If-Match": '"1"', "Idempotency-Key": str(uuid.uuid4())}
    body: dict[str, Any] = {"json": {}} if method in {"POST", "PUT", "PATCH"} else {}
    return await client.request(method, filled(path), headers=headers | extra, **body)


def written_handlers() -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every handler a module holds; the emulators are programs of their own."""
    for package in (business, notifications, partners):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "emulator" in module.name or module.name.endswith("__main__"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, HTTPRouteHandler):
                    yield module.name, value


def test_every_handler_that_was_written_is_served(app: Litestar, sandbox_app: Litestar) -> None:
    served = {handler.operation_id for each in (app, sandbox_app) for handler in handlers_of(each)}

    forgotten = {
        f"{module}: {sorted(handler.paths)}"
        for module, handler in written_handlers()
        if handler.operation_id not in served
    }

    assert forgotten == set()


def test_every_route_names_its_callers(app: Litestar) -> None:
    silent = [path for _, path, handler in routes(app) if not handler.opt.get(CALLERS)]

    assert silent == []


def test_every_route_of_every_kind_has_the_door_outermost(app: Litestar, sandbox_app: Litestar) -> None:
    handlers = [
        handler
        for route in (*app.routes, *sandbox_app.routes)
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[attr-defined]
    ]

    # Litestar wraps them in order: the last one is the first that a request meets.
    without = [str(handler) for handler in handlers if handler.resolve_middleware()[-1] is not Door]

    assert len(handlers) > 100
    assert without == []


async def test_a_route_that_names_nobody_lets_nobody_in(
    settings: Settings, opened: Stores, sign_in: SignIn
) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "a secret"

    @asgi("/mounted", is_mount=True, copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        await ASGIResponse(body=b"a secret")(scope, receive, send)

    small = create_app(
        settings,
        database_url=opened.database_url,
        redis_url=opened.redis_url,
        routers=[forgotten, mounted],
    )
    lan = await sign_in(Caller.CITIZEN)
    transport = httpx.ASGITransport(app=small, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        answers = [
            await http.request(method, path, headers=headers)
            for method, path in (("GET", "/forgotten"), ("OPTIONS", "/forgotten"), ("GET", "/mounted/x"))
            for headers in ({}, lan.headers)
        ]

    assert all(answer.status_code in REFUSED for answer in answers)
    assert all("secret" not in answer.text for answer in answers)


def test_every_route_has_a_name_of_its_own(app: Litestar) -> None:
    names = [(handler.operation_id, path) for _, path, handler in routes(app)]

    assert all(isinstance(name, str) for name, _ in names)
    assert len({name for name, _ in names}) == len(names), sorted(names)


@pytest.mark.parametrize("who", EVERYBODY)
async def test_only_its_callers_get_past_the_door(
    app: Litestar, client: httpx.AsyncClient, sign_in: SignIn, who: str
) -> None:
    assert len(ROUTERS) > 5
    assert await let_in_or_out_wrongly(routes(app), client, sign_in, who) == []


@pytest.mark.parametrize("who", EVERYBODY)
async def test_only_its_callers_get_past_the_door_of_a_sandbox(
    app: Litestar, sandbox_app: Litestar, sign_in: SignIn, who: str
) -> None:
    known = {path for _, path, _ in routes(app)}
    own = [route for route in routes(sandbox_app) if route[1] not in known]
    sandbox.enter(sandbox=True)
    await sandbox.claim_database()
    transport = httpx.ASGITransport(app=sandbox_app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
            wrong = await let_in_or_out_wrongly(own, http, sign_in, who)
    finally:
        sandbox.enter(sandbox=False)

    assert {path for _, path, _ in own} == {
        "/v1/partner/sandbox/clock",
        "/v1/partner/sandbox/home-visits/{home_visit_id:uuid}/walk",
    }
    assert all(handler.opt[SCOPE] for _, _, handler in own)
    assert wrong == []


async def let_in_or_out_wrongly(
    tried: list[tuple[str, str, HTTPRouteHandler]], client: httpx.AsyncClient, sign_in: SignIn, who: str
) -> list[str]:
    """Every route, asked as somebody: what it did otherwise than its decorator says."""
    callers = EVERYBODY[who]
    wrong = []
    for method, path, handler in tried:
        allowed: frozenset[Caller] = handler.opt[CALLERS]
        open_door = bool(allowed & {Caller.ANYONE, Caller.PROVIDER})
        scope = handler.opt.get(SCOPE)
        headers: dict[str, str] = {}
        if callers:
            staff = AUDIENCE_OF[callers[0]] in {"staff", "device"}
            signed_in = await sign_in(
                *callers,
                centre_id=uuid.uuid4() if staff else None,
                scopes=frozenset({scope} if scope else ()),
            )
            headers = signed_in.headers
        answer = await ask(client, method, path, headers)
        expected = open_door or bool(set(callers) & allowed)
        refused = answer.status_code in REFUSED
        own_refusal = open_door and refused  # a code, a password, a signature
        if answer.status_code >= 500 or (refused is expected and not own_refusal):
            wrong.append(f"{method} {path} as {who}: {answer.status_code} {answer.text[:120]}")
    return wrong


async def test_a_partner_without_the_scope_is_refused(
    app: Litestar, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    partner = await sign_in(Caller.PARTNER)
    scoped = [route for route in routes(app) if route[2].opt.get(SCOPE)]

    answers = [
        (path, (await ask(client, method, path, partner.headers)).status_code) for method, path, _ in scoped
    ]

    assert len(answers) > 5
    assert {status for _, status in answers} == {403}, answers


async def test_an_ended_sign_in_opens_nothing(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    lan = await sign_in(Caller.CITIZEN)
    assert (await client.get("/v1/appointments", headers=lan.headers)).status_code == 200

    assert (await client.post("/v1/auth/logout", headers=lan.headers)).status_code == 204

    assert (await client.get("/v1/appointments", headers=lan.headers)).status_code == 401
