"""What a person's past says about booking online (điều kiện đặt lịch trực tuyến).

The booking statement asks the same rows in fewer words (`hot.HABIT`): whoever could be refused by their
past is passed by there, and is judged here, by the rules, with nobody waiting.
"""

import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.appointments import rules
from app.appointments.errors import AppointmentLimit
from app.core.clock import local
from app.core.database import fetch

TIME: Final = "%H:%M %d/%m/%Y"

PAST: Final = """
SELECT starts_at FROM appointment
 WHERE citizen_id = $1 AND starts_at > $2 AND state = 'missed'
   AND NOT EXISTS (SELECT FROM no_show_excuse WHERE appointment_id = appointment.id)
"""


class NoShowRow(NamedTuple):
    """An appointment nobody came to, and whether that was excused."""

    id: uuid.UUID
    reference: str
    starts_at: datetime
    excused_at: datetime | None
    reason: str | None


async def barred_until(citizen_id: uuid.UUID, *, now: datetime) -> datetime | None:
    """Until when the person books nothing online; None when they may."""
    rows = await fetch(PAST, citizen_id, now - rules.NO_SHOWS_LOOKED_BACK)
    return rules.barred_until([row["starts_at"] for row in rows], now=now)


async def refuse(citizen_id: uuid.UUID, *, now: datetime) -> None:
    """Raise `AppointmentLimit` for whoever books nothing online for a while."""
    until = await barred_until(citizen_id, now=now)
    if until is None:
        return
    facts = {
        "misses": rules.NO_SHOWS.misses,
        "days": rules.NO_SHOWS.within.days,
        "until": f"{local(until):{TIME}}",
    }
    raise AppointmentLimit(
        rule=rules.NO_SHOW.rule,
        decision=rules.NO_SHOWS.decision,
        until=local(until),
        rule_vi=rules.NO_SHOW.words.vi.format(**facts),
        rule_en=rules.NO_SHOW.words.en.format(**facts),
    )


async def no_shows_at(
    centre_id: uuid.UUID, *, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[NoShowRow]:
    """A centre's no-shows, latest first."""
    moment, last_id = before or (None, None)
    rows = await fetch(
        "SELECT a.id, a.reference, a.starts_at, e.at AS excused_at, e.reason"
        " FROM appointment a LEFT JOIN no_show_excuse e ON e.appointment_id = a.id"
        " WHERE a.centre_id = $1 AND a.state = 'missed'"
        " AND ($2::timestamptz IS NULL OR (a.starts_at, a.id) < ($2, $3::uuid))"
        " ORDER BY a.starts_at DESC, a.id DESC LIMIT $4",
        centre_id,
        moment,
        last_id,
        limit,
    )
    return [NoShowRow(*row) for row in rows]
