"""Uploads in parts over HTTP (draft-ietf-httpbis-resumable-upload): what their headers say, either way.

A `POST` with `Upload-Complete: ?0` begins, with the first part or none; its `Location` takes the rest by
`PATCH` with `Upload-Offset`, and says by `HEAD` how far it is. A connection that is cut leaves what had
arrived.
"""

import uuid
from typing import Final

import msgspec
from litestar import Response
from litestar.exceptions import InternalServerException

from app.documents import rules, uploads
from app.documents.errors import DigestMismatch, UploadHeaderNotValid
from app.documents.transfer import declared_digest, same_digest
from app.documents.uploads import Upload
from app.http.body import UnsupportedMedia
from app.http.requests import MotcuaRequest

PART: Final = "application/partial-upload"
YES, NO = "?1", "?0"
ABOUT_BEGINNING: Final = (
    " With `Upload-Complete: ?0` the body is its first part, or nothing yet; `Repr-Digest` and"
    " `Upload-Length` are of the whole file, and `Location` takes the rest."
)
ABOUT_A_PART: Final = (
    f"`Content-Type: {PART}`, `Upload-Offset` where it begins, `Upload-Complete: ?1` with the last. 204"
    " while more is to come; with the last 201 and the document."
)


class UploadView(msgspec.Struct):
    """An upload in parts: `offset` bytes have arrived; `document_id` once it is whole."""

    id: uuid.UUID
    offset: int
    document_id: uuid.UUID | None


class Announced(msgspec.Struct, frozen=True):
    """What the sender says of the whole file."""

    content_type: str
    sha256: bytes | None
    length: int | None


def announced(request: MotcuaRequest) -> Announced:
    """Raises `UnsupportedMedia`, `UploadHeaderNotValid`, `DigestMismatch`."""
    content_type = request.content_type[0]
    if content_type not in rules.TYPES:
        raise UnsupportedMedia
    return Announced(
        content_type, declared_digest(request, "repr-digest"), number(request, "upload-length")
    )


def begun(upload: Upload, offset: int, *, under: str) -> Response[UploadView]:
    """201 with the address of the rest."""
    headers = told(offset, complete=False) | {
        "Location": f"{under}/{upload.id}",
        "Upload-Limit": f"max-size={rules.MAX_BYTES}",
    }
    return Response(UploadView(upload.id, offset, None), status_code=201, headers=headers)


async def taken(request: MotcuaRequest, upload: Upload) -> tuple[int, bool]:
    """Keep what came of a `PATCH`'s part: where the next begins, and whether this was the last.

    The same part again changes nothing. Raises `UnsupportedMedia`, `UploadHeaderNotValid`,
    `DigestMismatch`, `UploadOffsetMismatch`, `UploadTooLarge`.
    """
    if request.content_type[0] != PART:
        raise UnsupportedMedia
    complete, begins_at = is_complete(request), number(request, "upload-offset")
    if begins_at is None:
        raise UploadHeaderNotValid
    part, whole = await arriving(request)
    if whole and not same_digest(part, declared_digest(request)):
        raise DigestMismatch
    offset = await uploads.append(upload, part, begins_at=begins_at)
    return offset, whole and complete


async def how_far(upload: Upload) -> Response[None]:
    """The answer to `HEAD`."""
    offset = await uploads.offset_of(upload.id)
    return Response(None, status_code=204, headers=told(offset, complete=upload.document_id is not None))


async def state(upload: Upload) -> UploadView:
    return UploadView(upload.id, await uploads.offset_of(upload.id), upload.document_id)


async def arriving(request: MotcuaRequest) -> tuple[bytes, bool]:
    """What arrives of the body, and whether all of it did: a cut leaves what had come before it."""
    got = bytearray()
    try:
        async for chunk in request.stream():
            got += chunk
    except InternalServerException:  # how the framework says that the client went away
        return bytes(got), False
    length = request.content_length
    return bytes(got), length is None or len(got) >= length


def is_complete(request: MotcuaRequest) -> bool:
    """A Boolean of structured fields (RFC 9651); without it a request is the whole."""
    said = request.headers.get("upload-complete", YES).strip()
    if said not in {YES, NO}:
        raise UploadHeaderNotValid
    return said == YES


def number(request: MotcuaRequest, name: str) -> int | None:
    """A header that counts bytes, when it is there."""
    said = request.headers.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise UploadHeaderNotValid
    return int(said)


def told(offset: int, *, complete: bool) -> dict[str, str]:
    return {
        "Upload-Offset": str(offset),
        "Upload-Complete": YES if complete else NO,
        "Cache-Control": "no-store",
    }
