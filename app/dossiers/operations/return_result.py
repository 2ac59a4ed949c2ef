"""Return a result at the counter (trả kết quả)."""

import uuid
from datetime import datetime

from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.errors import StaleDossier
from app.dossiers.queries import DossierFile
from app.dossiers.steps import mark_returned


@operation
async def return_at_counter(
    *, number: str, centre_id: uuid.UUID, expected_version: int, now: datetime
) -> DossierFile:
    """The owner took the result at the counter; at home, the courier's delivery does the same."""
    dossier = (await queries.at_centre(number, centre_id=centre_id)).dossier
    if dossier.version != expected_version:
        raise StaleDossier
    await mark_returned(number, how="counter", now=now)
    return await queries.by_number(number)
