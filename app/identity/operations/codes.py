"""Signing in by a code sent to a phone (NIST SP 800-63B-4, restricted authenticator)."""

import hmac
import secrets
import uuid
from datetime import datetime
from typing import NamedTuple

from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation
from app.http.principals import Audience, Caller
from app.identity import rules
from app.identity.errors import CodeNotAccepted
from app.identity.events import OtpRequested
from app.identity.steps import Session, account_for, begin_sign_in


class Challenge(NamedTuple):
    """The same for a known, an unknown and a throttled phone."""

    challenge_id: uuid.UUID
    expires_at: datetime
    retry_at: datetime


def sealed_place(challenge_id: uuid.UUID) -> str:
    """Where a sealed code belongs: it opens in this row and no other."""
    return f"otp_challenge|code_sealed|{challenge_id}"


@operation
async def request_code(
    *,
    phone: str,
    purpose: str,
    locale: str,
    address: str,
    per_address: int,
    now: datetime,
) -> Challenge:
    """Ask for a code to be sent to an E.164 phone. Throttled silently: nobody learns that it was."""
    connection = in_transaction()
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", phone)
    hidden_address = keys().code_digest("address", address)[:16]
    sent = await connection.fetch(
        "SELECT created_at FROM otp_challenge WHERE phone = $1 AND sent AND created_at > $2",
        phone,
        now - rules.SENDS_PER_PHONE[-1][0],
    )
    from_address = await connection.fetchval(
        "SELECT count(*) FROM otp_challenge WHERE address = $1 AND sent AND created_at > $2",
        hidden_address,
        now - rules.ADDRESS_WINDOW,
    )
    may_send = rules.may_send([row["created_at"] for row in sent], now=now) and from_address < per_address
    challenge = Challenge(
        challenge_id=new_id(), expires_at=now + rules.CODE_LIFETIME, retry_at=now + rules.RETRY_AFTER
    )
    code = "".join(secrets.choice("0123456789") for _ in range(rules.CODE_DIGITS))
    await connection.execute(
        "INSERT INTO otp_challenge (id, phone, purpose, locale, address, code_digest, code_sealed,"
        " sent, created_at, expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
        challenge.challenge_id,
        phone,
        purpose,
        locale,
        hidden_address,
        keys().code_digest(f"otp|{challenge.challenge_id}", code),
        keys().fields.encrypt(code.encode(), place=sealed_place(challenge.challenge_id))
        if may_send
        else None,
        may_send,
        now,
        challenge.expires_at,
    )
    if may_send:
        await outbox.record(OtpRequested(occurred_at=now, challenge_id=challenge.challenge_id))
    await journal.write(
        "otp.requested" if may_send else "otp.throttled",
        object_kind="otp_challenge",
        object_id=challenge.challenge_id,
        at=now,
    )
    return challenge


@operation
async def _count_attempt(*, challenge_id: uuid.UUID, code: str, now: datetime) -> bool:
    """Spend an attempt and say whether the code is right; committed whatever the answer."""
    connection = in_transaction()
    row = await connection.fetchrow(
        "UPDATE otp_challenge c SET attempts = attempts + 1"
        " WHERE id = $1 AND used_at IS NULL AND attempts < $2 AND sent"
        " AND expires_at > clock_timestamp()"
        " AND NOT EXISTS (SELECT 1 FROM otp_challenge n WHERE n.phone = c.phone"
        "   AND n.purpose = c.purpose AND n.sent AND n.created_at > c.created_at)"
        " AND (SELECT coalesce(sum(f.attempts), 0) FROM otp_challenge f WHERE f.phone = c.phone"
        "   AND f.used_at IS NULL AND f.created_at > $3) < $4"
        " RETURNING code_digest",
        challenge_id,
        rules.CODE_ATTEMPTS,
        now - rules.SENDS_PER_PHONE[-1][0],
        rules.FAILED_CODES_PER_DAY,
    )
    if row is None:
        return False
    return hmac.compare_digest(row["code_digest"], keys().code_digest(f"otp|{challenge_id}", code))


@operation
async def _use(*, challenge_id: uuid.UUID, now: datetime) -> Session:
    connection = in_transaction()
    row = await connection.fetchrow(
        "UPDATE otp_challenge SET used_at = $2, code_sealed = NULL"
        " WHERE id = $1 AND used_at IS NULL RETURNING phone",
        challenge_id,
        now,
    )
    if row is None:
        raise CodeNotAccepted
    citizen_id = await account_for(row["phone"], now=now)
    return await begin_sign_in(
        audience=Audience.CITIZEN,
        subject_id=citizen_id,
        callers=frozenset({Caller.CITIZEN}),
        now=now,
        lasting=rules.CITIZEN_SIGN_IN,
        with_cookie=True,
    )


async def verify_code(*, challenge_id: uuid.UUID, code: str, now: datetime) -> Session:
    """Trade a code for a sign-in. Two transactions on purpose: a wrong attempt must stay counted."""
    if not await _count_attempt(challenge_id=challenge_id, code=code, now=now):
        raise CodeNotAccepted
    return await _use(challenge_id=challenge_id, now=now)
