"""The partner's client of our API."""

import asyncio
import base64
import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

import httpx

TIMEOUT_S: Final = 15.0
TOKEN_MARGIN_S: Final = 60.0
TRIES: Final = 6
FIRST_PAUSE_S: Final = 0.2
LATER: Final = frozenset({429, 502, 503, 504})


class MotcuaClient:
    """Signed in by client credentials; renews its token before it ends, and waits when told to.

    A request that got no answer, or "later", is sent again as it was: same body, same key. That is
    harmless, because a key is answered once and an event's id counts once.
    """

    def __init__(self, base_url: str, client_id: str, secret: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)
        self._client_id = client_id
        self._secret = secret
        self._token = ""
        self._until = 0.0
        self._signing_in = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    def sign_in_again(self) -> None:
        """The token is not good any more, whatever was said of how long it is."""
        self._until = 0.0

    async def _headers(self) -> dict[str, str]:
        async with self._signing_in:
            if time.monotonic() > self._until:
                granted = (await self._send("POST", "/oauth/token", {}, data=self._credentials())).json()
                self._token = granted["access_token"]
                self._until = time.monotonic() + granted["expires_in"] - TOKEN_MARGIN_S
        return {"Authorization": f"Bearer {self._token}"}

    def _credentials(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
        }

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], *, tries: int = TRIES, **rest: Any
    ) -> httpx.Response:
        for n in range(1, tries + 1):
            try:
                answer = await self._http.request(method, path, headers=headers, **rest)
            except httpx.TransportError:
                if n == tries:
                    raise
                await asyncio.sleep(FIRST_PAUSE_S * 2**n)
                continue
            if answer.status_code not in LATER or n == tries:
                answer.raise_for_status()
                return answer
            await asyncio.sleep(float(answer.headers.get("retry-after", FIRST_PAUSE_S * 2**n)))
        raise AssertionError("unreachable")

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        return (await self._send("PUT", path, await self._headers(), json=body)).json()

    async def patch(self, path: str, body: dict[str, Any]) -> Any:
        return (await self._send("PATCH", path, await self._headers(), json=body)).json()

    async def get(self, path: str, **parameters: str | int) -> Any:
        return (await self._send("GET", path, await self._headers(), params=parameters)).json()

    async def post(
        self, path: str, body: dict[str, Any], *, key: str | None = None, tries: int = TRIES
    ) -> Any:
        headers = await self._headers() | {"Idempotency-Key": key or str(uuid.uuid4())}
        return (await self._send("POST", path, headers, json=body, tries=tries)).json()

    async def delete(self, path: str) -> None:
        await self._send("DELETE", path, await self._headers())

    async def upload(self, task_id: str, component: int, content: bytes) -> Any:
        """A scan, with its digest (RFC 9530)."""
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = await self._headers() | {
            "Content-Type": "application/pdf",
            "Content-Digest": f"sha-256=:{digest}:",
        }
        parameters = {"task_id": task_id, "component": component}
        answer = await self._send(
            "POST", "/v1/partner/documents", headers, params=parameters, content=content
        )
        return answer.json()
