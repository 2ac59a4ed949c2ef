"""What a supervisor looks at: opened by the clock, closed with what became of it."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service.errors import IncidentNotFound
from app.home_service.incidents import Kind, open_incident
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import State
from app.home_service.steps import locked


@operation
async def call_supervisor(*, home_visit_id: uuid.UUID, kind: Kind, now: datetime) -> None:
    """Open an incident nobody reported: something was computed that a person must look at."""
    await open_incident(await locked(home_visit_id), kind, event_id=None, now=now)


@operation
async def close_incident(
    *, incident_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, note: str, now: datetime
) -> None:
    """Closed once, by whoever was first; again is a no-op. Raises `IncidentNotFound`."""
    connection = in_transaction()
    home_visit_id = await connection.fetchval(
        "SELECT home_visit_id FROM visit_incident WHERE id = $1 AND centre_id = $2 FOR UPDATE",
        incident_id,
        centre_id,
    )
    if home_visit_id is None:
        raise IncidentNotFound
    tag = await connection.execute(
        "UPDATE visit_incident SET closed_at = $2, closed_by = $3, note = $4"
        " WHERE id = $1 AND closed_at IS NULL",
        incident_id,
        now,
        officer_id,
        note,
    )
    if tag == "UPDATE 1":
        await journal.write(
            "home_visit.incident_closed",
            object_kind="home_visit",
            object_id=home_visit_id,
            at=now,
            detail={"incident": str(incident_id)},
        )


@operation
async def call_for_ended_holds(*, now: datetime) -> int:
    """Results the post office has kept for the time there is, and that nobody fetched: each is called for
    once; how many were.
    """
    rows = await in_transaction().fetch(
        f"SELECT {COLUMNS} FROM home_visit WHERE state = $1 AND held_until < $2 AND NOT EXISTS"
        " (SELECT FROM visit_incident i WHERE i.home_visit_id = home_visit.id AND i.kind = $3)"
        " ORDER BY held_until, id FOR UPDATE SKIP LOCKED",
        State.HELD.value,
        local_date(now),
        Kind.HOLD_IS_OVER.value,
    )
    for row in rows:
        await open_incident(HomeVisitRow(*row), Kind.HOLD_IS_OVER, event_id=None, now=now)
    return len(rows)
