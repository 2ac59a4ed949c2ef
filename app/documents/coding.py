"""What a paper is, as an officer read it (mã hoá), so that it is used again."""

import uuid
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from app.core import journal
from app.core.database import fetch_row, in_transaction
from app.core.operation import operation
from app.core.text import InvalidText, clean_text
from app.documents.errors import CodingNotValid, DocumentNotFound, StaleDocument
from app.documents.queries import CodingRow, DocumentRow, by_id

LONGEST: Final = 200


class Coding(NamedTuple):
    """`code` is of its kind (`KQ.Gnn.nnnnnn` for a result), `number` its own, `scope` where it holds."""

    name: str
    code: str = ""
    number: str = ""
    issuer: str = ""
    scope: str = ""
    issued_on: date | None = None
    valid_until: date | None = None
    is_permanent: bool = False


@operation
async def put(
    *,
    document_id: uuid.UUID,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    coding: Coding,
    expected_version: int,
    now: datetime,
) -> DocumentRow:
    """Replace what a document of this centre is called. Raises `CodingNotValid`, `StaleDocument`."""
    cleaned = _cleaned(coding)
    row = await by_id(document_id)
    if row.centre_id != centre_id:
        raise DocumentNotFound
    connection = in_transaction()
    tag = await connection.execute(
        "UPDATE document SET version = version + 1 WHERE id = $1 AND version = $2",
        document_id,
        expected_version,
    )
    if tag != "UPDATE 1":
        raise StaleDocument
    await connection.execute("DELETE FROM document_coding WHERE document_id = $1", document_id)
    await connection.execute(
        "INSERT INTO document_coding (document_id, name, code, number, issuer, scope, issued_on,"
        " valid_until, is_permanent, coded_by, coded_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
        document_id,
        *cleaned,
        officer_id,
        now,
    )
    await journal.write(
        "document.coded",
        object_kind="document",
        object_id=document_id,
        at=now,
        detail={"code": cleaned.code},
    )
    return await by_id(document_id)


async def of_document(document_id: uuid.UUID) -> CodingRow | None:
    """What a document was coded as, if it was."""
    row = await fetch_row(
        f"SELECT {', '.join(CodingRow._fields)} FROM document_coding WHERE document_id = $1", document_id
    )
    return None if row is None else CodingRow(*row)


def _cleaned(coding: Coding) -> Coding:
    texts = {name: getattr(coding, name) for name in ("name", "number", "issuer", "scope")}
    try:
        cleaned: dict[str, Any] = {
            name: clean_text(text, max_length=LONGEST) if name == "name" or text.strip() else ""
            for name, text in texts.items()
        }
    except InvalidText:
        raise CodingNotValid from None
    if coding.is_permanent and coding.valid_until is not None:
        raise CodingNotValid
    if coding.issued_on and coding.valid_until and coding.valid_until < coding.issued_on:
        raise CodingNotValid
    return coding._replace(**cleaned)
