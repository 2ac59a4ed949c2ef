"""Going on with a sign-in, and ending it (RFC 9700: rotation, and the family ends on a replay)."""

import uuid
from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.http.principals import Audience, Caller, Principal
from app.identity.errors import RefreshNotAccepted
from app.identity.steps import Session, digest, issue_refresh


async def refresh(*, refresh_token: str, now: datetime) -> Session:
    """A new pair for a token that was not used before; a used one ends the whole family.

    The end of a family is committed although the caller is refused.
    """
    session = await _rotate(refresh_token=refresh_token, now=now)
    if session is None:
        raise RefreshNotAccepted
    return session


@operation
async def _rotate(*, refresh_token: str, now: datetime) -> Session | None:
    connection = in_transaction()
    row = await connection.fetchrow(
        "SELECT r.used_at, s.* FROM refresh_token r JOIN sign_in s ON s.id = r.sign_in_id"
        " WHERE r.digest = $1 FOR UPDATE",
        digest(refresh_token),
    )
    if row is None or row["ended_at"] is not None or row["expires_at"] <= now:
        return None
    if row["used_at"] is not None:
        await _end(row["id"], reason="refresh_token_reused", now=now)
        return None
    await connection.execute(
        "UPDATE refresh_token SET used_at = $2 WHERE digest = $1", digest(refresh_token), now
    )
    principal = Principal(
        audience=Audience(row["audience"]),
        id=row["subject_id"],
        sign_in_id=row["id"],
        callers=frozenset(Caller(role) for role in row["roles"]),
        centre_id=row["centre_id"],
        scopes=frozenset(row["scopes"]),
    )
    token = await issue_refresh(row["id"], now=now)
    return Session(principal=principal, refresh_token=token, cookie=None)


@operation
async def end_sign_in(*, sign_in_id: uuid.UUID, now: datetime) -> None:
    """Sign out. Twice is once."""
    await _end(sign_in_id, reason="signed_out", now=now)


async def _end(sign_in_id: uuid.UUID, *, reason: str, now: datetime) -> None:
    await in_transaction().execute(
        "UPDATE sign_in SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL",
        sign_in_id,
        now,
        reason,
    )
    await journal.write(
        "sign_in.ended",
        object_kind="sign_in",
        object_id=sign_in_id,
        at=now,
        detail={"reason": reason},
    )
