"""The person's electronic store over HTTP (kho dữ liệu điện tử cá nhân)."""

import uuid
from datetime import datetime
from typing import Any, Final

from litestar import Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.businesses import queries as businesses
from app.businesses.api import TAX_CODE_REFUSALS, OfBusiness, business_acted_for
from app.businesses.errors import BusinessNotFound
from app.core.clock import local_date
from app.core.tax_codes import business_id
from app.documents import coding, queries, readers, removing
from app.documents.errors import DocumentInUse, DocumentNotClean, DocumentNotFound
from app.documents.paging import Position
from app.documents.queries import DocumentRow
from app.documents.transfer import given_out
from app.documents.views import DocumentDetail, DocumentList, DocumentReads, DocumentReadView, DocumentView
from app.http.access import open_to
from app.http.lists import Cursor, CursorNotValid, Limit, answer, cursor_of, position_of
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag


async def _own(document_id: uuid.UUID, principal: Principal, now: datetime) -> DocumentRow:
    """The person's own, or a business's they act for today."""
    row = await queries.by_id(document_id)
    if row.owner_id != principal.id and row.owner_id not in await businesses.owners_acted_for(
        principal.id, on=local_date(now)
    ):
        raise DocumentNotFound
    return row


@get(
    "/v1/documents",
    operation_id="listDocuments",
    summary="My documents, the newest first",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(CursorNotValid, BusinessNotFound, *TAX_CODE_REFUSALS),
)
async def list_documents(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    *,
    limit: Limit = 20,
    cursor: Cursor = None,
    tax_code: OfBusiness = None,
) -> Response[DocumentList]:
    """Results, papers couriers and officers digitised, and what I put in, that in whatever state it is.

    With `tax_code` those of a business I act for instead of my own.
    """
    owner_id = principal.id
    if tax_code is not None:
        owner_id = business_id(await business_acted_for(tax_code, principal=principal, now=now))
    rows = await queries.of_owner(owner_id, after=position_of(cursor, Position), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursor_of(Position.of(last.created_at, last.id)) if last else None
    content = DocumentList([DocumentView.of(row) for row in rows[:limit]], following)
    return answer(request, content, next_cursor=following)


@get(
    "/v1/documents/{document_id:uuid}",
    operation_id="getDocument",
    summary="A document of mine",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DocumentNotFound),
)
async def get_document(
    document_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[DocumentDetail]:
    """Its state tells whether it was inspected, and why it was rejected."""
    row = await _own(document_id, principal, now)
    detail = DocumentDetail.with_all(
        row, await coding.of_document(row.id), await queries.signatures_of(row.id)
    )
    return Response(detail, headers={"ETag": etag(row.version), "Cache-Control": "no-store"})


@get(
    "/v1/documents/{document_id:uuid}/content",
    operation_id="readDocument",
    summary="The file itself",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DocumentNotFound, DocumentNotClean),
)
async def read_document(
    document_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[bytes]:
    """As an attachment, never rendered in place."""
    row = await _own(document_id, principal, now)
    if row.state != "clean":
        raise DocumentNotClean(state=row.state)
    return await given_out(row)


@get(
    "/v1/documents/{document_id:uuid}/reads",
    operation_id="listDocumentReads",
    summary="Who else read it, when and why; the latest first",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DocumentNotFound, CursorNotValid),
)
async def list_reads(
    request: MotcuaRequest,
    document_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    *,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DocumentReads]:
    """Every reading by somebody other than the owner, also those from before the document was theirs."""
    row = await _own(document_id, principal, now)
    found = await readers.of_document(row.id, after=position_of(cursor, Position), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursor_of(Position.of(last.at, last.id)) if last else None
    content = DocumentReads([DocumentReadView.of(each) for each in found[:limit]], following)
    return answer(request, content, next_cursor=following)


@delete(
    "/v1/documents/{document_id:uuid}",
    operation_id="removeDocument",
    summary="Take a document out of my store",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DocumentNotFound, DocumentInUse),
)
async def remove_document(
    document_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What I put in myself. Papers and results of dossiers are kept as archives law demands."""
    await removing.remove_own(document_id=document_id, owner_id=principal.id, now=now)


_handlers: list[Any] = [list_documents, get_document, read_document, list_reads, remove_document]
own_documents_router: Final = Router(path="/", route_handlers=_handlers)
