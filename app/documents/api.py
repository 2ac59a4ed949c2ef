"""Documents over HTTP, for officers: they scan, code and sign."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from app.documents import coding, operations, queries, rules
from app.documents.coding import Coding
from app.documents.errors import (
    CodingNotValid,
    DigestMismatch,
    DocumentChanged,
    DocumentNotClean,
    DocumentNotFound,
    DocumentNotSignable,
    EmptyDocument,
    SigningKeyMissing,
    SigningKeyNotValid,
    StaleDocument,
    TooManyDocuments,
)
from app.documents.queries import DocumentRow
from app.documents.transfer import THE_BODY, ComponentPlace, given_out, received
from app.documents.views import DocumentDetail, DocumentView
from app.http.access import open_to
from app.http.body import UnsupportedMedia
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)

DossierNumber = Annotated[str | None, QueryParameter(max_length=40, description="Whose paper.")]
Kind = Annotated[Literal["component", "result"], QueryParameter(description="What it is.")]
Words = Annotated[str, msgspec.Meta(max_length=200)]


class CodingRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What the paper is. `code` is that of the paper or result, e.g. `KQ.G15.000031`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    code: Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9.\-]*$")] = ""
    number: Annotated[str, msgspec.Meta(max_length=60)] = ""
    issuer: Words = ""
    scope: Words = ""
    issued_on: date | None = None
    valid_until: date | None = None
    is_permanent: bool = False


class SignatureRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the officer signs: written into the signature, where everybody reads it."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


async def _at_centre(document_id: uuid.UUID, principal: Principal) -> DocumentRow:
    row = await queries.by_id(document_id)
    if row.centre_id != principal.centre:
        raise DocumentNotFound
    return row


async def _detail(row: DocumentRow) -> DocumentDetail:
    return DocumentDetail.with_all(
        row, await coding.of_document(row.id), await queries.signatures_of(row.id)
    )


@post(
    "/v1/staff/documents",
    operation_id="uploadDocument",
    summary="Scan a paper or a result",
    description=THE_BODY,
    tags=["staff"],
    opt=open_to(*OFFICERS),
    request_max_body_size=rules.MAX_BYTES,
    responses=problems(EmptyDocument, DigestMismatch, UnsupportedMedia, TooManyDocuments),
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
) -> Response[DocumentDetail]:
    """Its state tells whether it was inspected."""
    row = await _at_centre(document_id, principal)
    return Response(await _detail(row), headers={"ETag": etag(row.version)})


@get(
    "/v1/staff/documents/{document_id:uuid}/content",
    operation_id="readDocumentAtCentre",
    summary="The file itself; its owner will see that it was read",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DocumentNotFound, DocumentNotClean),
)
async def read_at_centre(
    document_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """The reading is noted before anything is given out."""
    row = await queries.clean_at_centre(document_id, centre_id=principal.centre)
    await operations.note_read(document_id=row.id, now=now)
    return await given_out(row)


@put(
    "/v1/staff/documents/{document_id:uuid}/coding",
    operation_id="codeDocument",
    summary="Say what the paper is",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DocumentNotFound, CodingNotValid, StaleDocument),
)
async def code_document(
    document_id: FromPath[uuid.UUID],
    data: JSONBody[CodingRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
) -> Response[DocumentDetail]:
    """Replaces what was said before; the content stays as it is."""
    row = await coding.put(
        document_id=document_id,
        centre_id=principal.centre,
        officer_id=principal.id,
        coding=Coding(**msgspec.structs.asdict(data)),
        expected_version=expected_version,
        now=now,
    )
    return Response(await _detail(row), headers={"ETag": etag(row.version)})


@post(
    "/v1/staff/documents/{document_id:uuid}/sign",
    operation_id="signDocument",
    summary="Sign a document with the officer's own key",
    description="A PAdES signature is added; a picture is put on a page of a PDF first. The same officer"
    " again changes nothing.",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(
        DocumentNotFound,
        DocumentNotClean,
        DocumentNotSignable,
        DocumentChanged,
        SigningKeyMissing,
        SigningKeyNotValid,
    ),
)
async def sign_document(
    document_id: FromPath[uuid.UUID],
    data: JSONBody[SignatureRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DocumentDetail]:
    """Signed outside any transaction, then named in one."""

    async def work() -> DocumentDetail:
        row, made = await operations.sign(
            document_id=document_id,
            centre_id=principal.centre,
            officer_id=principal.id,
            reason=data.reason,
        )
        return await _detail(
            await operations.note_signature(row=row, made=made, officer_id=principal.id, now=now)
        )

    return await once.alone(_as_it_is, work)


def _as_it_is(view: DocumentDetail) -> DocumentDetail:
    return view


_handlers: list[Any] = [
    upload_document,
    get_at_centre,
    read_at_centre,
    code_document,
    sign_document,
]
documents_router: Final = Router(path="/", route_handlers=_handlers)
