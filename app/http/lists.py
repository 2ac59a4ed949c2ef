"""Lists and conditional reads: a cursor that names a position, a Link to the next page, an ETag.

A cursor is opaque to clients and names the last row they saw, never an offset: rows that come or go
between two pages neither repeat nor vanish.
"""

import base64
import binascii
import hashlib
import unicodedata
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.params import QueryParameter

from app.core.errors import Invalid, Malformed, Words
from app.http import body
from app.http.requests import MotcuaRequest

T = TypeVar("T")
V = TypeVar("V")

JSON: Final = "application/json"

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="At most so many items.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=2000, description="`next_cursor` of the page before.")
]


class CursorNotValid(Invalid):
    code = "cursor_not_valid"
    detail = Words(
        "Con trỏ trang không hợp lệ; hãy bắt đầu lại từ trang đầu.",
        "The page cursor is not valid; start again from the first page.",
    )


def cursor_of(position: object) -> str:
    """A position (a tuple of plain values) as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position_of(cursor: str | None, kind: type[T]) -> T | None:
    """The position a cursor of ours names; raises `CursorNotValid` for anything else."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        builtins = body.decode(raw, Any)
        return msgspec.convert(builtins, kind)
    except (binascii.Error, UnicodeEncodeError, Invalid, Malformed, msgspec.ValidationError):
        raise CursorNotValid from None


def search_text(raw: str) -> str:
    """Text of a query parameter, NFC; what PostgreSQL cannot hold is refused (422)."""
    if "\x00" in raw or any("\ud800" <= character <= "\udfff" for character in raw):
        raise body.ForbiddenCharacter
    return unicodedata.normalize("NFC", raw)


def answer(request: MotcuaRequest, content: V, *, next_cursor: str | None = None) -> Response[V]:
    """The content with its ETag; 304 without it when the client has it already (RFC 9110 13.1.2)."""
    encoded = msgspec.json.encode(content)
    tag = f'"{base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()[:12]).decode()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language"}
    if next_cursor is not None:
        headers["Link"] = f'<{_next_page(request, next_cursor)}>; rel="next"'
    if tag in _known_tags(request.headers.get("if-none-match", "")):
        return Response(content=None, status_code=304, headers=headers)  # type: ignore[arg-type]  # a 304 has no content
    return Response(
        content=encoded,  # type: ignore[arg-type]  # encoded once, for the tag and the wire
        status_code=200,
        media_type=JSON,
        headers=headers,
    )


def _known_tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _next_page(request: MotcuaRequest, cursor: str) -> str:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"
