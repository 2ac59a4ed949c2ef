"""What we remember of a dossier at the portal. One short transaction each; none spans a call."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.later import Later
from app.core.operation import operation
from app.dossiers.exchange import Exchanged

# Longer than a piece of work may run (jobs.drainer), so that a lease only ends with its worker.
LEASE: Final = timedelta(seconds=45)
ASK_AGAIN: Final = timedelta(seconds=3)

TAKE: Final = """
INSERT INTO portal_dossier AS p (dossier_id, number, held_by, held_until)
VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
ON CONFLICT (dossier_id) DO UPDATE SET held_by = EXCLUDED.held_by, held_until = EXCLUDED.held_until
 WHERE p.held_until IS NULL OR p.held_until < clock_timestamp()
RETURNING told_steps, record_mac, tries, refusals
"""


class LeaseLost(Exception):
    """Another tells this dossier by now."""


class Held(NamedTuple):
    """A dossier only we tell the portal of, and what it was told before."""

    dossier: Exchanged
    token: uuid.UUID
    told_steps: int
    record_mac: bytes | None
    tries: int
    refusals: int


class ConflictRow(NamedTuple):
    """One disagreement, as an operator reads it."""

    number: str
    kind: str
    ours: int
    theirs: int | None
    error_code: str
    seen_at: datetime


@contextlib.asynccontextmanager
async def held(dossier: Exchanged) -> AsyncIterator[Held]:
    """Nobody else tells the portal of it meanwhile. Raises `Later` when somebody does."""
    mine = await _take(dossier)
    if mine is None:
        raise Later(ASK_AGAIN)
    try:
        yield mine
    finally:
        await _give_back(mine)


@operation
async def _take(dossier: Exchanged) -> Held | None:
    token = new_id()
    row = await in_transaction().fetchrow(TAKE, dossier.id, dossier.number, token, LEASE)
    return None if row is None else Held(dossier, token, *row)


@operation
async def _give_back(mine: Held) -> None:
    await in_transaction().execute(
        "UPDATE portal_dossier SET held_by = NULL, held_until = NULL"
        " WHERE dossier_id = $1 AND held_by = $2",
        mine.dossier.id,
        mine.token,
    )


@operation
async def note_told(mine: Held, *, steps: int, now: datetime) -> None:
    """The portal has the first `steps` of the timeline. Raises `LeaseLost`."""
    tag = await in_transaction().execute(
        "UPDATE portal_dossier SET told_steps = $3, tries = 0, refusals = 0"
        " WHERE dossier_id = $1 AND held_by = $2",
        mine.dossier.id,
        mine.token,
        steps,
    )
    if tag != "UPDATE 1":
        raise LeaseLost
    await in_transaction().executemany(
        "INSERT INTO portal_step (dossier_id, step, status, happened_at, told_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [
            (mine.dossier.id, number, step.status.value, step.at, now)
            for number, step in enumerate(mine.dossier.steps[:steps], 1)
        ],
    )


@operation
async def note_record(mine: Held, mac: bytes) -> None:
    """The portal has this record."""
    await in_transaction().execute(
        "UPDATE portal_dossier SET record_mac = $3, tries = 0, refusals = 0"
        " WHERE dossier_id = $1 AND held_by = $2",
        mine.dossier.id,
        mine.token,
        mac,
    )


@operation
async def note_failed(mine: Held, *, refused: bool) -> None:
    """One more try in vain since the last success."""
    await in_transaction().execute(
        "UPDATE portal_dossier SET tries = tries + 1, refusals = refusals + $3"
        " WHERE dossier_id = $1 AND held_by = $2",
        mine.dossier.id,
        mine.token,
        int(refused),
    )


@operation
async def open_conflict(
    dossier: Exchanged, *, kind: str, theirs: int | None, error_code: str = "", now: datetime
) -> None:
    """Say it once, however often it is seen."""
    tag = await in_transaction().execute(
        "INSERT INTO portal_conflict (id, dossier_id, number, kind, ours, theirs, error_code, seen_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8)"
        " ON CONFLICT (dossier_id, kind) WHERE closed_at IS NULL DO NOTHING",
        new_id(),
        dossier.id,
        dossier.number,
        kind,
        dossier.statuses[-1],
        theirs,
        error_code,
        now,
    )
    if tag == "INSERT 0 1":
        await journal.write(
            "portal.conflict_seen",
            object_kind="dossier",
            object_id=dossier.id,
            at=now,
            detail={"kind": kind, "ours": dossier.statuses[-1], "theirs": theirs, "error_code": error_code},
        )


@operation
async def close_conflicts(dossier_id: uuid.UUID, *, because: str, now: datetime) -> None:
    tag = await in_transaction().execute(
        "UPDATE portal_conflict SET closed_at = $2, closed_because = $3"
        " WHERE dossier_id = $1 AND closed_at IS NULL",
        dossier_id,
        now,
        because,
    )
    if tag != "UPDATE 0":
        await journal.write(
            "portal.conflict_closed",
            object_kind="dossier",
            object_id=dossier_id,
            at=now,
            detail={"because": because},
        )


async def open_conflicts(*, limit: int = 1_000) -> Sequence[ConflictRow]:
    """Oldest first."""
    names = ", ".join(ConflictRow._fields)
    rows = await fetch(
        f"SELECT {names} FROM portal_conflict WHERE closed_at IS NULL ORDER BY seen_at, id LIMIT $1", limit
    )
    return [ConflictRow(*row) for row in rows]
