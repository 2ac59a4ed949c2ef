"""Warn before a promise is broken, and have the apology ready on the day (DOMAIN 3.5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from app.centres import queries as centres
from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.operation import operation
from app.dossiers import due
from app.dossiers.due import PROCESSED_AT, RUNNING, Level
from app.dossiers.events import DossierWarned

AT_ONCE: Final = 200
# Whoever is being moved by somebody is looked at the next time.
WARNED: Final = (
    "INSERT INTO dossier_warning (dossier_id, due_at, level, at)"
    " SELECT id, due_at, $3, $2 FROM ("
    f"SELECT d.id, d.due_at FROM dossier d WHERE {RUNNING} AND d.due_at < $1 AND NOT EXISTS ("
    " SELECT 1 FROM dossier_warning w"
    " WHERE w.dossier_id = d.id AND w.due_at = d.due_at AND w.level = $3)"
    " ORDER BY d.due_at, d.id LIMIT $4 FOR UPDATE OF d SKIP LOCKED) owed"
    " ON CONFLICT DO NOTHING RETURNING dossier_id"
)
DRAFTED: Final = (
    "INSERT INTO dossier_apology_draft (dossier_id, due_at, proposed_due_at, state, created_at)"
    " SELECT id, due_at, $3, 'draft', $2 FROM ("
    f"SELECT d.id, d.due_at FROM dossier d WHERE {RUNNING} AND d.due_at < $1 AND NOT EXISTS ("
    " SELECT 1 FROM dossier_apology_draft a WHERE a.dossier_id = d.id AND a.due_at = d.due_at)"
    " ORDER BY d.due_at, d.id LIMIT $4 FOR UPDATE OF d SKIP LOCKED) owed"
    " ON CONFLICT DO NOTHING RETURNING dossier_id"
)


@operation
async def warn_of_due(*, now: datetime) -> int:
    """Write every warning and draft that is owed by now, at most `AT_ONCE` of each; how many there were.

    A promised moment is warned of once at each level, however often and however late this is called; what
    nobody did for days is caught up. A promise that moved is another promise.
    """
    calendar = await centres.load_working_calendar()
    bounds = due.bounds(now, calendar)
    written = 0
    for level, before in (
        (Level.OFFICER, bounds.officer),
        (Level.LEADER, bounds.leader),
        (Level.OVERDUE, bounds.overdue),
    ):
        rows = await in_transaction().fetch(WARNED, before, now, level.value, AT_ONCE)
        await _tell([row["dossier_id"] for row in rows], level, now=now)
        written += len(rows)
    proposed = calendar.add(now, working_days=due.PROPOSED_WORKING_DAYS)
    drafts = await in_transaction().fetch(DRAFTED, bounds.draft, now, proposed, AT_ONCE)
    for row in drafts:
        await journal.write(
            "dossier.apology_drafted", object_kind="dossier", object_id=row["dossier_id"], at=now
        )
    return written + len(drafts)


async def _tell(dossier_ids: Sequence[Any], level: Level, *, now: datetime) -> None:
    rows = await in_transaction().fetch(
        f"SELECT d.*, {PROCESSED_AT} AS processed_at FROM dossier d WHERE id = ANY($1) ORDER BY id",
        dossier_ids,
    )
    for row in rows:
        await outbox.record(
            DossierWarned(
                occurred_at=now,
                dossier_id=row["id"],
                dossier_number=row["number"],
                centre_id=row["processed_at"],
                procedure_code=row["procedure_code"],
                version=row["version"],
                level=level.value,
                due_at=row["due_at"],
            )
        )
        await journal.write(
            "dossier.warned",
            object_kind="dossier",
            object_id=row["id"],
            at=now,
            detail={"number": row["number"], "level": level.value},
        )
