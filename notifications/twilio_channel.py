"""SMS through Twilio's own client: real client, real HTTP, real Basic auth.

The synchronous client in bounded pools of threads: the asynchronous one ignores its timeout and repeats
POSTs by itself. `api.base_url` points it at the emulator or at Twilio. Codes have a sender and threads of
their own. Neither `ContentRetention=discard` nor `AddressRetention=obfuscate` is asked for: a message
whose fate is unknown is found again by its phone and its text (decision 47).
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import requests
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError, SSLError

from app.settings import TwilioSettings
from notifications.classification import Verdict, verdict
from notifications.in_time import InTime
from notifications.port import Accepted, Outgoing, Rejected, Report, Sender, Sending, Unknown

T = TypeVar("T")

TIMEOUT_S: Final = 10.0
THREADS: Final = 8
SHORTEST_VALIDITY_S: Final = 5
LONGEST_VALIDITY_S: Final = 36_000
LONGEST_PAUSE_S: Final = 900
CLOCK_TOLERANCE: Final = timedelta(seconds=5)
CALLBACK_PATH: Final = "/v1/callbacks/twilio/status"
# Tried three times more whatever went wrong, within the provider's fifteen seconds in all. Not part of the
# address that is called and signed.
CALLBACK_RETRIES: Final = "rc=3&rp=all&ct=2000&rt=5000"
INTENTS: Final[Mapping[Sender, str]] = MappingProxyType(
    {Sender.CODES: "otp", Sender.NOTICES: "notifications"}
)

# At INFO the client writes whole addresses, and those of look-ups name phones.
logging.getLogger("twilio").setLevel(logging.WARNING)


def _http(timeout_s: float, answered: Callable[..., None]) -> TwilioHttpClient:
    """Each read within `timeout_s`, and the whole of an answer, too."""
    client = TwilioHttpClient(timeout=timeout_s, request_hooks={"response": [answered]})
    for scheme in ("http://", "https://"):
        client.session.mount(scheme, InTime(timeout_s))
    return client


class TwilioChannel:
    """One account and its two senders."""

    def __init__(self, settings: TwilioSettings, *, public_url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._from = settings.sender
        self._services = {Sender.CODES: settings.service_codes, Sender.NOTICES: settings.service_notices}
        self._public_url = public_url
        self._answer = threading.local()
        self._client = Client(
            settings.account_sid,
            str(settings.auth_token),
            http_client=_http(timeout_s, self._note_pause),
        )
        self._client.api.base_url = settings.api_base
        self._threads = {
            sender: ThreadPoolExecutor(THREADS, thread_name_prefix=f"twilio-{sender}") for sender in Sender
        }

    async def send(self, message: Outgoing) -> Sending:
        """One POST. Whatever is not clearly one or the other is `Unknown`."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads[message.sender], self._send, message
        )

    def _send(self, message: Outgoing) -> Sending:
        self._answer.pause = None
        try:
            return self._call(message)
        except Exception as reason:  # noqa: BLE001 - an answer nobody foresaw says neither yes nor no
            return Unknown(type(reason).__name__)

    def _call(self, message: Outgoing) -> Sending:
        try:
            return Accepted(self._create(message))
        except (TwilioRestException, TwilioServiceException) as refused:
            return self._refused(refused.code or None, refused.status)
        except requests.exceptions.ConnectTimeout:
            return Rejected(Verdict.TEMPORARY, "connect_timeout")
        except requests.exceptions.ConnectionError as reason:
            return _connection(reason)

    def _refused(self, code: int | None, status: int) -> Sending:
        found = verdict(code, status)
        if found is Verdict.AMBIGUOUS:
            return Unknown(f"http {status}")
        return Rejected(found, str(code or status), self._answer.pause)

    def _note_pause(self, response: requests.Response, *_args: Any, **_facts: Any) -> None:
        """`Retry-After` in seconds; the client's exceptions do not carry headers."""
        asked = response.headers.get("Retry-After", "")
        known = asked.isascii() and asked.isdecimal()
        self._answer.pause = timedelta(seconds=min(LONGEST_PAUSE_S, int(asked))) if known else None

    def _create(self, message: Outgoing) -> str:
        query = urlencode({"n": message.message_id, "a": message.attempt})
        service = self._services[message.sender]
        sender = {"messaging_service_sid": service} if service else {"from_": self._from}
        created: Any = self._client.messages.create(
            to=message.phone,
            body=message.body,
            status_callback=f"{self._public_url}{CALLBACK_PATH}?{query}#{CALLBACK_RETRIES}",
            validity_period=min(LONGEST_VALIDITY_S, max(SHORTEST_VALIDITY_S, message.valid_for_s)),
            message_intent=INTENTS[message.sender],
            **sender,
        )
        if not isinstance(created.sid, str) or not created.sid:
            raise ValueError("the answer names no message")
        return created.sid

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:
        """Ask the provider whether a message whose fate is unknown exists."""
        return await self._ask(self._find, phone, body, since)

    async def fetch(self, provider_id: str) -> Report | None:
        """What became of a message that was accepted and not heard of, and what it cost."""
        return await self._ask(self._fetch, provider_id)

    async def _ask(self, question: Callable[..., T], *words: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[Sender.NOTICES], question, *words)

    def _fetch(self, provider_id: str) -> Report | None:
        try:
            found: Any = self._client.messages(provider_id).fetch()
        except TwilioRestException as refused:
            if refused.status == 404:
                return None
            raise
        segments = str(found.num_segments or "0")
        return Report(
            status=str(found.status),
            error_code="" if found.error_code is None else str(found.error_code),
            segments=int(segments) if segments.isdecimal() and int(segments) > 0 else None,
            price=None if found.price is None else str(found.price),
            currency=None if found.price_unit is None else str(found.price_unit),
        )

    def _find(self, phone: str, body: str, since: datetime) -> str | None:
        earliest = since.astimezone(UTC) - CLOCK_TOLERANCE
        for found in self._client.messages.list(to=phone, date_sent_after=earliest, limit=50):
            created: datetime | None = found.date_created
            if found.body == body and (created is None or created >= earliest):
                return str(found.sid)
        return None


def _connection(reason: requests.exceptions.ConnectionError) -> Sending:
    """No connection, no name, no trusted certificate: nothing left us. Cut afterwards is not certain."""
    cause = getattr(reason.args[0], "reason", None) if reason.args else None
    if isinstance(cause, NewConnectionError):
        return Rejected(Verdict.TEMPORARY, "connect_refused")
    if isinstance(cause, SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError):
        return Rejected(Verdict.TEMPORARY, "certificate")
    return Unknown("connection_cut")
