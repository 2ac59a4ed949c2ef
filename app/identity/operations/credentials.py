"""Giving somebody or something the means to sign in. Called by the command line and the sample."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.http.principals import Caller
from app.identity.operations.officers import HASHER
from app.identity.steps import digest


@operation
async def enrol_officer(
    *,
    officer_id: uuid.UUID,
    username: str,
    password: str,
    centre_id: uuid.UUID,
    roles: Sequence[Caller],
    now: datetime,
) -> None:
    """Let an officer sign in. Running twice replaces the password, roles and centre."""
    await in_transaction().execute(
        "INSERT INTO officer_credential"
        " (officer_id, username, password_hash, centre_id, roles, created_at)"
        " VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (officer_id) DO UPDATE SET"
        " username = EXCLUDED.username, password_hash = EXCLUDED.password_hash,"
        " centre_id = EXCLUDED.centre_id, roles = EXCLUDED.roles",
        officer_id,
        username,
        HASHER.hash(password),
        centre_id,
        sorted(roles),
        now,
    )
    await journal.write("officer.enrolled", object_kind="officer", object_id=officer_id, at=now)


@operation
async def enrol_device(
    *,
    device_id: uuid.UUID,
    kind: str,
    centre_id: uuid.UUID,
    key: str,
    now: datetime,
    label: str = "",
) -> None:
    """Let a kiosk or a board sign in with its key. Running twice replaces the key."""
    await in_transaction().execute(
        "INSERT INTO device_credential (device_id, kind, label, centre_id, key_digest, created_at)"
        " VALUES ($1,$2,$6,$3,$4,$5) ON CONFLICT (device_id) DO UPDATE SET"
        " kind = EXCLUDED.kind, label = EXCLUDED.label, centre_id = EXCLUDED.centre_id,"
        " key_digest = EXCLUDED.key_digest, revoked = false",
        device_id,
        kind,
        centre_id,
        digest(key),
        now,
        label,
    )
    await journal.write("device.enrolled", object_kind="device", object_id=device_id, at=now)


@operation
async def register_partner_client(
    *,
    client_id: str,
    partner_id: uuid.UUID,
    scopes: Sequence[str],
    sandbox: bool,
    now: datetime,
    jwks: Mapping[str, Any] | None = None,
    secret: str | None = None,
) -> str | None:
    """Register a partner's OAuth client; returns a new sandbox secret, shown once, when it has one.

    Production clients sign assertions with a key of `jwks` (RFC 7523) and have no secret.
    """
    if sandbox and jwks is None and secret is None:
        secret = secrets.token_urlsafe(32)
    await in_transaction().execute(
        "INSERT INTO partner_client"
        " (client_id, partner_id, secret_digest, jwks, scopes, sandbox, created_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (client_id) DO UPDATE SET"
        " secret_digest = EXCLUDED.secret_digest, jwks = EXCLUDED.jwks,"
        " scopes = EXCLUDED.scopes, sandbox = EXCLUDED.sandbox",
        client_id,
        partner_id,
        digest(secret) if secret else None,
        msgspec.json.encode(jwks or {"keys": []}).decode(),
        sorted(scopes),
        sandbox,
        now,
    )
    await journal.write("partner_client.registered", object_kind="partner", object_id=partner_id, at=now)
    return secret
