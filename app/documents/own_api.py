"""The person's electronic store over HTTP (kho dữ liệu điện tử cá nhân)."""

import uuid
from typing import Final

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.documents import queries
from app.documents.errors import DocumentNotFound
from app.documents.transfer import given_out
from app.documents.views import DocumentList, DocumentView
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems


@get(
    "/v1/documents",
    operation_id="listDocuments",
    summary="My documents",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
)
async def list_documents(principal: NamedDependency[Principal]) -> DocumentList:
    """The newest hundred of the person's electronic store."""
    rows = await queries.of_owner(principal.id, limit=100)
    return DocumentList(items=[DocumentView.of(row) for row in rows], next_cursor=None)


@get(
    "/v1/documents/{document_id:uuid}/content",
    operation_id="readDocument",
    summary="The file itself",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DocumentNotFound),
)
async def read_document(
    document_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """As an attachment, never rendered in place."""
    row = await queries.by_id(document_id)
    if row.owner_id != principal.id or row.state != "clean":
        raise DocumentNotFound
    return await given_out(row)


own_documents_router: Final = Router(path="/", route_handlers=[list_documents, read_document])
