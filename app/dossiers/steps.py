"""What others may join into their own operation."""

import uuid
from datetime import date, datetime

from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id
from app.dossiers.errors import DossierNotFound, StatusNotAllowing
from app.dossiers.events import DossierReturned
from app.dossiers.states import Move, Status, after


async def next_number(agency: str, day: date) -> int:
    """The next number of an agency's local day. The row stays locked until the operation ends, so a
    rolled-back acceptance gives its number to the next one and the series has no gap.
    """
    return int(
        await in_transaction().fetchval(
            "INSERT INTO dossier_series (agency, local_date, last_no) VALUES ($1, $2, 1)"
            " ON CONFLICT (agency, local_date)"
            " DO UPDATE SET last_no = dossier_series.last_no + 1 RETURNING last_no",
            agency,
            day,
        )
    )


async def note_status(dossier_id: uuid.UUID, status: Status, *, at: datetime) -> None:
    """One line of the dossier's timeline."""
    actor = current_actor.get()
    await in_transaction().execute(
        "INSERT INTO dossier_event (id, dossier_id, status, at, actor_kind, actor_id)"
        " VALUES ($1,$2,$3,$4,$5,$6)",
        new_id(),
        dossier_id,
        status.value,
        at,
        actor.kind,
        actor.id,
    )


async def mark_returned(dossier_number: str, *, how: str, now: datetime) -> None:
    """The result reached its owner (`how` is counter or home). Twice is once."""
    connection = in_transaction()
    row = await connection.fetchrow(
        "SELECT id, number, centre_id, procedure_code, status, version FROM dossier"
        " WHERE number = $1 FOR UPDATE",
        dossier_number,
    )
    if row is None:
        raise DossierNotFound
    status = Status(row["status"])
    if status is Status.RETURNED:
        return
    target = after(status, Move.RETURN)
    if target is None:
        raise StatusNotAllowing(state=status.value)
    await connection.execute(
        "UPDATE dossier SET status = $2, returned_at = $3, version = version + 1 WHERE id = $1",
        row["id"],
        target.value,
        now,
    )
    await note_status(row["id"], target, at=now)
    await outbox.record(
        DossierReturned(
            occurred_at=now,
            dossier_id=row["id"],
            dossier_number=row["number"],
            centre_id=row["centre_id"],
            procedure_code=row["procedure_code"],
            version=row["version"] + 1,
            how=how,
        )
    )
    await journal.write(
        "dossier.returned",
        object_kind="dossier",
        object_id=row["id"],
        at=now,
        detail={"number": row["number"], "how": how},
    )
