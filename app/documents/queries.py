"""What can be asked about documents."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from app.core.database import fetch, fetch_row
from app.documents.errors import DocumentNotClean, DocumentNotFound
from app.documents.paging import Position


class DocumentRow(NamedTuple):
    """A document without its content.

    `sha256`, `size_bytes` and `content_type` are of what came, `clean_…` of what inspection made of it
    (absent before it, and where an earlier release did it), `signed_…` of the PDF an officer signed last.
    """

    id: uuid.UUID
    centre_id: uuid.UUID | None
    owner_id: uuid.UUID | None
    partner_id: uuid.UUID | None
    kind: str
    dossier_number: str | None
    home_visit_id: uuid.UUID | None
    component: int | None
    sha256: bytes
    size_bytes: int
    content_type: str
    state: str
    rejected_because: str
    clean_sha256: bytes | None
    clean_size_bytes: int | None
    clean_content_type: str | None
    signed_sha256: bytes | None
    signed_size_bytes: int | None
    created_at: datetime
    version: int

    @property
    def served(self) -> tuple[bytes, str]:
        """The SHA-256 and the media type of what a reader gets."""
        if self.signed_sha256 is not None:
            return self.signed_sha256, "application/pdf"
        return self.clean_sha256 or self.sha256, self.clean_content_type or self.content_type


COLUMNS = ", ".join(DocumentRow._fields)


async def by_id(document_id: uuid.UUID) -> DocumentRow:
    row = await fetch_row(f"SELECT {COLUMNS} FROM document WHERE id = $1", document_id)
    if row is None:
        raise DocumentNotFound
    return DocumentRow(*row)


async def clean_at_centre(document_id: uuid.UUID, *, centre_id: uuid.UUID) -> DocumentRow:
    """A document of this centre that may be attached; refuses one not inspected or rejected."""
    row = await by_id(document_id)
    if row.centre_id != centre_id:
        raise DocumentNotFound
    if row.state != "clean":
        raise DocumentNotClean(state=row.state)
    return row


async def of_owner(
    owner_id: uuid.UUID, *, after: Position | None = None, limit: int
) -> Sequence[DocumentRow]:
    """A person's documents, newest first: clean ones, and in whatever state what they put in themselves."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM document WHERE owner_id = $1 AND (state = 'clean' OR kind = 'own')"
        " AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))"
        " ORDER BY created_at DESC, id DESC LIMIT $4",
        owner_id,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [DocumentRow(*row) for row in rows]


async def of_home_visit(home_visit_id: uuid.UUID) -> Sequence[DocumentRow]:
    """Scans a courier uploaded for one visit."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM document WHERE home_visit_id = $1 ORDER BY created_at, id",
        home_visit_id,
    )
    return [DocumentRow(*row) for row in rows]


class SignatureRow(NamedTuple):
    """One officer's signature."""

    signer_id: uuid.UUID
    certificate_sha256: bytes
    certificate_name: str
    sha256: bytes
    signed_at: datetime


async def signatures_of(document_id: uuid.UUID) -> Sequence[SignatureRow]:
    """In the order they were put."""
    rows = await fetch(
        f"SELECT {', '.join(SignatureRow._fields)} FROM document_signature WHERE document_id = $1"
        " ORDER BY signed_at, signer_id",
        document_id,
    )
    return [SignatureRow(*row) for row in rows]


class CodingRow(NamedTuple):
    """What a paper is, as an officer read it."""

    name: str
    code: str
    number: str
    issuer: str
    scope: str
    issued_on: date | None
    valid_until: date | None
    is_permanent: bool
    coded_at: datetime
