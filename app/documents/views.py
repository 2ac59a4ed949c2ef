"""What is shown of documents."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from app.core.clock import local
from app.documents.queries import CodingRow, DocumentRow, SignatureRow
from app.documents.readers import ReadRow


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
        return cls(**_shown(row))


class DocumentList(msgspec.Struct):
    items: list[DocumentView]
    next_cursor: str | None


class ReaderView(msgspec.Struct):
    """Who read: an officer by name and centre of today, others by kind alone."""

    kind: str
    name: str | None
    centre_name_vi: str | None
    centre_name_en: str | None


class DocumentReadView(msgspec.Struct):
    """One reading by somebody else. `purpose`: `read` the file was opened, `reuse` it stands for a paper of
    `dossier`, `signature` an officer signed it.
    """

    id: uuid.UUID
    at: datetime
    purpose: str
    dossier: str | None
    reader: ReaderView

    @classmethod
    def of(cls, row: ReadRow) -> "DocumentReadView":
        reader = ReaderView(row.reader_kind, row.name, row.centre_name_vi, row.centre_name_en)
        return cls(row.id, local(row.at), row.purpose, row.dossier_number, reader)


class DocumentReads(msgspec.Struct):
    items: list[DocumentReadView]
    next_cursor: str | None


class CodingView(msgspec.Struct):
    """What the paper is; `code` is of its kind (`KQ.Gnn.nnnnnn` for a result), `number` its own."""

    name: str
    code: str
    number: str
    issuer: str
    scope: str
    issued_on: date | None
    valid_until: date | None
    is_permanent: bool
    coded_at: datetime

    @classmethod
    def of(cls, row: CodingRow) -> "CodingView":
        facts = row._asdict() | {"coded_at": local(row.coded_at)}
        return cls(**facts)


class SignatureView(msgspec.Struct):
    """Who vouches, by which certificate, for which bytes."""

    signer_id: uuid.UUID
    name: str
    certificate_sha256: str
    sha256: str
    signed_at: datetime

    @classmethod
    def of(cls, row: SignatureRow) -> "SignatureView":
        return cls(
            row.signer_id,
            row.certificate_name,
            row.certificate_sha256.hex(),
            row.sha256.hex(),
            local(row.signed_at),
        )


class DocumentDetail(DocumentView):
    """A document with what it was coded as and who signed it."""

    coding: CodingView | None
    signatures: list[SignatureView]

    @classmethod
    def with_all(
        cls, row: DocumentRow, coding: CodingRow | None, signatures: Sequence[SignatureRow]
    ) -> "DocumentDetail":
        return cls(
            **_shown(row),
            coding=None if coding is None else CodingView.of(coding),
            signatures=[SignatureView.of(each) for each in signatures],
        )


def _shown(row: DocumentRow) -> dict[str, Any]:
    digest, content_type = row.served
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "rejected_because": row.rejected_because,
        "content_type": row.content_type,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256.hex(),
        "served": ServedView(content_type, digest.hex()) if row.state == "clean" else None,
        "dossier": row.dossier_number,
        "component": row.component,
        "created_at": local(row.created_at),
        "version": row.version,
    }
