"""Turns a bearer token or a page cookie into a principal, for `app.http.access`."""

import time
import uuid
from datetime import datetime
from typing import Final

from app.core.clock import current_time
from app.core.shared import Shared
from app.http.principals import Principal
from app.http.tokens import Tokens
from app.identity import queries

# An ended sign-in is refused within this long; longer would outlive the promise, shorter asks
# PostgreSQL on every request.
REMEMBERED_S: Final = 30.0
REMEMBERED_AT_MOST: Final = 50_000


class SignInGatekeeper:
    """Reads the token every time, and asks for its sign-in at least every thirty seconds."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._seen: dict[uuid.UUID, float] = {}
        self._asked: set[uuid.UUID] = set()
        self._look = Shared(self._live)

    async def by_token(self, token: str) -> Principal | None:
        principal = self._tokens.read(token)
        if principal is None:
            return None
        seen = self._seen.get(principal.sign_in_id)
        if seen is not None and time.monotonic() - seen < REMEMBERED_S:
            return principal
        if not await self._is_live(principal.sign_in_id):
            self._seen.pop(principal.sign_in_id, None)
            return None
        if len(self._seen) >= REMEMBERED_AT_MOST:
            self._seen.clear()
        self._seen[principal.sign_in_id] = time.monotonic()
        return principal

    async def _is_live(self, sign_in_id: uuid.UUID) -> bool:
        """All who come at one moment are looked up together."""
        self._asked.add(sign_in_id)
        return sign_in_id in await self._look("live", now=current_time())

    async def _live(self, _question: str, _now: datetime) -> set[uuid.UUID]:
        asked, self._asked = self._asked, set()
        return await queries.live_among(asked)

    async def by_cookie(self, value: str) -> Principal | None:
        return await queries.by_cookie(value)

    def forget(self, sign_in_id: uuid.UUID) -> None:
        """A sign-in ended in this process: refuse its tokens at once."""
        self._seen.pop(sign_in_id, None)
