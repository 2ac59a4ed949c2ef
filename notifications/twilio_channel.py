"""SMS through Twilio's own client: real client, real HTTP, real Basic auth.

The synchronous client in a bounded pool of threads: the asynchronous one ignores its timeout and repeats
POSTs by itself. `api.base_url` points it at the emulator or at Twilio.
"""

import asyncio
import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError, SSLError

from app.settings import TwilioSettings
from notifications.classification import Verdict, verdict
from notifications.port import Accepted, Outgoing, Rejected, Sending, Unknown

TIMEOUT_S: Final = 10.0
THREADS: Final = 8
SHORTEST_VALIDITY_S: Final = 5
LONGEST_VALIDITY_S: Final = 36_000
CLOCK_TOLERANCE: Final = timedelta(seconds=5)
CALLBACK_PATH: Final = "/v1/callbacks/twilio/status"


class TwilioChannel:
    """One account and its sender."""

    def __init__(self, settings: TwilioSettings, *, public_url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._sender = settings.sender
        self._public_url = public_url
        self._client = Client(
            settings.account_sid,
            str(settings.auth_token),
            http_client=TwilioHttpClient(timeout=timeout_s),
        )
        self._client.api.base_url = settings.api_base
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="twilio")

    async def send(self, message: Outgoing) -> Sending:
        """One POST. Whatever is not clearly one or the other is `Unknown`."""
        loop = asyncio.get_running_loop()
        try:
            sid = await loop.run_in_executor(self._threads, self._create, message)
        except TwilioRestException as refused:
            found = verdict(refused.code or None, refused.status)
            if found is Verdict.AMBIGUOUS:
                return Unknown(f"http {refused.status}")
            return Rejected(found, str(refused.code or refused.status))
        except requests.exceptions.ConnectTimeout:
            return Rejected(Verdict.TEMPORARY, "connect_timeout")
        except requests.exceptions.ConnectionError as reason:
            return _connection(reason)
        except (TwilioException, OSError, json.JSONDecodeError, ValueError) as reason:
            return Unknown(type(reason).__name__)
        return Accepted(sid)

    def _create(self, message: Outgoing) -> str:
        query = urlencode({"n": message.message_id, "a": message.attempt})
        created: Any = self._client.messages.create(
            to=message.phone,
            from_=self._sender,
            body=message.body,
            status_callback=f"{self._public_url}{CALLBACK_PATH}?{query}",
            validity_period=min(LONGEST_VALIDITY_S, max(SHORTEST_VALIDITY_S, message.valid_for_s)),
        )
        if not isinstance(created.sid, str) or not created.sid:
            raise ValueError("the answer names no message")
        return created.sid

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:
        """Ask the provider whether a message whose fate is unknown exists."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._find, phone, body, since)

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
