"""What can be asked about identities."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from app.core.database import fetch, fetch_row, fetch_value
from app.core.keys import keys
from app.http.principals import Audience, Caller, Principal
from app.identity.operations.codes import sealed_place
from app.identity.steps import digest


class CodeToSend(NamedTuple):
    """A one-time code on its way to its phone."""

    phone: str
    code: str
    locale: str


async def code_for_sending(challenge_id: uuid.UUID) -> CodeToSend | None:
    """The code of a challenge that is still worth sending."""
    row = await fetch_row(
        "SELECT phone, locale, code_sealed FROM otp_challenge WHERE id = $1"
        " AND code_sealed IS NOT NULL AND used_at IS NULL AND expires_at > clock_timestamp()",
        challenge_id,
    )
    if row is None:
        return None
    code = keys().fields.decrypt(row["code_sealed"], place=sealed_place(challenge_id)).decode()
    return CodeToSend(phone=row["phone"], code=code, locale=row["locale"])


async def phone_of(citizen_id: uuid.UUID) -> str | None:
    """The phone a citizen's account is reached by."""
    found: str | None = await fetch_value("SELECT phone FROM phone_account WHERE id = $1", citizen_id)
    return found


async def live_among(sign_in_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these sign-ins that have neither ended nor expired."""
    rows = await fetch(
        "SELECT id FROM sign_in WHERE id = ANY($1) AND ended_at IS NULL AND expires_at > clock_timestamp()",
        sign_in_ids,
    )
    return {row["id"] for row in rows}


async def by_cookie(cookie: str) -> Principal | None:
    """The principal of a page session."""
    row = await fetch_row(
        "SELECT * FROM sign_in WHERE cookie_digest = $1 AND ended_at IS NULL"
        " AND expires_at > clock_timestamp()",
        digest(cookie),
    )
    if row is None:
        return None
    return Principal(
        audience=Audience(row["audience"]),
        id=row["subject_id"],
        sign_in_id=row["id"],
        callers=frozenset(Caller(role) for role in row["roles"]),
        centre_id=row["centre_id"],
        scopes=frozenset(row["scopes"]),
    )


class DeviceRow(NamedTuple):
    """A kiosk or a board that was enrolled at a centre."""

    device_id: uuid.UUID
    kind: str
    label: str
    revoked: bool
    created_at: datetime


async def devices_of(centre_id: uuid.UUID) -> Sequence[DeviceRow]:
    """Every device a centre has or had, those in use first."""
    rows = await fetch(
        f"SELECT {', '.join(DeviceRow._fields)} FROM device_credential WHERE centre_id = $1"
        " ORDER BY revoked, kind, label, device_id",
        centre_id,
    )
    return [DeviceRow(*row) for row in rows]


async def reachable(citizen_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of them whose account has a phone."""
    rows = await fetch(
        "SELECT id FROM phone_account WHERE id = ANY($1) AND phone IS NOT NULL", list(citizen_ids)
    )
    return {row["id"] for row in rows}


async def officer_at(centre_id: uuid.UUID, named: str) -> uuid.UUID | None:
    """The officer of a centre with this id or this name to sign in with, or None."""
    row = await fetch_row(
        "SELECT officer_id FROM officer_credential WHERE centre_id = $1 AND NOT disabled"
        " AND (username = $2 OR officer_id::text = $2)",
        centre_id,
        named,
    )
    return None if row is None else uuid.UUID(str(row["officer_id"]))


async def some_officer_at(centre_id: uuid.UUID) -> uuid.UUID | None:
    """An officer who may sign in at a centre, the same each time, or None: for rehearsals."""
    row = await fetch_row(
        "SELECT officer_id FROM officer_credential WHERE centre_id = $1 AND NOT disabled"
        " ORDER BY officer_id LIMIT 1",
        centre_id,
    )
    return None if row is None else uuid.UUID(str(row["officer_id"]))
