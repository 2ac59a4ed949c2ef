"""Documents nothing refers to are removed (lưu trữ có thời hạn); `rules` says after how long, and why."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.documents import contents, rules
from app.documents.errors import DocumentInUse, DocumentNotFound

# A moment for each kind of document that no dossier names: rejected, waiting, a person's own, a scan. What
# was scanned for a visit or a dossier stays with it, though it is no paper of it.
EXPIRED: Final = """
SELECT id FROM document
 WHERE state <> 'clean' AND named_at IS NULL AND created_at < CASE state WHEN 'rejected' THEN $1
       ELSE $2::timestamptz END
UNION ALL
SELECT id FROM document
 WHERE state = 'clean' AND named_at IS NULL AND dossier_number IS NULL AND home_visit_id IS NULL
   AND created_at < CASE kind WHEN 'own' THEN $3 ELSE $4::timestamptz END
 ORDER BY id LIMIT $5
"""


@operation
async def remove_own(*, document_id: uuid.UUID, owner_id: uuid.UUID, now: datetime) -> None:
    """A person takes out what they put in. Raises `DocumentNotFound`, `DocumentInUse`."""
    row = await in_transaction().fetchrow(
        "SELECT kind, named_at FROM document WHERE id = $1 AND owner_id = $2 FOR UPDATE",
        document_id,
        owner_id,
    )
    if row is None:
        raise DocumentNotFound
    if row["kind"] != "own" or row["named_at"] is not None:
        raise DocumentInUse
    await remove([document_id], at=now)


async def expired(*, at_most: int, now: datetime) -> Sequence[uuid.UUID]:
    """Documents past their term; joins the operation that removes them, for it may know who names one."""
    rows = await in_transaction().fetch(
        EXPIRED,
        now - rules.REJECTED_KEPT,
        now - rules.QUARANTINED_KEPT,
        now - rules.OWN_KEPT,
        now - rules.UNNAMED_SCAN_KEPT,
        at_most,
    )
    return [row["id"] for row in rows]


async def remove(document_ids: Sequence[uuid.UUID], *, at: datetime) -> None:
    """Rows go now, contents once nothing names them; the journal keeps who read and signed."""
    connection = in_transaction()
    for table in ("document_read", "document_coding"):
        await connection.execute(f"DELETE FROM {table} WHERE document_id = ANY($1::uuid[])", document_ids)
    signed = await connection.fetch(
        "DELETE FROM document_signature WHERE document_id = ANY($1::uuid[]) RETURNING sha256", document_ids
    )
    removed = await connection.fetch(
        "DELETE FROM document WHERE id = ANY($1::uuid[])"
        " RETURNING id, state, kind, sha256, clean_sha256, signed_sha256",
        document_ids,
    )
    digests = {row["sha256"] for row in signed}
    for row in removed:
        digests |= {row["sha256"], row["clean_sha256"], row["signed_sha256"]} - {None}
        await journal.write(
            "document.removed",
            object_kind="document",
            object_id=row["id"],
            at=at,
            detail={"kind": row["kind"], "state": row["state"]},
        )
    await contents.forget(digests, at=at)
