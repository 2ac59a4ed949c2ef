"""A financial duty comes first (nghĩa vụ tài chính), and then it is fulfilled."""

from datetime import datetime

from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.events import DossierPaymentDue, DossierPaymentReceived
from app.dossiers.moving import (
    Officer,
    Reason,
    begin_pause,
    carry_out,
    end_pause,
    locked,
    open_pause,
    passage_of,
)
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move


@operation
async def demand_payment(
    *,
    number: str,
    by: Officer,
    reason: Reason,
    stops_clock: bool,
    expected_version: int,
    now: datetime,
) -> DossierFile:
    """Say what is to be paid first. Whether the clock stands still meanwhile is the deployment's choice,
    kept with the pause: changing it later moves no promise that was given.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    target = passage_of(dossier, Move.DEMAND_PAYMENT, by=by, reason=reason).target
    await begin_pause(dossier, target, stops_clock=stops_clock, now=now)
    await carry_out(dossier, Move.DEMAND_PAYMENT, target, tells=DossierPaymentDue, reason=reason, now=now)
    return await queries.by_number(number)


@operation
async def note_payment(*, number: str, by: Officer, expected_version: int, now: datetime) -> DossierFile:
    """The duty is fulfilled: work goes on, its promised moment moved by the pause where that counts."""
    dossier = await locked(number, by=by, expected_version=expected_version)
    target = passage_of(dossier, Move.NOTE_PAYMENT, by=by).target
    due_at = await end_pause(dossier, await open_pause(dossier), now=now)
    await carry_out(
        dossier,
        Move.NOTE_PAYMENT,
        target,
        tells=DossierPaymentReceived,
        changes={"due_at": due_at},
        facts={"previous_due_at": dossier.due_at},
        now=now,
    )
    return await queries.by_number(number)
