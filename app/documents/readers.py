"""Who else read a document, for its owner (nhật ký truy cập)."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core.database import fetch
from app.documents.paging import Position


class ReadRow(NamedTuple):
    """One reading; `name` and the centre's are those of today, None where the reader is no officer."""

    id: uuid.UUID
    at: datetime
    purpose: str
    dossier_number: str | None
    reader_kind: str
    name: str | None
    centre_name_vi: str | None
    centre_name_en: str | None


READS: Final = """
SELECT r.id, r.at, r.purpose, r.dossier_number, r.reader_kind, o.name, c.name_vi, c.name_en
  FROM document_read r
  LEFT JOIN officer o ON r.reader_kind = 'officer' AND o.id::text = r.reader_id
  LEFT JOIN centre c ON c.id = o.centre_id
 WHERE r.document_id = $1 AND ($2::timestamptz IS NULL OR (r.at, r.id) < ($2, $3))
 ORDER BY r.at DESC, r.id DESC LIMIT $4
"""


async def of_document(document_id: uuid.UUID, *, after: Position | None, limit: int) -> Sequence[ReadRow]:
    """The latest first."""
    rows = await fetch(READS, document_id, after.at if after else None, after.id if after else None, limit)
    return [ReadRow(*row) for row in rows]
