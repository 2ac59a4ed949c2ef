"""That somebody read a document, as a step of whatever they did with it."""

import uuid
from datetime import datetime
from enum import StrEnum

from app.core import journal
from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id


class Purpose(StrEnum):
    """Why: the file was opened, it stands for a paper of a dossier, an officer signed it."""

    READ = "read"
    REUSE = "reuse"
    SIGNATURE = "signature"


async def note_read(
    document_id: uuid.UUID, *, purpose: Purpose, dossier_number: str | None = None, at: datetime
) -> None:
    """Somebody other than the owner read or used it; the owner will see it listed."""
    actor = current_actor.get()
    await in_transaction().execute(
        "INSERT INTO document_read (id, document_id, reader_kind, reader_id, at, purpose, dossier_number)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7)",
        new_id(),
        document_id,
        actor.kind,
        actor.id,
        at,
        purpose.value,
        dossier_number,
    )
    await journal.write("document.read", object_kind="document", object_id=document_id, at=at)
