"""One move of a dossier, as every operation makes it: lock, look, refuse, write, tell."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from app.centres import queries as centres
from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.working_calendar import CalendarHorizon
from app.dossiers import queries, rules
from app.dossiers.errors import (
    CalendarNotDeclared,
    DossierNotFound,
    LeaderNeeded,
    OtherCentreDecides,
    ReasonMissing,
    StaleDossier,
    StatusNotAllowing,
)
from app.dossiers.events import DossierFact
from app.dossiers.queries import OF_CENTRE, DossierRow, PauseRow
from app.dossiers.states import MOVES, Desk, Move, Passage, Status
from app.dossiers.steps import note_status
from app.procedures import queries as procedures
from app.procedures.errors import ProcedureNotFound

F = TypeVar("F", bound=DossierFact)


class Officer(NamedTuple):
    """Who moves it: an officer acting at a centre, who may be its leader."""

    centre_id: uuid.UUID
    is_leader: bool


class Reason(NamedTuple):
    """What an officer writes about a move; it stands with the decision and nowhere else."""

    text: str
    apology: str | None = None
    counts_as_late: bool = False


async def locked(number: str, *, by: Officer, expected_version: int) -> DossierRow:
    """The dossier, held until the operation ends. `DossierNotFound` elsewhere, `StaleDossier`."""
    row = await in_transaction().fetchrow(
        f"SELECT {queries.COLUMNS} FROM dossier WHERE number = $1 AND {OF_CENTRE} FOR UPDATE",
        number,
        by.centre_id,
    )
    if row is None:
        raise DossierNotFound
    if row["version"] != expected_version:
        raise StaleDossier
    return DossierRow(*row)


def passage_of(dossier: DossierRow, move: Move, *, by: Officer, reason: Reason | None = None) -> Passage:
    """Where the move leads; raises what stands against it, the status first."""
    passage = MOVES.get((Status(dossier.status), move))
    if passage is None:
        raise StatusNotAllowing(state=dossier.status)
    if passage.leader_only and not by.is_leader:
        raise LeaderNeeded
    desks = {Desk.RECEIVING: dossier.centre_id, Desk.COMPETENT: dossier.processed_at}
    if desks.get(passage.desk, by.centre_id) != by.centre_id:
        raise OtherCentreDecides
    if passage.needs_reason and (reason is None or not reason.text.strip()):
        raise ReasonMissing
    return passage


async def carry_out(
    dossier: DossierRow,
    move: Move,
    target: Status,
    *,
    tells: type[DossierFact],
    now: datetime,
    reason: Reason | None = None,
    changes: Mapping[str, object] | None = None,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write the move: row, timeline, decision, fact, journal. `changes` names columns of ours; what else
    the fact says is in `facts`.
    """
    values = {"status": target.value, **(changes or {})}
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    version = await in_transaction().fetchval(
        f"UPDATE dossier SET {places}, version = version + 1 WHERE id = $1 RETURNING version",
        dossier.id,
        *values.values(),
    )
    due_at = values.get("due_at", dossier.due_at)
    if target.value != dossier.status:
        await note_status(dossier.id, target, at=now)
    if reason is not None:
        await _keep_decision(dossier, move, target, reason, due_at=due_at, now=now)
    told = {
        "occurred_at": now,
        "dossier_id": dossier.id,
        "dossier_number": dossier.number,
        "centre_id": dossier.centre_id,
        "procedure_code": dossier.procedure_code,
        "version": version,
        "status": target.value,
        "due_at": due_at,
        **(facts or {}),
    }
    known = {field.name for field in msgspec.structs.fields(tells)}
    await outbox.record(tells(**{name: value for name, value in told.items() if name in known}))
    await journal.write(
        tells.kind,
        object_kind="dossier",
        object_id=dossier.id,
        at=now,
        detail={"number": dossier.number, "from": dossier.status, "to": target.value},
    )


async def _keep_decision(
    dossier: DossierRow, move: Move, target: Status, reason: Reason, *, due_at: object, now: datetime
) -> None:
    await in_transaction().execute(
        "INSERT INTO dossier_decision (id, dossier_id, move, from_status, to_status, reason, apology,"
        " counts_as_late, previous_due_at, due_at, at, actor_id)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
        new_id(),
        dossier.id,
        move.value,
        dossier.status,
        target.value,
        reason.text.strip(),
        reason.apology,
        reason.counts_as_late,
        dossier.due_at,
        due_at,
        now,
        current_actor.get().id,
    )


async def begin_pause(dossier: DossierRow, target: Status, *, stops_clock: bool, now: datetime) -> None:
    """The applicant has the next word; the clock stands still when the pause counts."""
    await in_transaction().execute(
        "INSERT INTO dossier_pause (id, dossier_id, status, from_status, stops_clock, began_at,"
        " previous_due_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
        new_id(),
        dossier.id,
        target.value,
        dossier.status,
        stops_clock,
        now,
        dossier.due_at,
    )


async def open_pause(dossier: DossierRow) -> PauseRow | None:
    """The pause it is in, when it is in one."""
    rows = await in_transaction().fetch(
        f"{queries.PAUSE} WHERE dossier_id = $1 AND ended_at IS NULL", dossier.id
    )
    return PauseRow(*rows[0]) if rows else None


async def end_pause(dossier: DossierRow, pause: PauseRow | None, *, now: datetime) -> datetime | None:
    """Close the pause and give the promised moment after it; both moments are kept."""
    if pause is None:
        return dossier.due_at
    due_at = dossier.due_at
    if due_at is not None and pause.stops_clock:
        try:
            due_at = rules.moved_by_pause(
                due=due_at,
                began=pause.began_at,
                ended=now,
                calendar=await centres.load_working_calendar(),
            )
        except CalendarHorizon as reason:
            raise CalendarNotDeclared(year=reason.year) from reason
    await close_pause(dossier, now=now, due_at=due_at)
    return due_at


async def close_pause(dossier: DossierRow, *, now: datetime, due_at: datetime | None) -> None:
    """Nobody waits for the applicant any more."""
    await in_transaction().execute(
        "UPDATE dossier_pause SET ended_at = $2, due_at = $3 WHERE dossier_id = $1 AND ended_at IS NULL",
        dossier.id,
        now,
        due_at,
    )


async def promised(procedure_code: str, *, accepted_at: datetime) -> datetime:
    """The promised moment by the procedure of that day and the calendar of today."""
    procedure = await procedures.by_code(procedure_code, on=local_date(accepted_at))
    if procedure is None:
        raise ProcedureNotFound
    try:
        return rules.due_at(
            accepted_at=accepted_at,
            value=procedure.processing_value,
            unit=rules.Unit(procedure.processing_unit),
            calendar=await centres.load_working_calendar(),
        )
    except CalendarHorizon as reason:
        raise CalendarNotDeclared(year=reason.year) from reason
