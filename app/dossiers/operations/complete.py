"""Complete a dossier: its result is decided, digitised and waiting (status 9)."""

import uuid
from datetime import datetime

from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.operation import operation
from app.documents import queries as documents
from app.dossiers import queries
from app.dossiers.errors import ResultNotDigitised, StaleDossier, StatusNotAllowing
from app.dossiers.events import DossierCompleted
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move, Status, after
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
    dossier = (await queries.at_centre(number, centre_id=centre_id)).dossier
    if dossier.version != expected_version:
        raise StaleDossier
    status = Status(dossier.status)
    passed = [status]
    if status is Status.ACCEPTED:
        passed.append(Status.PROCESSING)
    target = after(passed[-1], Move.COMPLETE)
    if target is None:
        raise StatusNotAllowing(status=status.value)
    await _require_result(result_document_id, number=number, centre_id=centre_id)
    tag = await in_transaction().execute(
        "UPDATE dossier SET status = $3, completed_at = $4, result_document_id = $5,"
        " version = version + 1 WHERE id = $1 AND version = $2",
        dossier.id,
        expected_version,
        target.value,
        now,
        result_document_id,
    )
    if tag != "UPDATE 1":
        raise StaleDossier
    await in_transaction().execute(
        "UPDATE document SET owner_id = $2 WHERE id = $1", result_document_id, dossier.citizen_id
    )
    for reached in [*passed[1:], target]:
        await note_status(dossier.id, reached, at=now)
    await outbox.record(
        DossierCompleted(
            occurred_at=now,
            dossier_id=dossier.id,
            dossier_number=number,
            centre_id=centre_id,
            procedure_code=dossier.procedure_code,
            version=expected_version + 1,
        )
    )
    await journal.write(
        "dossier.completed",
        object_kind="dossier",
        object_id=dossier.id,
        at=now,
        detail={"number": number, "result": str(result_document_id)},
    )
    return await queries.by_number(number)


async def _require_result(document_id: uuid.UUID | None, *, number: str, centre_id: uuid.UUID) -> None:
    """Decree 107/2021/NĐ-CP: the result is digitised before the dossier counts as done."""
    if document_id is None:
        raise ResultNotDigitised
    document = await documents.clean_at_centre(document_id, centre_id=centre_id)
    if document.kind != "result" or document.dossier_number not in (None, number):
        raise ResultNotDigitised
