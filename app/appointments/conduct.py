"""What a person's past says about booking online (điều kiện đặt lịch trực tuyến).

The booking statement asks the same rows in fewer words (`hot.HABIT`): whoever could be refused by their
past is passed by there, and is judged here, by the rules, with nobody waiting.
"""

import math
import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.appointments import rules
from app.appointments.errors import AppointmentLimit, TooManyHolds
from app.core.clock import local
from app.core.database import fetch, fetch_row

TIME: Final = "%H:%M %d/%m/%Y"

MISSED: Final = """
SELECT starts_at FROM appointment
 WHERE citizen_id = $1 AND starts_at > $2 AND state = 'missed'
   AND NOT EXISTS (SELECT FROM no_show_excuse WHERE appointment_id = appointment.id)
"""
MADE: Final = """
SELECT created_at FROM appointment
 WHERE citizen_id = $1 AND starts_at > $2 AND channel = 'online' AND created_at > $2
"""
HOLDING: Final = """
SELECT count(*) AS holds, min(hold_expires_at) AS first_ends FROM appointment
 WHERE citizen_id = $1 AND state = 'held' AND hold_number IS NOT NULL
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
    rows = await fetch(MISSED, citizen_id, now - rules.NO_SHOWS_LOOKED_BACK)
    return rules.barred_until([row["starts_at"] for row in rows], now=now)


async def refuse(citizen_id: uuid.UUID, *, now: datetime) -> None:
    """Raise `AppointmentLimit` after too many no-shows, `TooManyHolds` after too many tries."""
    rows = await fetch(MADE, citizen_id, now - rules.HOUR)
    wait = rules.wait_for_a_hold([row["created_at"] for row in rows], now=now)
    if wait is not None:
        raise TooManyHolds(most=rules.HOLDS.per_hour, retry_after=math.ceil(wait.total_seconds()))
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


async def holds_all(citizen_id: uuid.UUID) -> datetime | None:
    """When the first hold ends of somebody who holds as many places as a person may; else None."""
    row = await fetch_row(HOLDING, citizen_id)
    assert row is not None
    first_ends: datetime | None = row["first_ends"]
    return first_ends if row["holds"] >= rules.HOLDS.at_once else None


async def refuse_third_hold(citizen_id: uuid.UUID) -> None:
    """Raise `AppointmentLimit` for whoever holds as many places as a person may."""
    until = await holds_all(citizen_id)
    if until is not None:
        raise AppointmentLimit(
            rule=rules.TWO_HOLDS.rule,
            decision=rules.HOLDS.decision,
            until=local(until),
            rule_vi=rules.TWO_HOLDS.words.vi.format(most=rules.HOLDS.at_once),
            rule_en=rules.TWO_HOLDS.words.en.format(most=rules.HOLDS.at_once),
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
