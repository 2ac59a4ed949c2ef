"""Their endpoints: our webhooks, what is said at doors and counters, and a log to look at."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Litestar, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from app.core.clock import machine_time
from app.core.errors import Refusal
from app.http import body as strict
from partners.postal import signing
from partners.postal.emulator.client import MotcuaClient
from partners.postal.emulator.faults import Fault
from partners.postal.emulator.office import WEBHOOK_PATH, Office
from partners.postal.errors import SignatureNotAccepted
from partners.postal.serving import served

HOST: Final = "127.0.0.1"
LATE_S: Final = 6.0
KNOWN_TYPES: Final = frozenset(
    f"vn.motcua.home_visit.{name}" for name in ("assigned", "rescheduled", "cancelled", "received")
) | {"vn.motcua.item_numbers.low", "vn.motcua.item_numbers.exhausted"}
KNOWN_FIELDS: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "subject", "sequence", "time"),
        *("datacontenttype", "data", "livemode"),
    }
)


def make_app(office: Office) -> Litestar:
    return Litestar(
        route_handlers=[_webhook_of(office), *_street_of(office)], openapi_config=None, logging_config=None
    )


def _webhook_of(office: Office) -> HTTPRouteHandler:
    """What Motcua tells the office."""
    slept = asyncio.Event()

    @post(WEBHOOK_PATH, status_code=204)
    async def webhook(request: Request[Any, Any, Any]) -> Response[None]:
        raw = await request.body()
        try:
            _check_signature(office, raw, dict(request.headers))
            event = strict.decode(raw, Any)
        except SignatureNotAccepted:
            return Response(None, status_code=401)
        except Refusal:
            return Response(None, status_code=400)
        if office.fault is Fault.ANSWERS_LATE and not slept.is_set():
            slept.set()
            await asyncio.sleep(LATE_S)
        wrong = _wrong_answer(office, event)
        if wrong is None and event["type"] in KNOWN_TYPES:
            office.hear(event)
        return wrong or Response(None, status_code=204)

    return webhook


def _street_of(office: Office) -> list[HTTPRouteHandler]:
    """What is said at counters and doors, and what anybody may look at."""

    @post("/counter/{task_id:str}/{officer:str}", status_code=200)
    async def counter(task_id: FromPath[str], officer: FromPath[str]) -> dict[str, bool]:
        await office.give_result(task_id, officer)
        return {"taken": True}

    @post("/door/{task_id:str}/{code:str}", status_code=200)
    async def door(task_id: FromPath[str], code: FromPath[str]) -> dict[str, bool]:
        await office.say_code(task_id, code)
        return {"said": True}

    @get("/__ready")
    async def ready() -> Response[dict[str, bool]]:
        return Response({"ready": office.ready}, status_code=200 if office.ready else 503)

    @get("/__log")
    async def log() -> dict[str, Any]:
        return {
            "webhooks": office.heard,
            "results": office.results,
            "seals": {task: phone.seal for task, phone in office.phones.items()},
        }

    return [counter, door, ready, log]


def _check_signature(office: Office, raw: bytes, received: dict[str, str]) -> None:
    """Raises `SignatureNotAccepted`, but for what the fault lets pass."""
    now = machine_time()
    if office.fault is Fault.ACCEPTS_FORGED and received.get("webhook-signature"):
        return
    if office.fault is Fault.ACCEPTS_OLD:
        with contextlib.suppress(ValueError):
            now = datetime.fromtimestamp(int(received.get("webhook-timestamp", "")), UTC)
    if office.fault is Fault.READS_FIRST_SIGNATURE:
        received["webhook-signature"] = received.get("webhook-signature", "").split(" ")[0]
    signing.verify(known_secrets=[office.secret], body=raw, received=received, now=now)


def _wrong_answer(office: Office, event: dict[str, Any]) -> Response[None] | None:
    """What an office with a fault answers to a good message, or None where it does as it should."""
    unknown_subject = event["subject"] not in {heard["subject"] for heard in office.heard}
    match office.fault:
        case Fault.REDIRECTS:
            return Response(None, status_code=307, headers={"Location": f"{WEBHOOK_PATH}/"})
        case Fault.REFUSES_UNKNOWN_TYPES if event["type"] not in KNOWN_TYPES:
            return Response(None, status_code=422)
        case Fault.REFUSES_UNKNOWN_FIELDS if not set(event) <= KNOWN_FIELDS:
            return Response(None, status_code=422)
        case Fault.ANSWERS_GONE if unknown_subject and event["type"].endswith(".received"):
            return Response(None, status_code=410)
        case _:
            return None


@contextlib.asynccontextmanager
async def running_emulator(
    *, port: int, motcua: str, client_id: str, client_secret: str, fault: Fault | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """The postal IT department at work: listening, and signed in with us; the task ends with its server."""
    client = MotcuaClient(motcua, client_id, client_secret)
    office = Office(client, fault=fault)
    try:
        async with served(make_app(office), host=HOST, port=port) as serving:
            await office.open(f"http://{HOST}:{port}{WEBHOOK_PATH}")
            yield serving
    finally:
        await office.close()
        await client.close()
