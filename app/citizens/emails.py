"""A person's e-mail address: named, shown to be theirs by a code sent there, given up, or found dead.

The code is derived from the challenge's id, so that none is stored; right or wrong, a try is counted.
"""

import hashlib
import hmac
import re
import uuid
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.citizens.errors import CodeOfEmailNotAccepted, EmailNotValid, TooManyEmails
from app.citizens.events import EmailNamed
from app.core import journal, outbox
from app.core.database import fetch_row, in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation

LONGEST: Final = 254
# One plain address of a domain with a dot: what could end a header, or needs quotes, stays outside.
ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
CODE_DIGITS: Final = 6
CODE_ATTEMPTS: Final = 5
CODE_LIFETIME: Final = timedelta(minutes=30)
# Letters a person may have sent, and an address may be sent: nobody's mailbox is filled through us.
WINDOW: Final = timedelta(hours=1)
PER_WINDOW: Final = 3


class Email(NamedTuple):
    """A confirmed address; `undeliverable_at` since when letters come back from it."""

    address: str
    confirmed_at: datetime
    undeliverable_at: datetime | None


class Challenge(NamedTuple):
    """An address somebody named, and whose it would be."""

    id: uuid.UUID
    citizen_id: uuid.UUID
    address: str
    expires_at: datetime


def is_address(value: str) -> bool:
    """Whether we would write there (RFC 5321, without quoted and internationalised local parts)."""
    return len(value) <= LONGEST and ADDRESS.fullmatch(value) is not None


def code_of(challenge_id: uuid.UUID) -> str:
    """The six digits sent for a challenge."""
    mac = hmac.new(keys().codes, b"email|" + challenge_id.bytes, hashlib.sha256).digest()
    return f"{int.from_bytes(mac[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


async def of_citizen(citizen_id: uuid.UUID) -> Email | None:
    row = await fetch_row(
        "SELECT address, confirmed_at, undeliverable_at FROM citizen_email WHERE citizen_id = $1",
        citizen_id,
    )
    return None if row is None else Email(*row)


async def challenge(challenge_id: uuid.UUID) -> Challenge | None:
    """One that still waits for its code."""
    row = await fetch_row(
        f"SELECT {', '.join(Challenge._fields)} FROM email_challenge"
        " WHERE id = $1 AND ended_at IS NULL AND expires_at > clock_timestamp()",
        challenge_id,
    )
    return None if row is None else Challenge(*row)


@operation
async def name(*, citizen_id: uuid.UUID, address: str, now: datetime) -> Challenge:
    """Name an address: a code goes there, and nothing else until it is confirmed.

    Raises `EmailNotValid`, `TooManyEmails`.
    """
    if not is_address(address):
        raise EmailNotValid
    connection = in_transaction()
    for whose in sorted((str(citizen_id), address.lower())):
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 51))", whose)
    oldest = await connection.fetchval(
        "SELECT min(created_at) FROM (SELECT created_at FROM email_challenge"
        " WHERE (citizen_id = $1 OR lower(address) = lower($2)) AND created_at > $3"
        " ORDER BY created_at DESC LIMIT $4) AS recent HAVING count(*) >= $4",
        citizen_id,
        address,
        now - WINDOW,
        PER_WINDOW,
    )
    if oldest is not None:
        raise TooManyEmails(retry_after=max(1, int((oldest + WINDOW - now).total_seconds())))
    made = Challenge(new_id(), citizen_id, address, now + CODE_LIFETIME)
    await connection.execute(
        "UPDATE email_challenge SET ended_at = $2 WHERE citizen_id = $1 AND ended_at IS NULL",
        citizen_id,
        now,
    )
    await connection.execute(
        "INSERT INTO email_challenge (id, citizen_id, address, created_at, expires_at)"
        " VALUES ($1,$2,$3,$4,$5)",
        *(made.id, citizen_id, address, now, made.expires_at),
    )
    await outbox.record(EmailNamed(occurred_at=now, challenge_id=made.id))
    await journal.write("email.named", object_kind="citizen", object_id=citizen_id, at=now)
    return made


async def confirm(*, citizen_id: uuid.UUID, code: str, now: datetime) -> Email:
    """Show that letters to the address last named are read. Raises `CodeOfEmailNotAccepted`."""
    challenge_id = await _count_attempt(citizen_id=citizen_id)
    if challenge_id is None or not hmac.compare_digest(code_of(challenge_id), code):
        raise CodeOfEmailNotAccepted
    return await _confirm(challenge_id=challenge_id, now=now)


@operation
async def _count_attempt(*, citizen_id: uuid.UUID) -> uuid.UUID | None:
    """Committed whatever the answer, so that a guess is never free."""
    found: uuid.UUID | None = await in_transaction().fetchval(
        "UPDATE email_challenge SET attempts = attempts + 1 WHERE citizen_id = $1 AND ended_at IS NULL"
        " AND attempts < $2 AND expires_at > clock_timestamp() RETURNING id",
        citizen_id,
        CODE_ATTEMPTS,
    )
    return found


@operation
async def _confirm(*, challenge_id: uuid.UUID, now: datetime) -> Email:
    connection = in_transaction()
    row = await connection.fetchrow(
        "UPDATE email_challenge SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL"
        " RETURNING citizen_id, address",
        challenge_id,
        now,
    )
    if row is None:
        raise CodeOfEmailNotAccepted
    await connection.execute(
        "INSERT INTO citizen_email (citizen_id, address, confirmed_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (citizen_id) DO UPDATE SET address = EXCLUDED.address,"
        " confirmed_at = EXCLUDED.confirmed_at, undeliverable_at = NULL",
        row["citizen_id"],
        row["address"],
        now,
    )
    await journal.write("email.confirmed", object_kind="citizen", object_id=row["citizen_id"], at=now)
    return Email(row["address"], now, None)


@operation
async def give_up(*, citizen_id: uuid.UUID, now: datetime) -> None:
    """No e-mail any more; nothing happens where there is none."""
    connection = in_transaction()
    await connection.execute(
        "UPDATE email_challenge SET ended_at = $2 WHERE citizen_id = $1 AND ended_at IS NULL",
        citizen_id,
        now,
    )
    tag = await connection.execute("DELETE FROM citizen_email WHERE citizen_id = $1", citizen_id)
    if tag != "DELETE 0":
        await journal.write("email.given_up", object_kind="citizen", object_id=citizen_id, at=now)


async def note_undeliverable(address: str, *, now: datetime) -> None:
    """Nothing sent there arrives: joins the open transaction. It is used again once confirmed anew."""
    citizens = await in_transaction().fetch(
        "UPDATE citizen_email SET undeliverable_at = $2"
        " WHERE lower(address) = lower($1) AND undeliverable_at IS NULL RETURNING citizen_id",
        address,
        now,
    )
    for each in citizens:
        await journal.write(
            "email.undeliverable", object_kind="citizen", object_id=each["citizen_id"], at=now
        )
