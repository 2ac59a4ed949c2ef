"""Hearing why somebody did not come (xem xét lý do không đến)."""

import uuid
from datetime import datetime
from typing import NamedTuple

from app.appointments import conduct, steps
from app.appointments.errors import AppointmentNotFound, NotANoShow
from app.appointments.states import State
from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation


class Excuse(NamedTuple):
    """A no-show that does not count, and what the person's standing is with it."""

    appointment_id: uuid.UUID
    reason: str
    excused_at: datetime
    barred_until: datetime | None


@operation
async def excuse_no_show(
    *, appointment_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, reason: str, now: datetime
) -> Excuse:
    """Let a no-show at the officer's own centre not count. Again, the first reason stands.

    Raises `AppointmentNotFound`, also for another centre's, and `NotANoShow`.
    """
    row = await steps.locked(appointment_id)
    if row.centre_id != centre_id:
        raise AppointmentNotFound
    if State(row.state) is not State.MISSED:
        raise NotANoShow(state=row.state)
    written = await in_transaction().fetchval(
        "INSERT INTO no_show_excuse (appointment_id, centre_id, citizen_id, officer_id, reason, at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
        row.id,
        row.centre_id,
        row.citizen_id,
        officer_id,
        reason,
        now,
    )
    if written:
        # It was no visit of that day either: another one may be booked.
        await in_transaction().execute("DELETE FROM appointment_claim WHERE appointment_id = $1", row.id)
        # The reason stays in its row: it may say why somebody was ill.
        await journal.write("no_show.excused", object_kind="appointment", object_id=row.id, at=now)
    found = await in_transaction().fetchrow(
        "SELECT reason, at FROM no_show_excuse WHERE appointment_id = $1", row.id
    )
    return Excuse(
        appointment_id=row.id,
        reason=found["reason"],
        excused_at=found["at"],
        barred_until=await conduct.barred_until(row.citizen_id, now=now),
    )
