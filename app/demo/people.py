"""People with their devices: each speaks HTTP as the real one would, and nothing else."""

import asyncio
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

T = TypeVar("T")

LOOK_EVERY_S: Final = 0.1
PATIENCE_S: Final = 40.0


class StoryBroken(Exception):
    """A step did not hold: what was expected, and what came."""


async def until(what: str, look: Callable[[], Awaitable[T | None]], *, patience_s: float = PATIENCE_S) -> T:
    """Look again until there is something to see; `StoryBroken` when patience ends."""
    try:
        async with asyncio.timeout(patience_s):
            while True:
                seen = await look()
                if seen is not None:
                    return seen
                await asyncio.sleep(LOOK_EVERY_S)  # a person looking at a screen
    except TimeoutError:
        raise StoryBroken(f"waited {patience_s:.0f} s for {what}") from None


@dataclass
class Caller:
    """Somebody with a token."""

    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, *, expect: int = 200, **options: Any) -> httpx.Response:
        """One request; another status than the expected one breaks the story, with its body."""
        headers = self.headers | options.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        answer = await self.http.request(method, path, headers=headers, **options)
        if answer.status_code != expect:
            raise StoryBroken(
                f"{method} {path}: expected {expect}, got {answer.status_code}: {answer.text[:400]}"
            )
        return answer

    async def get(self, path: str, **options: Any) -> Any:
        return (await self.ask("GET", path, **options)).json()

    async def post(self, path: str, body: Any = None, *, expect: int = 200, **options: Any) -> Any:
        options |= {} if body is None else {"json": body}
        answer = await self.ask("POST", path, expect=expect, **options)
        return answer.json() if answer.content else None

    async def change(self, path: str, version: int, body: Any = None) -> Any:
        """A write that says which version it saw."""
        return await self.post(path, body, headers={"If-Match": f'"{version}"'})

    def carry(self, token: str) -> None:
        self.headers["Authorization"] = f"Bearer {token}"


def own_phone(prefix: str) -> str:
    """A number in E.164 that nobody of an earlier run had: limits and bookings are kept per phone."""
    return f"+84{prefix}{secrets.randbelow(10**6):06d}"


def as_dialled(phone: str) -> str:
    """`+84912345678` as people write it down: `0912 345 678`."""
    digits = "0" + phone.removeprefix("+84")
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}"


@dataclass
class SmsInbox:
    """The phones of everybody, as the SMS emulator saw them."""

    http: httpx.AsyncClient

    async def all(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/__log")
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def newest(
        self, phone: str, containing: str, *, after: int = 0, patience_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """The newest message to a phone that holds a text, waiting for it to arrive."""

        async def look() -> dict[str, Any] | None:
            fitting = [
                message
                for message in (await self.all())[after:]
                if message["to"] == phone and containing in message["body"]
            ]
            return fitting[-1] if fitting else None

        return await until(f"an SMS with “{containing}”", look, patience_s=patience_s)


async def sign_in_by_code(
    caller: Caller, inbox: SmsInbox, phone: str, *, patience_s: float = PATIENCE_S
) -> str:
    """As a citizen does: ask for a code, read it off the phone, type it. Returns the challenge."""
    before = len(await inbox.all())
    challenge = await caller.post("/v1/auth/otp", {"phone": phone, "purpose": "sign_in"}, expect=202)
    message = await inbox.newest(phone, "", after=before, patience_s=patience_s)
    digits = [word.strip(".,:") for word in message["body"].split()]
    code = next(word for word in digits if word.isdigit() and len(word) == 6)
    tokens = await caller.post(f"/v1/auth/otp/{challenge['challenge_id']}/verify", {"code": code})
    caller.carry(tokens["access_token"])
    return str(challenge["challenge_id"])
