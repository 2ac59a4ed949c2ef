"""The partner's client of our API."""

import base64
import hashlib
import time
import uuid
from typing import Any, Final

import httpx

TIMEOUT_S: Final = 15.0
TOKEN_MARGIN_S: Final = 60.0


class MotcuaClient:
    """Signed in by client credentials; renews its token before it ends."""

    def __init__(self, base_url: str, client_id: str, secret: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)
        self._client_id = client_id
        self._secret = secret
        self._token = ""
        self._until = 0.0

    async def close(self) -> None:
        await self._http.aclose()

    async def _headers(self) -> dict[str, str]:
        if time.monotonic() > self._until:
            answer = await self._http.post(
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._secret,
                },
            )
            answer.raise_for_status()
            granted = answer.json()
            self._token = granted["access_token"]
            self._until = time.monotonic() + granted["expires_in"] - TOKEN_MARGIN_S
        return {"Authorization": f"Bearer {self._token}"}

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._http.put(path, json=body, headers=await self._headers())
        answer.raise_for_status()
        return answer.json()

    async def get(self, path: str, **parameters: str | int) -> Any:
        answer = await self._http.get(path, params=parameters, headers=await self._headers())
        answer.raise_for_status()
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        headers = await self._headers() | {"Idempotency-Key": key or str(uuid.uuid4())}
        answer = await self._http.post(path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()

    async def delete(self, path: str) -> None:
        answer = await self._http.delete(path, headers=await self._headers())
        answer.raise_for_status()

    async def upload(self, task_id: str, component: int, content: bytes) -> Any:
        """A scan, with its digest (RFC 9530)."""
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = await self._headers() | {
            "Content-Type": "application/pdf",
            "Content-Digest": f"sha-256=:{digest}:",
        }
        answer = await self._http.post(
            "/v1/partner/documents",
            params={"task_id": task_id, "component": component},
            content=content,
            headers=headers,
        )
        answer.raise_for_status()
        return answer.json()
