"""The kiosks and boards of a centre, and which of them have gone silent."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.core.database import fetch
from app.identity import queries as identity
from app.queue import rules


class HallDevice(NamedTuple):
    """One device. `status` is what it last said of itself, nothing before its first word."""

    id: uuid.UUID
    kind: str
    label: str
    enrolled_at: datetime
    last_heard_at: datetime | None
    status: str | None
    silent: bool
    revoked: bool


async def devices(centre_id: uuid.UUID, *, now: datetime) -> Sequence[HallDevice]:
    """Every device of a centre, those in use first. One that was revoked is not missed."""
    rows = await fetch("SELECT device_id, at, status FROM device_heartbeat WHERE centre_id = $1", centre_id)
    heard = {row["device_id"]: row for row in rows}
    found = []
    for device in await identity.devices_of(centre_id):
        last = heard.get(device.device_id)
        last_heard_at = last["at"] if last else None
        silent = rules.is_silent(last_heard_at=last_heard_at, enrolled_at=device.created_at, now=now)
        found.append(
            HallDevice(
                id=device.device_id,
                kind=device.kind,
                label=device.label,
                enrolled_at=device.created_at,
                last_heard_at=last_heard_at,
                status=last["status"] if last else None,
                silent=silent and not device.revoked,
                revoked=device.revoked,
            )
        )
    return found


async def silent_devices(centre_id: uuid.UUID, *, now: datetime) -> Sequence[HallDevice]:
    """What a console warns of."""
    return [device for device in await devices(centre_id, now=now) if device.silent]
