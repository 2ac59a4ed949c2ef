"""How many documents a person or a case may have (`rules`); each joins the operation that adds one."""

import uuid
from typing import Final

from app.core.database import in_transaction
from app.documents import rules
from app.documents.errors import TooManyDocuments

# Files that are arriving count: a part takes as much room as a whole.
IN_STORE: Final = (
    "SELECT (SELECT count(*) FROM document WHERE owner_id = $1 AND kind = 'own')"
    " + CASE WHEN $2 THEN (SELECT count(*) FROM scan_upload WHERE citizen_id = $1 AND document_id IS NULL)"
    " ELSE 0 END"
)


async def require_room_in_store(citizen_id: uuid.UUID, *, arriving: bool = False) -> None:
    """Who adds at the same moment waits, for together they may be too many; raises `TooManyDocuments`."""
    connection = in_transaction()
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 45))", str(citizen_id))
    if await connection.fetchval(IN_STORE, citizen_id, arriving) >= rules.MAX_OWN:
        raise TooManyDocuments(limit=rules.MAX_OWN)


async def require_room_at_visit(home_visit_id: uuid.UUID) -> None:
    """Scans of one home visit that no dossier names yet; raises `TooManyDocuments`."""
    await _require_room("home_visit_id = $1", home_visit_id)


async def require_room_in_dossier(number: str) -> None:
    """Papers scanned for one dossier that are none of it yet; raises `TooManyDocuments`."""
    await _require_room("dossier_number = $1 AND kind = 'component'", number)


async def _require_room(whose: str, case: uuid.UUID | str) -> None:
    connection = in_transaction()
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 45))", str(case))
    # What was refused by inspection is no paper of the case, and is gone after a while.
    count = f"SELECT count(*) FROM document WHERE {whose} AND state <> 'rejected' AND named_at IS NULL"
    if await connection.fetchval(count, case) >= rules.MAX_PER_CASE:
        raise TooManyDocuments(limit=rules.MAX_PER_CASE)
