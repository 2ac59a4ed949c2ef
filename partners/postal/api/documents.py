"""Scans from the door."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.documents import operations, rules
from app.documents.api import ComponentPlace, DocumentView, received
from app.documents.errors import DigestMismatch, EmptyDocument
from app.home_service import queries as home_service
from app.home_service.errors import HomeVisitNotFound
from app.http.access import open_to
from app.http.body import UnsupportedMedia
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.rounds import queries as rounds
from partners.postal import scopes

TaskId = Annotated[uuid.UUID, QueryParameter(description="The home visit the paper belongs to.")]


@post(
    "/v1/partner/documents",
    operation_id="uploadScan",
    summary="Upload a scan made at the door",
    description="The body is the file itself (PDF, JPEG or PNG, at most 10 MB).",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.DOCUMENTS_WRITE),
    request_max_body_size=rules.MAX_BYTES,
    responses=problems(HomeVisitNotFound, EmptyDocument, DigestMismatch, UnsupportedMedia),
)
async def upload_scan(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
    task_id: TaskId,
    component: ComponentPlace = None,
) -> Response[DocumentView]:
    """Quarantined until inspected. The same file for the same paper is the same document."""
    visit = await home_service.by_id(task_id)
    courier = await rounds.courier_by_id(visit.courier_id) if visit and visit.courier_id else None
    if visit is None or courier is None or courier.partner_id != principal.id:
        raise HomeVisitNotFound
    digest, content, content_type = await received(request)
    return await once(
        DocumentView.of,
        operations.upload(
            sha256=digest,
            size_bytes=len(content),
            content_type=content_type,
            kind="component",
            partner_id=principal.id,
            centre_id=visit.centre_id,
            home_visit_id=task_id,
            owner_id=visit.citizen_id,
            component=component,
            now=now,
        ),
        status=201,
    )


document_handlers: Final[list[Any]] = [upload_scan]
