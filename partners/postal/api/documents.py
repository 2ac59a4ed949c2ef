"""Scans from the door, whole or in parts (draft-ietf-httpbis-resumable-upload).

`POST` with the file is one upload. `POST` with `Upload-Complete: ?0` begins one in parts, with the first
part or none; its `Location` takes the rest by `PATCH` with `Upload-Offset`, and says by `HEAD` how far
it is. A connection that is cut leaves what had arrived.
"""

import uuid
from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, delete, get, head, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, QueryParameter

from app.documents import operations, rules, uploads
from app.documents.errors import (
    DigestMismatch,
    EmptyDocument,
    UploadHeaderNotValid,
    UploadNotFound,
    UploadOffsetMismatch,
    UploadTooLarge,
)
from app.documents.queries import DocumentRow
from app.documents.transfer import ComponentPlace, declared_digest, received, same_digest
from app.documents.uploads import Upload
from app.documents.views import DocumentView
from app.home_service import queries as home_service
from app.home_service.errors import HomeVisitNotFound
from app.home_service.queries import HomeVisitRow
from app.http.access import open_to
from app.http.body import UnsupportedMedia
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.rounds import queries as rounds
from partners.postal import scopes

TaskId = Annotated[uuid.UUID, QueryParameter(description="The home visit the paper belongs to.")]
UPLOADS: Final = "/v1/partner/documents/uploads"
PART: Final = "application/partial-upload"
YES, NO = "?1", "?0"


class UploadView(msgspec.Struct):
    """An upload in parts: `offset` bytes have arrived; `document_id` once it is whole."""

    id: uuid.UUID
    offset: int
    document_id: uuid.UUID | None


@post(
    "/v1/partner/documents",
    operation_id="uploadScan",
    summary="Upload a scan made at the door",
    description="The body is the file itself (PDF, JPEG, PNG or HEIC, at most 10 MB), or with"
    " `Upload-Complete: ?0` its first part, or nothing yet; `Repr-Digest` and `Upload-Length` are"
    " of the whole file.",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    request_max_body_size=rules.MAX_BYTES,
    responses=problems(
        HomeVisitNotFound,
        EmptyDocument,
        DigestMismatch,
        UnsupportedMedia,
        UploadHeaderNotValid,
        UploadTooLarge,
    ),
)
async def upload_scan(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
    task_id: TaskId,
    component: ComponentPlace = None,
) -> Response[DocumentView] | Response[UploadView]:
    """Quarantined until inspected. The same file for the same paper is the same document."""
    visit = await _visit_of(task_id, principal)
    if not _is_complete(request):
        return await _begin(request, visit, principal, component, now)
    digest, content, content_type = await received(request)
    return await once(
        DocumentView.of,
        _document(visit, principal, component, digest, len(content), content_type, now),
        status=201,
    )


async def _begin(
    request: MotcuaRequest,
    visit: HomeVisitRow,
    principal: Principal,
    component: int | None,
    now: datetime,
) -> Response[UploadView]:
    content_type = request.content_type[0]
    if content_type not in rules.TYPES:
        raise UnsupportedMedia
    first, _ = await _arriving(request)
    upload = await uploads.begin(
        partner_id=principal.id,
        home_visit_id=visit.id,
        component=component,
        content_type=content_type,
        sha256=declared_digest(request, "repr-digest"),
        length=_number(request, "upload-length"),
        now=now,
    )
    offset = await uploads.append(upload, first, begins_at=0)
    headers = _told(offset, complete=False) | {
        "Location": f"{UPLOADS}/{upload.id}",
        "Upload-Limit": f"max-size={rules.MAX_BYTES}",
    }
    return Response(UploadView(upload.id, offset, None), status_code=201, headers=headers)


