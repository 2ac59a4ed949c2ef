"""Moves that change nothing but the status: receive, start, refuse, withdraw, stop."""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core.operation import operation
from app.dossiers import queries
from app.dossiers.errors import StatusNotAllowing
from app.dossiers.events import (
    DossierAccepted,
    DossierFact,
    DossierRefused,
    DossierStarted,
    DossierStopped,
    DossierWithdrawn,
)
from app.dossiers.moving import Officer, Reason, carry_out, close_pause, locked, passage_of, promised
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move, Status

ENDS: Final = frozenset({Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.STOPPED})
TOLD: Final = MappingProxyType(
    {
        Move.START: DossierStarted,
        Move.REFUSE: DossierRefused,
        Move.WITHDRAW: DossierWithdrawn,
        Move.STOP: DossierStopped,
    }
)


@operation
async def decide(
    *,
    number: str,
    move: Move,
    by: Officer,
    reason: Reason | None,
    expected_version: int,
    now: datetime,
) -> DossierFile:
    """Start processing, refuse (form 03), confirm a withdrawal, or stop (form 05).

    What ends it ends its pause as well; the promised moment stays as it was last promised.
    """
    dossier = await locked(number, by=by, expected_version=expected_version)
    target = passage_of(dossier, move, by=by, reason=reason).target
    ends = target in ENDS
    if ends:
        await close_pause(dossier, now=now, due_at=dossier.due_at)
    tells: type[DossierFact] = TOLD[move]
    await carry_out(
        dossier,
        move,
        target,
        tells=tells,
        reason=reason,
        changes={"ended_at": now} if ends else {},
        now=now,
    )
    return await queries.by_number(number)


@operation
async def receive(*, number: str, by: Officer, expected_version: int, now: datetime) -> DossierFile:
    """Accept what was only registered: its clock starts now, and it is promised for a moment."""
    dossier = await locked(number, by=by, expected_version=expected_version)
    if dossier.status == Status.SUPPLEMENT:
        raise StatusNotAllowing(state=dossier.status)  # A supplement has a door of its own.
    target = passage_of(dossier, Move.ACCEPT, by=by).target
    due_at = await promised(dossier.procedure_code, accepted_at=now)
    await carry_out(
        dossier,
        Move.ACCEPT,
        target,
        tells=DossierAccepted,
        changes={"due_at": due_at, "accepted_at": now},
        facts={"ticket_id": dossier.ticket_id, "package_id": dossier.package_id},
        now=now,
    )
    return await queries.by_number(number)
