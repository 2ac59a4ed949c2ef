"""An answer written once and sent to many: bytes and headers ready for the wire.

The framework builds a response object, copies its headers and encodes them for every request; where a
crowd gets the same bytes, that is most of the work.
"""

from collections.abc import Mapping
from typing import Any

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send


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
