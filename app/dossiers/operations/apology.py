"""The apology that waits (dự thảo phiếu xin lỗi, form 04): an officer words it, a leader signs it."""

from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.dossiers import due, queries
from app.dossiers.errors import ApologyNotDrafted, NewDateNotValid, ReasonMissing
from app.dossiers.moving import Officer, Reason, locked, passage_of
from app.dossiers.operations.extend import prolong, require_worked
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move


@operation
async def word_apology(
    *, number: str, by: Officer, reason: str, promised_at: datetime, expected_version: int, now: datetime
) -> DossierFile:
    """Write why it is late and when it will be done; nobody is told, nothing promised before a signature.

    Raises `ApologyNotDrafted` before the day of the promise, `ReasonMissing`, and `NewDateNotValid` for a
    moment that is not later, or not worked.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    passage_of(dossier, Move.EXTEND, by=by, reason=Reason(reason))
    if await due.apology_draft(dossier.id) is None or dossier.due_at is None:
        raise ApologyNotDrafted
    if promised_at <= max(dossier.due_at, now):
        raise NewDateNotValid
    await require_worked(promised_at)
    await in_transaction().execute(
        "UPDATE dossier_apology_draft SET reason = $3, proposed_due_at = $4"
        " WHERE dossier_id = $1 AND due_at = $2 AND state = 'draft'",
        dossier.id,
        dossier.due_at,
        reason.strip(),
        promised_at,
    )
    # Whoever signs has seen these words, and not those before them.
    await in_transaction().execute("UPDATE dossier SET version = version + 1 WHERE id = $1", dossier.id)
    await journal.write(
        "dossier.apology_worded",
        object_kind="dossier",
        object_id=dossier.id,
        at=now,
        detail={"number": number},
    )
    return await queries.by_number(number)


@operation
async def sign_apology(*, number: str, by: Officer, expected_version: int, now: datetime) -> DossierFile:
    """The leader signs what was worded: the new moment is promised and the applicant told.

    Raises `ApologyNotDrafted`, and `ReasonMissing` while nobody has said why.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    draft = await due.apology_draft(dossier.id)
    if draft is None or draft.due_at is None:
        raise ApologyNotDrafted
    if not draft.reason:
        raise ReasonMissing
    await prolong(dossier, by=by, reason=Reason(draft.reason), promised_at=draft.due_at, now=now)
    return await queries.by_number(number)
