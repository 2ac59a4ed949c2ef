"""Return a result at the counter (trả kết quả)."""

import uuid
from datetime import datetime

from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.moving import Officer, locked, passage_of
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move
from app.dossiers.steps import mark_returned


@operation
async def return_at_counter(
    *, number: str, centre_id: uuid.UUID, expected_version: int, now: datetime
) -> DossierFile:
    """The owner took the result at the counter; at home, the courier's delivery does the same."""
    by = Officer(centre_id, is_leader=False)
    dossier = await locked(number, by=by, expected_version=expected_version)
    passage_of(dossier, Move.RETURN, by=by)
    await mark_returned(number, how="counter", now=now)
    return await queries.by_number(number)
