"""What kiosks and boards say of themselves."""

import uuid
from datetime import datetime

from app.core.database import in_transaction
from app.core.operation import operation


@operation
async def note_heartbeat(*, device_id: uuid.UUID, centre_id: uuid.UUID, status: str, now: datetime) -> None:
    """The device lives; a console shows those that have been silent."""
    await in_transaction().execute(
        "INSERT INTO device_heartbeat (device_id, centre_id, at, status) VALUES ($1,$2,$3,$4)"
        " ON CONFLICT (device_id) DO UPDATE SET at = EXCLUDED.at, status = EXCLUDED.status,"
        " centre_id = EXCLUDED.centre_id",
        device_id,
        centre_id,
        now,
        status,
    )
