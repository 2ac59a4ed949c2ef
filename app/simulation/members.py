"""Whoever speaks to the house on a simulated day, as a device or a person does."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.demo.people import Caller, StoryBroken


class Refused(Exception):
    """The house said no in its own words; a person goes home, the day goes on."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Member:
    """Somebody who signs in again when a sign-in has run out, as a device or an officer does."""

    caller: Caller
    sign_in: Callable[[], Awaitable[dict[str, Any]]]

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._once(method, path, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.caller.carry((await self.sign_in())["access_token"])
            answer = await self._once(method, path, **options)
        return answer

    async def post(self, path: str, body: Any = None, *, version: int | None = None) -> Any:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        options: dict[str, Any] = {} if body is None else {"json": body}
        return read(await self.ask("POST", path, headers=headers, **options))

    async def _once(self, method: str, path: str, **options: Any) -> httpx.Response:
        # Never broken here: the caller reads the answer, so every status is an expected one.
        headers = self.caller.headers | options.pop("headers", {})
        headers.setdefault("Idempotency-Key", secrets.token_hex(12))
        return await self.caller.http.request(method, path, headers=headers, **options)


def read(answer: httpx.Response) -> Any:
    """What was answered; a refusal of the business as `Refused`, anything else breaks the day."""
    if answer.status_code in {404, 409, 410, 412, 422, 429}:
        raise Refused(str(answer.json().get("code")))
    if answer.is_error:
        raise StoryBroken(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
    return answer.json() if answer.content else None
