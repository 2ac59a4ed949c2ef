"""Take a move back (đính chính): a centre leader answers for it, with a reason."""

from datetime import datetime

from app.core.database import in_transaction
from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.events import DossierCorrected
from app.dossiers.moving import Officer, Reason, carry_out, locked, passage_of
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move


@operation
async def correct(
    *, number: str, by: Officer, reason: Reason, expected_version: int, now: datetime
) -> DossierFile:
    """Recall a result that is ready and not yet returned: it is being worked on again.

    The promised moment stays; the result that was is no longer its owner's to read.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    target = passage_of(dossier, Move.CORRECT, by=by, reason=reason).target
    await in_transaction().execute(
        "UPDATE document SET owner_id = NULL WHERE id = $1", dossier.result_document_id
    )
    await carry_out(
        dossier,
        Move.CORRECT,
        target,
        tells=DossierCorrected,
        reason=reason,
        changes={"completed_at": None, "ended_at": None, "result_document_id": None},
        facts={"from_status": dossier.status},
        now=now,
    )
    return await queries.by_number(number)
