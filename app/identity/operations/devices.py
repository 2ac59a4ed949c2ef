"""Kiosks and boards: enrolled by a code somebody reads out, signed in by their key, ended by a leader."""

import hmac
import re
import secrets
import uuid
from datetime import datetime
from typing import NamedTuple

from app.core import journal
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation
from app.core.references import ALPHABET, FORGIVEN
from app.http.principals import Audience, Caller
from app.identity import rules
from app.identity.errors import CredentialsNotAccepted, DeviceNotFound, EnrolmentNotAccepted
from app.identity.operations.failures import count_failure, refuse_after_many
from app.identity.steps import Session, begin_sign_in, digest


class Enrolment(NamedTuple):
    """A code to be read out to a device; it is told here and never again."""

    device_id: uuid.UUID
    kind: str
    label: str
    code: str
    expires_at: datetime


class EnrolledDevice(NamedTuple):
    """A device that may sign in from now on; its key is told here and never again."""

    device_id: uuid.UUID
    key: str
    kind: str
    label: str
    centre_id: uuid.UUID


@operation
async def invite_device(
    *, kind: str, label: str, centre_id: uuid.UUID, officer_id: uuid.UUID, now: datetime
) -> Enrolment:
    """A code of fifteen minutes for one device of the centre, kept as a keyed digest only."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(rules.ENROLMENT_LETTERS))
    device_id, expires_at = new_id(), now + rules.ENROLMENT_LIFETIME
    await in_transaction().execute(
        "INSERT INTO device_enrolment"
        " (device_id, centre_id, kind, label, code_digest, created_by, created_at, expires_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
        device_id,
        centre_id,
        kind,
        label,
        _code_digest(letters),
        officer_id,
        now,
        expires_at,
    )
    await journal.write("device.invited", object_kind="device", object_id=device_id, at=now)
    return Enrolment(device_id, kind, label, f"{letters[:4]}-{letters[4:]}", expires_at)


async def enrol_by_code(*, code: str, address: str, now: datetime) -> EnrolledDevice:
    """Trade a code for the device's key, once. Wrong codes are counted for the address they come from."""
    guesser = f"device|{keys().code_digest('address', address).hex()[:32]}"
    await refuse_after_many(guesser)
    enrolled = await _exchange(code=code, now=now)
    if enrolled is None:
        await count_failure(guesser)
        raise EnrolmentNotAccepted
    return enrolled


@operation
async def _exchange(*, code: str, now: datetime) -> EnrolledDevice | None:
    connection = in_transaction()
    row = await connection.fetchrow(
        "UPDATE device_enrolment SET used_at = $2"
        " WHERE code_digest = $1 AND used_at IS NULL AND expires_at > clock_timestamp()"
        " RETURNING device_id, kind, label, centre_id",
        _code_digest(re.sub(r"[\s\-–.]", "", code.upper()).translate(FORGIVEN)),
        now,
    )
    if row is None:
        return None
    key = secrets.token_urlsafe(32)
    await connection.execute(
        "INSERT INTO device_credential (device_id, kind, label, centre_id, key_digest, created_at)"
        " VALUES ($1,$2,$3,$4,$5,$6)",
        row["device_id"],
        row["kind"],
        row["label"],
        row["centre_id"],
        digest(key),
        now,
    )
    await journal.write("device.enrolled", object_kind="device", object_id=row["device_id"], at=now)
    return EnrolledDevice(row["device_id"], key, row["kind"], row["label"], row["centre_id"])


@operation
async def sign_in_device(*, device_id: uuid.UUID, key: str, now: datetime) -> Session:
    """A device token; the key comes from enrolment and is 256 bits, so guessing needs no limit."""
    # Shared lock: a device that is being revoked signs in before that, and is ended with the rest, or not.
    row = await in_transaction().fetchrow(
        "SELECT key_digest, centre_id FROM device_credential WHERE device_id = $1 AND NOT revoked"
        " FOR SHARE",
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


@operation
async def revoke_device(*, device_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> list[uuid.UUID]:
    """End a device of the centre and every sign-in it has; which ones ended. Twice is once."""
    connection = in_transaction()
    row = await connection.fetchrow(
        "SELECT revoked FROM device_credential WHERE device_id = $1 AND centre_id = $2 FOR UPDATE",
        device_id,
        centre_id,
    )
    if row is None:
        raise DeviceNotFound
    if row["revoked"]:
        return []
    await connection.execute("UPDATE device_credential SET revoked = true WHERE device_id = $1", device_id)
    ended = await connection.fetch(
        "UPDATE sign_in SET ended_at = $2, end_reason = 'device_revoked'"
        " WHERE subject_id = $1 AND audience = $3 AND ended_at IS NULL RETURNING id",
        device_id,
        now,
        Audience.DEVICE.value,
    )
    await journal.write("device.revoked", object_kind="device", object_id=device_id, at=now)
    return [session["id"] for session in ended]


def _code_digest(letters: str) -> bytes:
    return keys().code_digest("device_enrolment", letters)
