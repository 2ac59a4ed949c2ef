"""What becomes of those a change has left without a place, and what is said of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.appointments import states
from app.appointments.events import AppointmentMoved, AppointmentWithdrawn
from app.appointments.queries import AppointmentRow
from app.appointments.replacing import Reseated
from app.appointments.states import Move, State
from app.core import journal, outbox
from app.core.database import in_transaction

# Beside a cancelled appointment, where nobody gave another one.
REASON: Final = "Trung tâm thay đổi lịch tiếp nhận"


async def withdraw(
    rows: Sequence[AppointmentRow], reason: str, *, now: datetime
) -> Sequence[AppointmentRow]:
    """Cancel appointments that have no place, and say so of each."""
    work = in_transaction()
    ids = [row.id for row in rows]
    found = await work.fetch(
        "UPDATE appointment SET state = $2, hold_expires_at = NULL, cancel_reason = $3,"
        " version = version + 1 WHERE id = ANY($1) AND state = ANY($4) RETURNING id, version",
        ids,
        State.CANCELLED.value,
        reason,
        states.allowing(Move.CANCEL),
    )
    await work.execute("DELETE FROM appointment_claim WHERE appointment_id = ANY($1)", ids)
    versions = {row["id"]: row["version"] for row in found}
    for row in rows:
        await journal.write("appointment.withdrawn", object_kind="appointment", object_id=row.id, at=now)
        await outbox.record(
            AppointmentWithdrawn(
                occurred_at=now,
                appointment_id=row.id,
                centre_id=row.centre_id,
                citizen_id=row.citizen_id,
                starts_at=row.starts_at,
                was_confirmed=row.state == State.CONFIRMED,
                version=versions[row.id],
            )
        )
    return rows


async def tell_moved(moved: Sequence[Reseated], *, now: datetime) -> None:
    for each in moved:
        row = each.after()
        await journal.write(
            "appointment.moved",
            object_kind="appointment",
            object_id=row.id,
            at=now,
            detail={
                "from": {"centre_id": each.row.centre_id, "starts_at": each.row.starts_at},
                "to": {"centre_id": row.centre_id, "starts_at": row.starts_at},
            },
        )
        await outbox.record(
            AppointmentMoved(
                occurred_at=now,
                appointment_id=row.id,
                centre_id=row.centre_id,
                citizen_id=row.citizen_id,
                starts_at=row.starts_at,
                previous_starts_at=each.row.starts_at,
                version=row.version,
            )
        )
