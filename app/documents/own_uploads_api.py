"""What a person puts into their own store, whole or in parts (`app.documents.parts`)."""

import uuid
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Final

from litestar import Response, Router, delete, get, head, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.documents import operations, parts, rules, uploads
from app.documents.errors import (
    DigestMismatch,
    EmptyDocument,
    TooManyDocuments,
    UploadHeaderNotValid,
    UploadNotFound,
    UploadOffsetMismatch,
    UploadTooLarge,
)
from app.documents.parts import UploadView
from app.documents.queries import DocumentRow
from app.documents.transfer import THE_BODY, received
from app.documents.views import DocumentView
from app.http.access import open_to
from app.http.body import UnsupportedMedia
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest

UPLOADS: Final = "/v1/documents/uploads"


def _document(
    owner_id: uuid.UUID, digest: bytes, size_bytes: int, content_type: str, now: datetime
) -> Awaitable[DocumentRow]:
    return operations.upload(
        sha256=digest,
        size_bytes=size_bytes,
        content_type=content_type,
        kind="own",
        owner_id=owner_id,
        now=now,
    )


@post(
    "/v1/documents",
    operation_id="addDocument",
    summary="Put a document into my store",
    description=THE_BODY
    + parts.ABOUT_BEGINNING
    + f" At most {rules.MAX_OWN} documents; it is served once inspection called it clean.",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    request_max_body_size=rules.MAX_BYTES,
    responses=problems(
        EmptyDocument,
        DigestMismatch,
        UnsupportedMedia,
        UploadHeaderNotValid,
        UploadTooLarge,
        TooManyDocuments,
    ),
)
async def add_document(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DocumentView] | Response[UploadView]:
    """Quarantined until inspected. The same file again is the same document."""
    if not parts.is_complete(request):
        return await _begin(request, principal, now)
    digest, content, content_type = await received(request)
    return await once(
        DocumentView.of,
        _document(principal.id, digest, len(content), content_type, now),
        status=201,
    )


async def _begin(request: MotcuaRequest, principal: Principal, now: datetime) -> Response[UploadView]:
    told = parts.announced(request)
    first, _ = await parts.arriving(request)
    upload = await uploads.begin(
        citizen_id=principal.id,
        content_type=told.content_type,
        sha256=told.sha256,
        length=told.length,
        now=now,
    )
    return parts.begun(upload, await uploads.append(upload, first, begins_at=0), under=UPLOADS)


@patch(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="continueDocument",
    summary="The next part of a document",
    description=parts.ABOUT_A_PART,
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
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
        TooManyDocuments,
    ),
)
async def continue_document(
    request: MotcuaRequest,
    upload_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[DocumentView] | Response[None]:
    """The same part again changes nothing; one elsewhere is refused, with the place to go on at.

    After a crash between two of the steps of the last part it is sent once more, and each is done again.
    """
    upload = await uploads.of_citizen(upload_id, principal.id)
    offset, is_last = await parts.taken(request, upload)
    if not is_last:
        return Response(None, status_code=204, headers=parts.told(offset, complete=False))
    content = await uploads.content_of(upload)
    digest = await operations.keep(content, expected_sha256=upload.sha256)
    row = await _document(principal.id, digest, len(content), upload.content_type, now)
    await uploads.close(upload_id=upload.id, document_id=row.id)
    return Response(DocumentView.of(row), status_code=201, headers=parts.told(offset, complete=True))


@head(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="askHowMuchOfADocumentArrived",
    opt=open_to(Caller.CITIZEN),
    status_code=204,
    include_in_schema=False,
)
async def how_much(upload_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> Response[None]:
    """`Upload-Offset` says where to go on."""
    return await parts.how_far(await uploads.of_citizen(upload_id, principal.id))


@get(
    UPLOADS + "/{upload_id:uuid}/state",
    operation_id="getDocumentUpload",
    summary="How much of a document has arrived",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(UploadNotFound),
)
async def upload_state(upload_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> UploadView:
    """The same as `HEAD` of the upload, for those who like to read JSON."""
    return await parts.state(await uploads.of_citizen(upload_id, principal.id))


@delete(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="giveUpDocumentUpload",
    summary="Give an upload up",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(UploadNotFound),
)
async def give_up(
    upload_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What had become a document stays one."""
    upload = await uploads.of_citizen(upload_id, principal.id)
    await uploads.forget(upload_id=upload.id, now=now)


_handlers: list[Any] = [add_document, continue_document, how_much, upload_state, give_up]
own_uploads_router: Final = Router(path="/", route_handlers=_handlers)
