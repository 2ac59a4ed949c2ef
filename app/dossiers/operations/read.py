"""Read a file of a dossier: a paper that was handed in, or its result."""

import uuid
from datetime import datetime

from app.core.database import fetch_value
from app.core.operation import operation
from app.documents import queries as documents
from app.documents import reading
from app.documents.errors import DocumentNotClean, DocumentNotFound
from app.documents.queries import DocumentRow
from app.documents.reading import Purpose
from app.dossiers import queries


@operation
async def read_document(
    *, number: str, document_id: uuid.UUID, centre_id: uuid.UUID, now: datetime
) -> DocumentRow:
    """The document, and the note that it was read. Where two centres share a dossier, both read its files.

    Raises `DossierNotFound`, `DocumentNotFound` for what is not of this dossier, `DocumentNotClean`.
    """
    dossier = (await queries.at_centre(number, centre_id=centre_id)).dossier
    attached = document_id == dossier.result_document_id or await fetch_value(
        "SELECT true FROM dossier_component WHERE dossier_id = $1 AND document_id = $2 LIMIT 1",
        dossier.id,
        document_id,
    )
    if not attached:
        raise DocumentNotFound
    document = await documents.by_id(document_id)
    if document.state != "clean":
        raise DocumentNotClean(state=document.state)
    await reading.note_read(document_id, purpose=Purpose.READ, dossier_number=number, at=now)
    return document
