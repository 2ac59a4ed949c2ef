"""That somebody read a document, as a step of whatever they did with it."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id


async def note_read(document_id: uuid.UUID, *, at: datetime) -> None:
    """Somebody other than the owner read or used it; the owner will see it listed."""
    actor = current_actor.get()
    await in_transaction().execute(
        "INSERT INTO document_read (id, document_id, reader_kind, reader_id, at) VALUES ($1,$2,$3,$4,$5)",
        new_id(),
        document_id,
        actor.kind,
        actor.id,
        at,
    )
    await journal.write("document.read", object_kind="document", object_id=document_id, at=at)
