"""Say sorry and promise again (xin lỗi và hẹn lại, form 04)."""

from datetime import datetime

from app.centres import queries as centres
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.working_calendar import CalendarHorizon
from app.dossiers import queries
from app.dossiers.errors import CalendarNotDeclared, NewDateNotValid, SecondExtension
from app.dossiers.events import DossierExtended
from app.dossiers.moving import Officer, Reason, carry_out, locked, passage_of
from app.dossiers.queries import DossierFile, DossierRow
from app.dossiers.states import Move, Status


@operation
async def extend(
    *,
    number: str,
    by: Officer,
    reason: Reason,
    promised_at: datetime,
    expected_version: int,
    now: datetime,
) -> DossierFile:
    """A later promised moment, once; again only by a centre leader, and flagged (`SecondExtension`).

    Raises `NewDateNotValid` for a moment that is not later, or not worked.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    await prolong(dossier, by=by, reason=reason, promised_at=promised_at, now=now)
    return await queries.by_number(number)


async def prolong(
    dossier: DossierRow, *, by: Officer, reason: Reason, promised_at: datetime, now: datetime
) -> None:
    """The same of a dossier that is held; a draft of its apology is sent with these words."""
    target: Status = passage_of(dossier, Move.EXTEND, by=by, reason=reason).target
    if dossier.extension_count and not by.is_leader:
        raise SecondExtension
    if dossier.due_at is None or promised_at <= max(dossier.due_at, now):
        raise NewDateNotValid
    await require_worked(promised_at)
    await in_transaction().execute(
        "UPDATE dossier_apology_draft SET state = 'sent', reason = $3, sent_at = $4, proposed_due_at = $5"
        " WHERE dossier_id = $1 AND due_at = $2 AND state = 'draft'",
        dossier.id,
        dossier.due_at,
        reason.text.strip(),
        now,
        promised_at,
    )
    await carry_out(
        dossier,
        Move.EXTEND,
        target,
        tells=DossierExtended,
        reason=reason,
        changes={"due_at": promised_at, "extension_count": dossier.extension_count + 1},
        facts={"previous_due_at": dossier.due_at, "extension": dossier.extension_count + 1},
        now=now,
    )


async def require_worked(moment: datetime) -> None:
    """Raises `NewDateNotValid` for a moment nobody works at, `CalendarNotDeclared` past the calendar."""
    calendar = await centres.load_working_calendar()
    try:
        if calendar.next_working_moment(moment) != moment:
            raise NewDateNotValid
    except CalendarHorizon as reason:
        raise CalendarNotDeclared(year=reason.year) from reason
