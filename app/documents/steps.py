"""What a dossier does with documents, within its own operation."""

import uuid
from collections.abc import Collection
from datetime import datetime

from app.core.database import in_transaction
from app.documents.errors import DocumentNotFound


async def name_documents(
    document_ids: Collection[uuid.UUID], *, owner_id: uuid.UUID | None, at: datetime
) -> None:
    """They are papers of a dossier from now on, and in its person's store unless they are in somebody's.

    Raises `DocumentNotFound` where one was removed meanwhile; nobody removes what is named.
    """
    found = await in_transaction().fetch(
        "UPDATE document SET owner_id = coalesce(owner_id, $2), named_at = coalesce(named_at, $3)"
        " WHERE id = ANY($1::uuid[]) RETURNING id",
        sorted(document_ids),
        owner_id,
        at,
    )
    if len(found) < len(document_ids):
        raise DocumentNotFound


async def give_document(document_id: uuid.UUID, *, owner_id: uuid.UUID | None, at: datetime) -> None:
    """It is the result of a dossier, and its owner's to read; raises `DocumentNotFound`."""
    tag = await in_transaction().execute(
        "UPDATE document SET owner_id = $2, named_at = coalesce(named_at, $3) WHERE id = $1",
        document_id,
        owner_id,
        at,
    )
    if tag != "UPDATE 1":
        raise DocumentNotFound
