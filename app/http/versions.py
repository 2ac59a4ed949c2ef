"""Versions: a strong ETag is the row's version, and a write says which one it saw (RFC 9110, RFC 6585)."""

import re
from typing import Final

from app.core.errors import PreconditionFailed
from app.http.problems import PreconditionRequired
from app.http.requests import MotcuaRequest

ETAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"')


def etag(version: int) -> str:
    return f'"{version}"'


async def provide_expected_version(request: MotcuaRequest) -> int:
    """The version in If-Match, for routes marked V: 428 without, 412 when it cannot be one of ours."""
    value = request.headers.get("if-match")
    if value is None:
        raise PreconditionRequired
    found = ETAG.fullmatch(value.strip())
    if found is None:
        raise PreconditionFailed
    return int(found[1])
