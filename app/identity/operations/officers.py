"""Signing in as an officer: password (argon2id) and TOTP once enrolled (RFC 6238)."""

import asyncio
import base64
import hmac
import struct
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.core.database import fetch_row
from app.core.keys import keys
from app.core.operation import operation
from app.http.principals import Audience, Caller
from app.identity import rules
from app.identity.errors import CredentialsNotAccepted
from app.identity.operations.failures import count_failure, refuse_after_many
from app.identity.steps import Session, begin_sign_in

HASHER: Final = PasswordHasher()
# Verified when the name is unknown, so that time does not tell (made with HASHER's parameters).
DECOY: Final = HASHER.hash("nobody has this password")
TOTP_STEP_S: Final = 30


async def sign_in_officer(*, username: str, password: str, totp: str | None, now: datetime) -> Session:
    """A session of twelve hours with a page cookie. Hashing happens outside any transaction."""
    await refuse_after_many(username)
    row = await fetch_row("SELECT * FROM officer_credential WHERE username = $1", username)
    known = row is not None and not row["disabled"]
    stored = row["password_hash"] if row is not None and known else DECOY
    right = await asyncio.to_thread(_verify, stored, password)
    if row is None or not known or not right or not _totp_is_right(row, totp, now):
        await count_failure(username)
        raise CredentialsNotAccepted
    return await _begin(
        officer_id=row["officer_id"],
        centre_id=row["centre_id"],
        roles=row["roles"],
        now=now,
    )


@operation
async def _begin(
    *, officer_id: uuid.UUID, centre_id: uuid.UUID, roles: list[str], now: datetime
) -> Session:
    return await begin_sign_in(
        audience=Audience.STAFF,
        subject_id=officer_id,
        callers=frozenset(Caller(role) for role in roles),
        centre_id=centre_id,
        now=now,
        lasting=rules.OFFICER_SIGN_IN,
        with_cookie=True,
    )


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def _totp_is_right(row: Mapping[str, Any], given: str | None, now: datetime) -> bool:
    if row["totp_sealed"] is None:
        return True
    if given is None:
        return False
    place = f"officer_credential|totp_sealed|{row['officer_id']}"
    secret = keys().fields.decrypt(row["totp_sealed"], place=place)
    step = int(now.timestamp()) // TOTP_STEP_S
    # As bytes: a form brings any text, and one that is not ASCII cannot be compared.
    return any(
        hmac.compare_digest(totp_code(secret, step + drift).encode(), given.encode())
        for drift in (-1, 0, 1)
    )


def totp_code(secret: bytes, step: int) -> str:
    """RFC 6238 with SHA-1 and six digits, what every authenticator app speaks."""
    mac = hmac.new(secret, struct.pack(">Q", step), "sha1").digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def totp_secret_text(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")
