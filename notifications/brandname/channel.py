"""The gateway's client. Our id goes with every call, so that repeating one asks whether it arrived."""

import hashlib
import hmac
import uuid
from datetime import datetime
from typing import Final

import httpx

from app.channel_settings import BrandnameSettings
from app.core.keys import keys
from notifications import calls
from notifications.brandname import codes
from notifications.classification import Verdict
from notifications.port import Accepted, Outgoing, Rejected, Report, Sending

SEND: Final = "/SendMultipleMessage_V4_post_json/"
CUSTOMER_CARE: Final = "2"
PREFIX: Final = "+84"
# Kept apart from other providers' ids of messages.
OURS: Final = "brandname:"
CALLBACK_PATH: Final = "/v1/callbacks/brandname"


class BrandnameChannel:
    """One account at a gateway and its brand name."""

    def __init__(self, client: httpx.AsyncClient, settings: BrandnameSettings, *, public_url: str) -> None:
        self._client = client
        self._settings = settings
        self._public_url = public_url

    async def send(self, message: Outgoing) -> Sending:
        if not message.phone.startswith(PREFIX):
            return Rejected(Verdict.RECIPIENT, "foreign")
        settings, ours = self._settings, message.message_id
        answer = await calls.post(
            self._client,
            f"{settings.url}{SEND}",
            json={
                "ApiKey": settings.key,
                "SecretKey": str(settings.secret),
                "Brandname": settings.brandname,
                "SmsType": CUSTOMER_CARE,
                "IsUnicode": "0",
                "Phone": f"0{message.phone.removeprefix(PREFIX)}",
                "Content": message.body,
                "RequestId": ours.hex,
                "CallbackUrl": f"{self._public_url}{CALLBACK_PATH}/{ours}/{mac(ours)}",
            },
        )
        if not isinstance(answer, calls.Answer):
            return answer
        return _meaning(ours, answer)

    async def knock(self) -> Sending:
        """A text for nobody: who lets us in says that it is no phone. What `doctor` asks."""
        settings = self._settings
        answer = await calls.post(
            self._client,
            f"{settings.url}{SEND}",
            json={
                "ApiKey": settings.key,
                "SecretKey": str(settings.secret),
                "Brandname": settings.brandname,
                "SmsType": CUSTOMER_CARE,
                "Phone": "",
                "Content": "",
            },
        )
        if not isinstance(answer, calls.Answer):
            return answer
        code = str(answer.body.get("CodeResult", ""))
        if not code:
            return calls.by_status(answer.status, answer.pause)
        found = codes.verdict(code)
        return Rejected(found, code) if found is Verdict.CONFIGURATION else Accepted("")

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:  # noqa: ARG002 - the port's
        """Not asked: whoever repeats the call with the same id asks this."""
        return None

    async def fetch(self, provider_id: str) -> Report | None:  # noqa: ARG002 - the port's
        """The gateway calls back five times; there is nothing more to be had."""
        return None


def _meaning(message_id: uuid.UUID, answer: calls.Answer) -> Sending:
    code = str(answer.body.get("CodeResult", ""))
    if code == codes.ACCEPTED:
        return Accepted(f"{OURS}{answer.body.get('SMSID') or message_id.hex}"[:60])
    if code == codes.KNOWN_ALREADY:
        return Accepted(f"{OURS}{message_id.hex}")
    if not code:
        return calls.by_status(answer.status, answer.pause)
    return Rejected(codes.verdict(code), code, answer.pause)


def mac(message_id: uuid.UUID) -> str:
    """Proves that a callback's address came from us: the gateway signs nothing itself."""
    return hmac.new(keys().codes, b"brandname|" + message_id.bytes, hashlib.sha256).hexdigest()[:32]
