"""A supervisor looked at an incident, and says what became of it."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service.errors import IncidentNotFound


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
