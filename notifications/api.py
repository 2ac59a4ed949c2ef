"""Callbacks of providers. Only a signature opens this door."""

import uuid
from datetime import datetime
from typing import Final

from litestar import Response, Router, post
from litestar.datastructures import MultiDict
from litestar.di import NamedDependency
from twilio.request_validator import RequestValidator

from app.core.errors import Forbidden, Words
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from notifications.receipts import note_receipt

PATH: Final = "/v1/callbacks/twilio/status"


class SignatureNotAccepted(Forbidden):
    code = "callback_signature"
    detail = Words("Chữ ký không hợp lệ.", "The signature is not valid.")


@post(
    PATH,
    operation_id="receiveTwilioStatus",
    summary="What became of a message",
    tags=["provider"],
    opt=open_to(Caller.PROVIDER),
    status_code=204,
    responses=problems(SignatureNotAccepted),
)
async def receive_status(request: MotcuaRequest, now: NamedDependency[datetime]) -> Response[None]:
    """The signature covers the public address and every field, also those we do not know."""
    form = await request.form()
    values = MultiDict(
        (name, value) for name in form for value in form.getall(name) if isinstance(value, str)
    )
    settings = request.app.state.settings
    signature = request.headers.get("x-twilio-signature")
    query = request.scope["query_string"].decode("latin-1")
    url = f"{settings.public_url}{PATH}" + (f"?{query}" if query else "")
    tokens = [token for token in (settings.twilio.auth_token, settings.twilio.other_token) if token]
    if not signature or not any(_signed(str(token), url, values, signature) for token in tokens):
        raise SignatureNotAccepted
    message_id = _message_id(request)
    if message_id is not None:
        await note_receipt(
            message_id=message_id,
            provider_id=str(values.get("MessageSid", ""))[:60],
            status=str(values.get("MessageStatus", "")),
            error_code=str(values.get("ErrorCode", "")),
            attempt=_attempt(request),
            now=now,
        )
    return Response(None, status_code=204)


def _signed(token: str, url: str, values: MultiDict[str], signature: str) -> bool:
    """HMAC-SHA1 with the account's token, whatever algorithm a header of the caller's may name."""
    return bool(RequestValidator(token).validate(url, values, signature))


def _message_id(request: MotcuaRequest) -> uuid.UUID | None:
    """Ours, from the address we gave; a signed callback about something else is heard and forgotten."""
    try:
        return uuid.UUID(request.query_params.get("n", ""))
    except ValueError:
        return None


def _attempt(request: MotcuaRequest) -> int | None:
    """Which of our calls it is about."""
    told = request.query_params.get("a", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 6 else None


notifications_router: Final = Router(path="/", route_handlers=[receive_status])
