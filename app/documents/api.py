"""Documents over HTTP: officers scan, owners read what is theirs."""

import base64
import binascii
import hashlib
import re
import uuid
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.core.clock import local
from app.documents import operations, queries, rules, store
from app.documents.errors import DigestMismatch, DocumentNotFound, EmptyDocument
from app.documents.queries import DocumentRow
from app.http.access import open_to
from app.http.body import UnsupportedMedia
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag

CONTENT_DIGEST: Final = re.compile(r"sha-256=:(?P<value>[A-Za-z0-9+/]{43}=):")
OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)

DossierNumber = Annotated[str | None, QueryParameter(max_length=40, description="Whose paper.")]
ComponentPlace = Annotated[
    int | None, QueryParameter(ge=1, le=50, description="Place in the published list.")
]
Kind = Annotated[Literal["component", "result"], QueryParameter(description="What it is.")]


class ServedView(msgspec.Struct):
    """What a reader of a clean document gets: an image is written anew, and so is a PDF nobody signed."""

    content_type: str
    sha256: str


class DocumentView(msgspec.Struct):
    """A document without its content; `content_type`, `size_bytes` and `sha256` are of what was sent."""

    id: uuid.UUID
    kind: str
    state: str
    rejected_because: str
    content_type: str
    size_bytes: int
    sha256: str
    served: ServedView | None
    dossier: str | None
    component: int | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, row: DocumentRow) -> "DocumentView":
        digest, content_type = row.served
        return cls(
            id=row.id,
            kind=row.kind,
            state=row.state,
            rejected_because=row.rejected_because,
            content_type=row.content_type,
            size_bytes=row.size_bytes,
            sha256=row.sha256.hex(),
            served=ServedView(content_type, digest.hex()) if row.state == "clean" else None,
            dossier=row.dossier_number,
            component=row.component,
            created_at=local(row.created_at),
            version=row.version,
        )


class DocumentList(msgspec.Struct):
    items: list[DocumentView]
    next_cursor: str | None


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


@post(
    "/v1/staff/documents",
    operation_id="uploadDocument",
    summary="Scan a paper or a result",
    description="The body is the file itself (PDF, JPEG, PNG or HEIC, at most 10 MB).",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    request_max_body_size=rules.MAX_BYTES,
    responses=problems(EmptyDocument, DigestMismatch, UnsupportedMedia),
)
async def upload_document(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
    kind: Kind,
    dossier: DossierNumber = None,
    component: ComponentPlace = None,
) -> Response[DocumentView]:
    """Kept and quarantined; inspected a moment later."""
    digest, content, content_type = await received(request)
    return await once(
        DocumentView.of,
        operations.upload(
            sha256=digest,
            size_bytes=len(content),
            content_type=content_type,
            kind=kind,
            centre_id=principal.centre,
            dossier_number=dossier,
            component=component,
            now=now,
        ),
        status=201,
    )


@get(
    "/v1/staff/documents/{document_id:uuid}",
    operation_id="getDocumentAtCentre",
    summary="A document of this centre",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DocumentNotFound),
)
async def get_at_centre(
    document_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
) -> Response[DocumentView]:
    """Its state tells whether it was inspected."""
    row = await queries.by_id(document_id)
    if row.centre_id != principal.centre:
        raise DocumentNotFound
    return Response(DocumentView.of(row), headers={"ETag": etag(row.version)})


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


documents_router: Final = Router(
    path="/",
    route_handlers=[
        upload_document,
        get_at_centre,
        list_documents,
        read_document,
    ],
)
