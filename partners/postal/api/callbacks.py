"""For partners that push: the same reports as `/v1/partner/events`, under a Standard Webhooks signature."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.clock import machine_time
from app.http import body as strict
from app.http.access import open_to
from app.http.body import InvalidValue
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from partners.postal import callbacks, scopes, signing
from partners.postal.api.events import BatchResult, EventBatch, ResultView, apply_batch
from partners.postal.errors import SignatureNotAccepted

PATH: Final = "/v1/callbacks/postal/{partner:str}"


class CallbackSecret(msgspec.Struct):
    """Shown once."""

    secret: str


@post(
    PATH,
    operation_id="receivePostalEvents",
    summary="What a partner's couriers did, pushed",
    description=(
        "The body is that of `POST /v1/partner/events`; `webhook-id`, `webhook-timestamp` and"
        " `webhook-signature` as in Standard Webhooks 1.0, the secret is of `/v1/partner/callback-secret`."
        " A timestamp more than five minutes away is refused; a message that comes again is harmless."
    ),
    tags=["provider"],
    opt=open_to(Caller.PROVIDER),
    status_code=200,
    request_max_body_size=callbacks.MOST_BYTES,
    responses=problems(SignatureNotAccepted, InvalidValue),
)
async def receive_events(
    request: MotcuaRequest, partner: FromPath[str], now: NamedDependency[datetime]
) -> BatchResult:
    """The signature first, over the bytes as they came; only then is anything read."""
    raw = await request.body()
    signer = await callbacks.signer(partner, now=now)
    signing.verify(
        known_secrets=signer.secrets if signer else [],
        body=raw,
        received={name: request.headers.get(name, "") for name in signing.HEADERS},
        # The sender's clock is compared with a clock like it, also on a simulated day.
        now=machine_time(),
    )
    if signer is None:
        raise SignatureNotAccepted
    batch: EventBatch = strict.decode(raw, EventBatch)
    answers = await apply_batch(batch, signer.partner_id, now)
    return BatchResult([ResultView.of(answer) for answer in answers])


@post(
    "/v1/partner/callback-secret",
    operation_id="makeCallbackSecret",
    summary="The secret to sign pushed reports with",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.WEBHOOK_MANAGE),
    status_code=201,
)
async def make_secret(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[CallbackSecret]:
    """A new one; the former is good for 24 hours more."""
    return await once(CallbackSecret, callbacks.new_secret(partner_id=principal.id, now=now), status=201)


callback_handlers: Final[list[Any]] = [receive_events, make_secret]
