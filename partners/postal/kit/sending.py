"""Sends messages to the webhook of the system under test, signed as the occasion asks."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from app.core.clock import machine_time
from partners.postal import signing
from partners.postal.kit.seen import Delivery

# What Motcua waits; whoever takes longer is told again (COURIER.md 5.4).
WE_HANG_UP_AFTER_S: Final = 15.0
KEPT_OF_ANSWER: Final = 20_000
OLD: Final = timedelta(minutes=10)


def encoded(event: Mapping[str, Any]) -> bytes:
    """The body as it is signed and sent."""
    return json.dumps(event, ensure_ascii=False).encode()


class Sender:
    """One webhook address and its secret."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self.deliveries: list[Delivery] = []

    async def tell(
        self,
        purpose: str,
        event: Mapping[str, Any],
        *,
        at: datetime | None = None,
        signing_secrets: Sequence[str] | None = None,
    ) -> Delivery:
        """A message as Motcua sends it, unless told another moment or other secrets."""
        body = encoded(event)
        headers = self.signed(event["id"], body, at=at, signing_secrets=signing_secrets)
        return await self.post(purpose, event["id"], body, headers)

    def signed(
        self,
        event_id: str,
        body: bytes,
        *,
        at: datetime | None = None,
        signing_secrets: Sequence[str] | None = None,
    ) -> dict[str, str]:
        return signing.headers(
            event_id=event_id,
            body=body,
            signing_secrets=signing_secrets or [self._secret],
            now=at or machine_time(),
        )

    @property
    def secret(self) -> str:
        return self._secret

    async def post(self, purpose: str, event_id: str, body: bytes, headers: Mapping[str, str]) -> Delivery:
        """Exactly this; without following where it points."""
        began = time.monotonic()
        status: int | None = None
        text = ""
        async with httpx.AsyncClient(
            timeout=WE_HANG_UP_AFTER_S, follow_redirects=False, trust_env=False
        ) as client:
            try:
                answer = await client.post(self._url, content=body, headers=dict(headers))
                status, text = answer.status_code, answer.text[:KEPT_OF_ANSWER]
            except httpx.TransportError as reason:
                text = type(reason).__name__
        found = Delivery(purpose, event_id, status, time.monotonic() - began, text)
        self.deliveries.append(found)
        return found
