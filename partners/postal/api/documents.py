"""Scans from the door, whole or in parts (`app.documents.parts`)."""

import uuid
from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Response, delete, get, head, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

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
from app.documents.transfer import THE_BODY, ComponentPlace, received
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


@post(
    "/v1/partner/documents",
    operation_id="uploadScan",
    summary="Upload a scan made at the door",
    description=THE_BODY + parts.ABOUT_BEGINNING,
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
        TooManyDocuments,
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
    if not parts.is_complete(request):
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
    told = parts.announced(request)
    first, _ = await parts.arriving(request)
    upload = await uploads.begin(
        partner_id=principal.id,
        home_visit_id=visit.id,
        component=component,
        content_type=told.content_type,
        sha256=told.sha256,
        length=told.length,
        now=now,
    )
    return parts.begun(upload, await uploads.append(upload, first, begins_at=0), under=UPLOADS)


@patch(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="continueScan",
    summary="The next part of a scan",
    description=parts.ABOUT_A_PART,
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
        TooManyDocuments,
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
    offset, is_last = await parts.taken(request, upload)
    if not is_last:
        return Response(None, status_code=204, headers=parts.told(offset, complete=False))
    row = await _finish(upload, principal, now)
    return Response(DocumentView.of(row), status_code=201, headers=parts.told(offset, complete=True))


async def _finish(upload: Upload, principal: Principal, now: datetime) -> DocumentRow:
    """Every step may be done again: after a crash between two of them the last part is sent once more."""
    assert upload.home_visit_id is not None
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
    return await parts.how_far(await uploads.of_partner(upload_id, principal.id))


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
    return await parts.state(await uploads.of_partner(upload_id, principal.id))


@delete(
    UPLOADS + "/{upload_id:uuid}",
    operation_id="giveUpScanUpload",
    summary="Give an upload up",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    responses=problems(UploadNotFound),
)
async def give_up(
    upload_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What had become a document stays one."""
    upload = await uploads.of_partner(upload_id, principal.id)
    await uploads.forget(upload_id=upload.id, now=now)


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


document_handlers: Final[list[Any]] = [
    upload_scan,
    continue_scan,
    how_much,
    upload_state,
    give_up,
]
