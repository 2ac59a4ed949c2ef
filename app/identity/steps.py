"""What the ways of signing in share, inside their transactions."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from app.core import journal
from app.core.database import in_transaction
from app.core.ids import new_id
from app.http.principals import Audience, Caller, Principal


class Session(NamedTuple):
    """A new or continued sign-in. The refresh token and the cookie exist in clear only here."""

    principal: Principal
    refresh_token: str | None
    cookie: str | None


def digest(secret: str) -> bytes:
    """SHA-256 of a 256-bit random secret: unguessable, so it needs no key and no salt."""
    return hashlib.sha256(secret.encode()).digest()


async def begin_sign_in(
    *,
    audience: Audience,
    subject_id: uuid.UUID,
    callers: frozenset[Caller],
    now: datetime,
    lasting: timedelta,
    centre_id: uuid.UUID | None = None,
    scopes: frozenset[str] = frozenset(),
    refreshable: bool = True,
    with_cookie: bool = False,
) -> Session:
    principal = Principal(
        audience=audience,
        id=subject_id,
        sign_in_id=new_id(),
        callers=callers,
        centre_id=centre_id,
        scopes=scopes,
    )
    cookie = secrets.token_urlsafe(32) if with_cookie else None
    await in_transaction().execute(
        "INSERT INTO sign_in (id, audience, subject_id, centre_id, roles, scopes, cookie_digest,"
        " created_at, expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
        principal.sign_in_id,
        audience.value,
        subject_id,
        centre_id,
        sorted(callers),
        sorted(scopes),
        digest(cookie) if cookie else None,
        now,
        now + lasting,
    )
    await journal.write(
        "sign_in.begun",
        object_kind="sign_in",
        object_id=principal.sign_in_id,
        at=now,
        detail={"audience": audience.value, "subject": str(subject_id)},
    )
    token = await issue_refresh(principal.sign_in_id, now=now) if refreshable else None
    return Session(principal=principal, refresh_token=token, cookie=cookie)


async def issue_refresh(sign_in_id: uuid.UUID, *, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    await in_transaction().execute(
        "INSERT INTO refresh_token (digest, sign_in_id, created_at) VALUES ($1, $2, $3)",
        digest(token),
        sign_in_id,
        now,
    )
    return token


async def account_for(phone: str, *, now: datetime) -> uuid.UUID:
    """The account an E.164 phone reaches; made where there is none, as its first sign-in would."""
    citizen_id: uuid.UUID = await in_transaction().fetchval(
        "INSERT INTO phone_account (id, phone, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (phone) DO UPDATE SET phone = EXCLUDED.phone RETURNING id",
        new_id(),
        phone,
        now,
    )
    return citizen_id
