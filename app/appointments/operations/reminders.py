"""Reminding people of what they confirmed a while ago (nhắc lịch hẹn)."""

from datetime import datetime, timedelta
from typing import Final

from app.appointments import booking_rules, rules
from app.appointments.events import AppointmentReminderDue
from app.appointments.operations.sweeps import by_centre
from app.core import outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation

# Confirmed, not told of this time since it would have been due, and far enough away to be of use. The first
# comparison of times is there for the index.
DUE: Final = """
SELECT id, starts_at FROM appointment a
  LEFT JOIN unnest($1::uuid[], $2::int[]) own (centre, minutes) ON own.centre = centre_id
 CROSS JOIN LATERAL make_interval(mins => coalesce(own.minutes, $3)) AS lead
 WHERE state = 'confirmed' AND placement = 'supported'
   AND starts_at > $4 AND starts_at <= $4 + $5::interval
   AND starts_at <= $4 + lead AND starts_at > $4 + least(lead / 2, $6::interval)
   AND NOT EXISTS (SELECT FROM appointment_reminder known
                    WHERE known.appointment_id = a.id AND known.starts_at = a.starts_at)
   AND NOT EXISTS (SELECT FROM journal WHERE object_id = a.id::text AND at > a.starts_at - lead
                      AND action = ANY($8))
 ORDER BY id LIMIT $7 FOR UPDATE OF a SKIP LOCKED
"""
REMIND: Final = f"""
WITH due AS ({DUE}),
reminded AS (
    INSERT INTO appointment_reminder (appointment_id, starts_at, at) SELECT id, starts_at, $4 FROM due
    ON CONFLICT DO NOTHING RETURNING appointment_id)
SELECT id, centre_id, citizen_id, appointment.starts_at, version FROM reminded
  JOIN appointment ON appointment.id = appointment_id ORDER BY id
"""
TOLD: Final = ("appointment.confirmed", "appointment.rescheduled", "appointment.moved")
AT_ONCE: Final = 200


@operation
async def remind_due(*, now: datetime, limit: int = AT_ONCE) -> int:
    """Record for each appointment whose reminder is due that it is; how many there were.

    Once for each time an appointment was given, however often and however late this is asked; who confirmed
    or was moved since the reminder would have been due knows, and it is never said so late that nobody
    could act on it.
    """
    rows = await in_transaction().fetch(
        REMIND,
        *by_centre(await booking_rules.all_rules(on=local_date(now)), "reminder_minutes"),
        now,
        timedelta(minutes=rules.WITHIN["reminder_minutes"].most),
        rules.REMINDED_UNTIL,
        limit,
        TOLD,
    )
    for row in rows:
        await outbox.record(
            AppointmentReminderDue(
                occurred_at=now,
                appointment_id=row["id"],
                centre_id=row["centre_id"],
                citizen_id=row["citizen_id"],
                starts_at=row["starts_at"],
                version=row["version"],
            )
        )
    return len(rows)
