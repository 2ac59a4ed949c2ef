"""Signing in as a kiosk or a board."""

import hmac
import uuid
from datetime import datetime

from app.core.database import in_transaction
from app.core.operation import operation
from app.http.principals import Audience, Caller
from app.identity import rules
from app.identity.errors import CredentialsNotAccepted
from app.identity.steps import Session, begin_sign_in, digest


@operation
async def sign_in_device(*, device_id: uuid.UUID, key: str, now: datetime) -> Session:
    """A device token; the key comes from enrolment and is 256 bits, so guessing needs no limit."""
    row = await in_transaction().fetchrow(
        "SELECT key_digest, centre_id FROM device_credential WHERE device_id = $1 AND NOT revoked",
        device_id,
    )
    if row is None or not hmac.compare_digest(row["key_digest"], digest(key)):
        raise CredentialsNotAccepted
    return await begin_sign_in(
        audience=Audience.DEVICE,
        subject_id=device_id,
        callers=frozenset({Caller.DEVICE}),
        centre_id=row["centre_id"],
        now=now,
        lasting=rules.DEVICE_SIGN_IN,
        refreshable=False,
    )
