"""One question to the province's gateway: `POST {gateway}/{path}`, a bearer token, JSON, little time.

Keys travel in the body, never in a URL. The shapes are assumed (docs/registries.md).
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from app.settings import RegistriesSettings
from partners.registries.port import RegistryUnavailable

TIMEOUT_S: Final = 3.0
LONGEST_ANSWER: Final = 200_000

Record = TypeVar("Record", bound=msgspec.Struct)


class Answer(msgspec.Struct):
    """`found` is false for a key that is not held; `data` is the registry's own record."""

    found: bool
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Gateway:
    """Asked by whoever knows a path behind it and reads its record."""

    def __init__(
        self, client: httpx.AsyncClient, settings: RegistriesSettings, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = client
        self._base = settings.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {settings.token}"}
        self._timeout_s = timeout_s

    async def ask(self, path: str, body: Mapping[str, Any]) -> Answer | None:
        """None: the key is taken for none (422). Raises `RegistryUnavailable`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(f"{self._base}/{path}", json=body, headers=self._headers)
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                return None
            if answer.status_code != httpx.codes.OK or len(answer.content) > LONGEST_ANSWER:
                raise RegistryUnavailable(f"HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=Answer)
        except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError, TimeoutError, OSError) as reason:
            # Its text may quote what was sent; its kind says enough.
            raise RegistryUnavailable(type(reason).__name__) from None


def read_record(data: msgspec.Raw, shape: type[Record]) -> Record:
    """A registry's own record. Raises `RegistryUnavailable` for one of another shape."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RegistryUnavailable("a record of another shape") from None
