"""Zalo's events about messages. Only its signature opens this door."""

import hashlib
import hmac
import uuid
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency

from app.core.crypto import Secret
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from notifications.api import SignatureNotAccepted
from notifications.receipts import note_receipt

PATH: Final = "/v1/callbacks/zalo"
RECEIVED: Final = "user_received_message"


class Told(msgspec.Struct):
    """What we read of an event; events grow fields without notice."""

    event_name: str = ""
    app_id: str | int = ""
    timestamp: str | int = ""
    message: dict[str, Any] = {}


def signature(app_id: str, raw: bytes, timestamp: str, secret: Secret) -> str:
    """`mac=` and SHA-256 over application, body as it came, its timestamp and the account's secret."""
    told = app_id.encode() + raw + timestamp.encode() + str(secret).encode()
    return f"mac={hashlib.sha256(told).hexdigest()}"


@post(
    PATH,
    operation_id="receiveZaloEvent",
    summary="What became of a message",
    tags=["provider"],
    opt=open_to(Caller.PROVIDER),
    status_code=204,
    responses=problems(SignatureNotAccepted),
)
async def receive_event(request: MotcuaRequest, now: NamedDependency[datetime]) -> Response[None]:
    """That a message came is adopted, whatever was known of it; other events are heard and forgotten."""
    zalo = request.app.state.settings.channels.zalo
    raw = await request.body()
    try:
        told = msgspec.json.decode(raw, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SignatureNotAccepted from None
    if zalo is None or not zalo.events_secret:
        raise SignatureNotAccepted
    expected = signature(zalo.app_id, raw, str(told.timestamp), zalo.events_secret)
    given = request.headers.get("x-zevent-signature", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise SignatureNotAccepted
    message_id = _ours(told.message.get("tracking_id"))
    if told.event_name == RECEIVED and message_id is not None:
        await note_receipt(
            message_id=message_id, provider_id="", status="delivered", error_code="", now=now
        )
    return Response(None, status_code=204)


def _ours(tracking_id: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=str(tracking_id))
    except ValueError:
        return None


zalo_router: Final = Router(path="/", route_handlers=[receive_event])
