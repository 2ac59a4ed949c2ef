"""What time alone does to appointments. A sweep narrows; whoever acts on its result asks again."""

from datetime import datetime

from app.appointments import orphans, rules, steps
from app.appointments.events import AppointmentMissed
from app.appointments.queries import COLUMNS, appointment_row
from app.appointments.states import State
from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit


@operation
async def expire_holds(*, now: datetime, limit: int = steps.MOST_AT_ONCE) -> int:
    """End holds whose time is over; how many. Safe to run beside itself and beside every booking."""
    return await steps.sweep(now=now, limit=limit)


@operation
async def miss_overdue(*, now: datetime, limit: int = steps.MOST_AT_ONCE) -> int:
    """Mark confirmed appointments nobody came to within the time of grace; how many.

    Whoever lost their place by a change of the centre has missed nothing (`withdraw_overdue`).
    """
    rows = await in_transaction().fetch(
        "UPDATE appointment SET state = $3, version = version + 1 WHERE id IN ("
        " SELECT id FROM appointment WHERE state = $4 AND starts_at < $1 AND placement = 'supported'"
        " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " RETURNING id, centre_id, citizen_id, starts_at",
        now - rules.GRACE,
        limit,
        State.MISSED.value,
        State.CONFIRMED.value,
    )
    for row in rows:
        await journal.write("appointment.missed", object_kind="appointment", object_id=row["id"], at=now)
        await outbox.record(
            AppointmentMissed(
                occurred_at=now,
                appointment_id=row["id"],
                centre_id=row["centre_id"],
                citizen_id=row["citizen_id"],
                starts_at=row["starts_at"],
            )
        )
        wake_after_commit(f"centre:{row['centre_id']}")
    return len(rows)


@operation
async def withdraw_overdue(*, now: datetime, limit: int = steps.MOST_AT_ONCE) -> int:
    """Cancel, on the centre's part, appointments that had no place to the last; how many. Each is told."""
    rows = await in_transaction().fetch(
        f"SELECT {COLUMNS} FROM appointment WHERE placement = 'orphaned' AND state = $2"
        " AND starts_at < $1 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
        now - rules.GRACE,
        State.CONFIRMED.value,
        limit,
    )
    await orphans.withdraw([appointment_row(row) for row in rows], orphans.REASON, now=now)
    return len(rows)
