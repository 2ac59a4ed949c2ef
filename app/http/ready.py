"""An answer written once and sent to many: bytes and headers ready for the wire.

The framework builds a response object, copies its headers and encodes them for every request; where a
crowd gets the same bytes, that is most of the work.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from app.core.clock import current_time

Q = TypeVar("Q")

MOST_KNOWN: Final = 1024
LONGEST_KNOWN: Final = 512


class ReadyAnswer(ASGIResponse):
    """A complete answer. Sending it twice, or to two at once, is fine: nothing in it changes."""

    __slots__ = ("_body", "_start")

    def __init__(self, body: bytes, *, status: int = 200, headers: Mapping[str, str]) -> None:
        super().__init__(body=body, status_code=status, headers=dict(headers))
        complete = {"content-length": str(len(body))} if status != 304 else {}
        self._start: Any = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in (complete | dict(headers)).items()
            ],
        }
        self._body: Any = {"type": "http.response.body", "body": body, "more_body": False}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        # A copy: whoever wraps `send` may add headers of its own.
        await send(self._start | {"headers": list(self._start["headers"])})
        await send(self._body)


class AskedBefore(Generic[Q]):
    """A layer around one public route: a question in words that were read before is not read again.

    The words are the raw query string. Only what the route itself has read, judged and answered is known
    here, and it is answered anew: remembered is what was asked, never what was said.
    """

    def __init__(self, answer: Callable[[Q, Scope, datetime], Awaitable[ReadyAnswer]]) -> None:
        self._answer = answer
        self._known: dict[bytes, Q] = {}

    def __deepcopy__(self, _memo: dict[int, Any]) -> "AskedBefore[Q]":
        """The framework copies a handler with all it carries; this one is shared with its handler."""
        return self

    def remember(self, question: Q, scope: Scope) -> None:
        """What this request asks for, once it has been answered; the oldest gives way."""
        words = scope["query_string"]
        if len(words) > LONGEST_KNOWN:
            return
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[words] = question

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            question = self._known.get(scope["query_string"])
            if question is None:
                await app(scope, receive, send)
            else:
                answer = await self._answer(question, scope, current_time())
                await answer(scope, receive, send)

        return layer
