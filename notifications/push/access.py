"""By what right we send: an access token of an hour, for an assertion signed with the service account's key
(RFC 7523). It may be used by all and bought as often as needed, so each process has its own.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import httpx
import jwt
import msgspec

from notifications import calls
from notifications.classification import Verdict
from notifications.port import Rejected

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME_S: Final = 3600
RENEWED_BEFORE_S: Final = 300.0


class Account(msgspec.Struct, frozen=True):
    """A service account's file as the provider gives it out; the rest of it is not needed."""

    project_id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{4,40}$")]
    client_email: str
    private_key: str
    token_uri: str

    def __repr__(self) -> str:
        return f"Account({self.project_id!r})"


def load(path: Path) -> Account:
    """Raises `ValueError` in one sentence, without what stands in the file."""
    try:
        account = msgspec.json.decode(path.read_bytes(), type=Account)
        jwt.encode({}, account.private_key, algorithm="RS256")
    except (OSError, msgspec.DecodeError, jwt.PyJWTError, ValueError, TypeError) as reason:
        raise ValueError(
            f"MOTCUA_PUSH_ACCOUNT: {path} is no service account's file ({type(reason).__name__})."
        ) from None
    return account


class Access:
    """The access token, bought anew shortly before it ends."""

    def __init__(
        self, client: httpx.AsyncClient, account: Account, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._account = account
        # Of the machine: a simulated day means nothing to whoever reads the assertion.
        self._clock = clock
        self._token = ""
        self._ends = 0.0
        self._buying = asyncio.Lock()

    def forget(self, token: str) -> None:
        if token == self._token:
            self._token = ""

    async def current(self) -> str | Rejected:
        """An access token, or why there is none now."""
        async with self._buying:
            if self._token and self._clock() < self._ends - RENEWED_BEFORE_S:
                return self._token
            return await self._buy()

    async def _buy(self) -> str | Rejected:
        account, now = self._account, int(self._clock())
        assertion = jwt.encode(
            {
                "iss": account.client_email,
                "scope": SCOPE,
                "aud": account.token_uri,
                "iat": now,
                "exp": now + LIFETIME_S,
            },
            account.private_key,
            algorithm="RS256",
        )
        answer = await calls.post(
            self._client, account.token_uri, data={"grant_type": GRANT, "assertion": assertion}
        )
        if not isinstance(answer, calls.Answer):
            # Asking for one twice harms nobody: nothing has been sent yet.
            return answer if isinstance(answer, Rejected) else Rejected(Verdict.TEMPORARY, "access")
        token, lifetime = answer.body.get("access_token"), answer.body.get("expires_in")
        if answer.status == 200 and isinstance(token, str) and isinstance(lifetime, int):
            self._token, self._ends = token, now + lifetime
            return token
        if answer.status >= 500 or answer.status == 429:
            return Rejected(Verdict.TEMPORARY, "access", answer.pause)
        return Rejected(Verdict.CONFIGURATION, "access")
