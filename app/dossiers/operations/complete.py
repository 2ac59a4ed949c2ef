"""Complete a dossier: its result is decided, digitised and waiting (status 9)."""

import uuid
from datetime import datetime

from app.core.operation import operation
from app.documents import queries as documents
from app.documents.steps import give_document
from app.dossiers import queries
from app.dossiers.errors import ResultNotDigitised
from app.dossiers.events import DossierCompleted
from app.dossiers.moving import Officer, carry_out, locked, passage_of
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move, Status
from app.dossiers.steps import note_status


@operation
async def complete(
    *,
    number: str,
    centre_id: uuid.UUID,
    result_document_id: uuid.UUID | None,
    expected_version: int,
    now: datetime,
) -> DossierFile:
    """Close the dossier with its result. One that was only accepted is recorded as processed first:
    both statuses are owed to the national portal.
    """
    by = Officer(centre_id, is_leader=False)
    dossier = await locked(number, by=by, expected_version=expected_version)
    if dossier.status == Status.ACCEPTED:
        started = passage_of(dossier, Move.START, by=by).target
        await note_status(dossier.id, started, at=now)
        dossier = dossier._replace(status=started.value)
    target = passage_of(dossier, Move.COMPLETE, by=by).target
    await _require_result(result_document_id, number=number, centre_id=centre_id)
    assert result_document_id is not None
    await give_document(result_document_id, owner_id=dossier.citizen_id, at=now)
    await carry_out(
        dossier,
        Move.COMPLETE,
        target,
        tells=DossierCompleted,
        changes={"completed_at": now, "ended_at": now, "result_document_id": result_document_id},
        now=now,
    )
    return await queries.by_number(number)


async def _require_result(document_id: uuid.UUID | None, *, number: str, centre_id: uuid.UUID) -> None:
    """Decree 107/2021/NĐ-CP: the result is digitised before the dossier counts as done."""
    if document_id is None:
        raise ResultNotDigitised
    document = await documents.clean_at_centre(document_id, centre_id=centre_id)
    if document.kind != "result" or document.dossier_number not in (None, number):
        raise ResultNotDigitised
