"""Devices a person's app is told on: registered by the app, renewed whenever it starts, given up."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.citizens.errors import DeviceOfPersonNotFound
from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.operation import operation

# An app that was not opened for so long has probably gone; push services advise the same.
FRESH: Final = timedelta(days=60)
MOST_DEVICES: Final = 5


class PushDevice(NamedTuple):
    """One app on one device. The token lets whoever has it send there: it is never shown."""

    id: uuid.UUID
    platform: str
    token: str
    registered_at: datetime
    seen_at: datetime


COLUMNS: Final = ", ".join(PushDevice._fields)


async def of_citizen(citizen_id: uuid.UUID) -> Sequence[PushDevice]:
    """Those seen lately, the last first."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM push_device WHERE citizen_id = $1"
        " AND seen_at > clock_timestamp() - $2::interval ORDER BY seen_at DESC, id",
        citizen_id,
        FRESH,
    )
    return [PushDevice(*row) for row in rows]


@operation
async def register(*, citizen_id: uuid.UUID, platform: str, token: str, now: datetime) -> PushDevice:
    """A device's token, new or seen again; of more than five the one seen longest ago gives way."""
    connection = in_transaction()
    row = await connection.fetchrow(
        "INSERT INTO push_device (id, citizen_id, platform, token, registered_at, seen_at)"
        " VALUES ($1,$2,$3,$4,$5,$5) ON CONFLICT ON CONSTRAINT push_device_token_is_one DO UPDATE SET"
        " citizen_id = EXCLUDED.citizen_id, platform = EXCLUDED.platform, seen_at = EXCLUDED.seen_at"
        f" RETURNING {COLUMNS}",
        *(new_id(), citizen_id, platform, token, now),
    )
    await connection.execute(
        "DELETE FROM push_device WHERE citizen_id = $1 AND id NOT IN (SELECT id FROM push_device"
        " WHERE citizen_id = $1 ORDER BY seen_at DESC, id DESC LIMIT $2)",
        citizen_id,
        MOST_DEVICES,
    )
    await journal.write("device.registered", object_kind="citizen", object_id=citizen_id, at=now)
    return PushDevice(*row)


@operation
async def remove(*, citizen_id: uuid.UUID, device_id: uuid.UUID, now: datetime) -> None:
    """Raises `DeviceOfPersonNotFound`, also for another person's."""
    tag = await in_transaction().execute(
        "DELETE FROM push_device WHERE id = $1 AND citizen_id = $2", device_id, citizen_id
    )
    if tag == "DELETE 0":
        raise DeviceOfPersonNotFound
    await journal.write("device.removed", object_kind="citizen", object_id=citizen_id, at=now)


@operation
async def forget_token(*, token: str) -> None:
    """The push service knows this token no more; its app registers another when it is opened."""
    await in_transaction().execute("DELETE FROM push_device WHERE token = $1", token)
