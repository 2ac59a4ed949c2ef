"""What time alone does to appointments. A sweep narrows; whoever acts on its result asks again."""

import uuid
from datetime import datetime
from typing import Final

from app.appointments import booking_rules, orphans, steps
from app.appointments.booking_rules import RulesInForce
from app.appointments.events import AppointmentMissed
from app.appointments.queries import COLUMNS, appointment_row
from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

# Confirmed, and past the grace of the centre. The first comparison is there for the index.
OVERDUE: Final = """
  FROM appointment LEFT JOIN unnest($1::uuid[], $2::int[]) own (centre, grace) ON own.centre = centre_id
 WHERE state = 'confirmed' AND placement = '{placement}' AND starts_at < $4
   AND starts_at < $4 - make_interval(mins => coalesce(own.grace, $3))
 ORDER BY id LIMIT $5 FOR UPDATE OF appointment SKIP LOCKED
"""


@operation
async def expire_holds(*, now: datetime, limit: int = steps.MOST_AT_ONCE) -> int:
    """End holds whose time is over; how many. Safe to run beside itself and beside every booking."""
    return await steps.sweep(now=now, limit=limit)


@operation
async def miss_overdue(*, now: datetime, limit: int = steps.MOST_AT_ONCE) -> int:
    """Mark confirmed appointments nobody came to within the time of grace; how many.

    What is left of their places is free again: for walk-ins now, and for whoever books what is still ahead.
    Whoever lost their place by a change of the centre has missed nothing (`withdraw_overdue`).
    """
    rows = await in_transaction().fetch(
        "UPDATE appointment SET state = 'missed', version = version + 1 WHERE id IN ("
        f"SELECT id {OVERDUE.format(placement='supported')})"
        " RETURNING id, centre_id, citizen_id, starts_at",
        *by_centre(await booking_rules.all_rules(on=local_date(now)), "grace_minutes"),
        now,
        limit,
    )
    await steps.give_places_back([row["id"] for row in rows])
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
        f"SELECT {COLUMNS} {OVERDUE.format(placement='orphaned')}",
        *by_centre(await booking_rules.all_rules(on=local_date(now)), "grace_minutes"),
        now,
        limit,
    )
    await orphans.withdraw([appointment_row(row) for row in rows], orphans.REASON, now=now)
    return len(rows)


def by_centre(known: RulesInForce, rule: str) -> tuple[list[uuid.UUID], list[int], int]:
    """What centres that decided for themselves have of a rule, and what all others have."""
    return list(known.own), [getattr(own, rule) for own in known.own.values()], getattr(known.for_all, rule)