@patch(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="continueScan",
    summary="The next part of a scan",
    description=f"`Content-Type: {PART}`, `Upload-Offset` where it begins, `Upload-Complete: ?1` with"
    " the last. 204 while more is to come; with the last 201 and the document.",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    request_max_body_size=rules.MAX_BYTES,
    status_code=201,
    responses=problems(
        UploadNotFound,
        UploadOffsetMismatch,
        UploadTooLarge,
        UploadHeaderNotValid,
        DigestMismatch,
        EmptyDocument,
        UnsupportedMedia,
    ),
)
async def continue_scan(
    request: MotcuaRequest,
    upload_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[DocumentView] | Response[None]:
    """The same part again changes nothing; one elsewhere is refused, with the place to go on at."""
    upload = await uploads.of_partner(upload_id, principal.id)
    if request.content_type[0] != PART:
        raise UnsupportedMedia
    complete, begins_at = _is_complete(request), _number(request, "upload-offset")
    if begins_at is None:
        raise UploadHeaderNotValid
    part, whole = await _arriving(request)
    if whole and not same_digest(part, declared_digest(request)):
        raise DigestMismatch
    offset = await uploads.append(upload, part, begins_at=begins_at)
    if not (whole and complete):
        return Response(None, status_code=204, headers=_told(offset, complete=False))
    row = await _finish(upload, principal, now)
    return Response(DocumentView.of(row), status_code=201, headers=_told(offset, complete=True))


async def _finish(upload: Upload, principal: Principal, now: datetime) -> DocumentRow:
    """Every step may be done again: after a crash between two of them the last part is sent once more."""
    visit = await _visit_of(upload.home_visit_id, principal)
    content = await uploads.content_of(upload)
    digest = await operations.keep(content, expected_sha256=upload.sha256)
    row = await _document(
        visit, principal, upload.component, digest, len(content), upload.content_type, now
    )
    await uploads.close(upload_id=upload.id, document_id=row.id)
    return row


@head(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="askHowMuchOfAScanArrived",
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    status_code=204,
    include_in_schema=False,
)
async def how_much(upload_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> Response[None]:
    """`Upload-Offset` says where to go on."""
    upload = await uploads.of_partner(upload_id, principal.id)
    offset = await uploads.offset_of(upload.id)
    return Response(None, status_code=204, headers=_told(offset, complete=upload.document_id is not None))


@get(
    UPLOADS + "/{upload_id:uuid}/state",
    operation_id="getScanUpload",
    summary="How much of a scan has arrived",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    responses=problems(UploadNotFound),
)
async def upload_state(upload_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> UploadView:
    """The same as `HEAD` of the upload, for those who like to read JSON."""
    upload = await uploads.of_partner(upload_id, principal.id)
    return UploadView(upload.id, await uploads.offset_of(upload.id), upload.document_id)


@delete(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="giveUpScanUpload",
    summary="Give an upload up",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    responses=problems(UploadNotFound),
)
async def give_up(upload_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> None:
    """What had become a document stays one."""
    upload = await uploads.of_partner(upload_id, principal.id)
    await uploads.forget(upload_id=upload.id)


async def _visit_of(task_id: uuid.UUID, principal: Principal) -> HomeVisitRow:
    """A visit of one of this partner's couriers."""
    visit = await home_service.by_id(task_id)
    courier = await rounds.courier_by_id(visit.courier_id) if visit and visit.courier_id else None
    if visit is None or courier is None or courier.partner_id != principal.id:
        raise HomeVisitNotFound
    return visit


def _document(
    visit: HomeVisitRow,
    principal: Principal,
    component: int | None,
    digest: bytes,
    size_bytes: int,
    content_type: str,
    now: datetime,
) -> Awaitable[DocumentRow]:
    return operations.upload(
        sha256=digest,
        size_bytes=size_bytes,
        content_type=content_type,
        kind="component",
        partner_id=principal.id,
        centre_id=visit.centre_id,
        home_visit_id=visit.id,
        owner_id=visit.citizen_id,
        component=component,
        now=now,
    )


async def _arriving(request: MotcuaRequest) -> tuple[bytes, bool]:
    """What arrives of the body, and whether all of it did: a cut leaves what had come before it."""
    got = bytearray()
    try:
        async for chunk in request.stream():
            got += chunk
    except InternalServerException:  # how the framework says that the client went away
        return bytes(got), False
    announced = request.content_length
    return bytes(got), announced is None or len(got) >= announced


def _is_complete(request: MotcuaRequest) -> bool:
    """A Boolean of structured fields (RFC 9651); without it a request is the whole."""
    said = request.headers.get("upload-complete", YES).strip()
    if said not in {YES, NO}:
        raise UploadHeaderNotValid
    return said == YES


def _number(request: MotcuaRequest, name: str) -> int | None:
    """A header that counts bytes, when it is there."""
    said = request.headers.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise UploadHeaderNotValid
    return int(said)


def _told(offset: int, *, complete: bool) -> dict[str, str]:
    return {
        "Upload-Offset": str(offset),
        "Upload-Complete": YES if complete else NO,
        "Cache-Control": "no-store",
    }


document_handlers: Final[list[Any]] = [
    upload_scan,
    continue_scan,
    how_much,
    upload_state,
    give_up,
]
