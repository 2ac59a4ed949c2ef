"""Files over HTTP: how one arrives as the body of a request, and how one is given out."""

import base64
import binascii
import hashlib
import re
from typing import Annotated, Final

from litestar import Response
from litestar.params import QueryParameter

from app.documents import operations, rules, store
from app.documents.errors import DigestMismatch
from app.documents.queries import DocumentRow
from app.http.body import UnsupportedMedia
from app.http.requests import MotcuaRequest

CONTENT_DIGEST: Final = re.compile(r"sha-256=:(?P<value>[A-Za-z0-9+/]{43}=):")
THE_BODY: Final = "The body is the file itself (PDF, JPEG, PNG or HEIC, at most 10 MB)."

ComponentPlace = Annotated[
    int | None, QueryParameter(ge=1, le=50, description="Place in the published list.")
]


def declared_digest(request: MotcuaRequest, header: str = "content-digest") -> bytes | None:
    """The SHA-256 of Content-Digest, or by Repr-Digest of the whole (RFC 9530), when one was declared."""
    found = CONTENT_DIGEST.search(request.headers.get(header, ""))
    if found is None:
        return None
    try:
        return base64.b64decode(found["value"], validate=True)
    except binascii.Error:
        raise DigestMismatch from None


def same_digest(content: bytes, declared: bytes | None) -> bool:
    """Whether a content is what its sender declared, if anything was."""
    return declared is None or hashlib.sha256(content).digest() == declared


async def received(request: MotcuaRequest) -> tuple[bytes, bytes, str]:
    """The body as a kept content: its SHA-256, itself, and its declared type."""
    content_type = request.content_type[0]
    if content_type not in rules.TYPES:
        raise UnsupportedMedia
    content = await request.body()
    digest = await operations.keep(content, expected_sha256=declared_digest(request))
    return digest, content, content_type


async def given_out(row: DocumentRow) -> Response[bytes]:
    """A clean document's content, as an attachment, never rendered in place."""
    digest, content_type = row.served
    return Response(
        await store.read(digest),
        media_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{row.id}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "no-store",
        },
    )
