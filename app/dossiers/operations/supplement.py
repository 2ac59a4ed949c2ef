"""Papers are missing (yêu cầu bổ sung, form 02), and then they are there."""

from datetime import datetime

from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.errors import SecondSupplement, StatusNotAllowing
from app.dossiers.events import DossierAccepted, DossierSupplemented, DossierSupplementRequested
from app.dossiers.moving import (
    Officer,
    Reason,
    begin_pause,
    carry_out,
    close_pause,
    end_pause,
    locked,
    open_pause,
    passage_of,
    promised,
)
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move, Status


@operation
async def request_supplement(
    *, number: str, by: Officer, reason: Reason, expected_version: int, now: datetime
) -> DossierFile:
    """Ask for what is missing; the clock stands still until it is there.

    A second request counts as late in the national score and stops no clock: it needs a centre leader
    (`SecondSupplement`).
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    target = passage_of(dossier, Move.REQUEST_SUPPLEMENT, by=by, reason=reason).target
    again = dossier.supplement_count > 0
    if again and not by.is_leader:
        raise SecondSupplement
    await begin_pause(dossier, target, stops_clock=not again and dossier.due_at is not None, now=now)
    await carry_out(
        dossier,
        Move.REQUEST_SUPPLEMENT,
        target,
        tells=DossierSupplementRequested,
        reason=reason._replace(counts_as_late=again),
        changes={"supplement_count": dossier.supplement_count + 1},
        facts={"request": dossier.supplement_count + 1, "counts_as_late": again},
        now=now,
    )
    return await queries.by_number(number)


@operation
async def receive_supplement(
    *, number: str, by: Officer, expected_version: int, now: datetime
) -> DossierFile:
    """The supplement is complete: back to where it was, its promised moment moved by the pause.

    What had only been registered is accepted now and promised for the first time.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    pause = await open_pause(dossier)
    if pause is None or dossier.status != Status.SUPPLEMENT:
        raise StatusNotAllowing(state=dossier.status)
    worked_on = pause.from_status == Status.PROCESSING
    move = Move.RESUME if worked_on else Move.ACCEPT
    target = passage_of(dossier, move, by=by).target
    if dossier.due_at is None:
        due_at = await promised(dossier.procedure_code, accepted_at=now)
        await close_pause(dossier, now=now, due_at=due_at)
        await carry_out(
            dossier,
            move,
            target,
            tells=DossierAccepted,
            changes={"due_at": due_at, "accepted_at": now},
            facts={"ticket_id": dossier.ticket_id, "package_id": dossier.package_id},
            now=now,
        )
    else:
        await carry_out(
            dossier,
            move,
            target,
            tells=DossierSupplemented,
            changes={"due_at": await end_pause(dossier, pause, now=now)},
            facts={"previous_due_at": dossier.due_at},
            now=now,
        )
    return await queries.by_number(number)
