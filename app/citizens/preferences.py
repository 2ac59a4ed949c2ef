"""The choices of a person: read by their account or by their phone, changed by version."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from app.citizens import rules
from app.citizens.errors import AccountNotFound, QuietHoursNotValid
from app.citizens.rules import UNCHOSEN, Channel, Preferences, QuietHours
from app.core import journal
from app.core.database import fetch_row, in_transaction
from app.core.errors import PreconditionFailed
from app.core.operation import operation
from app.identity.steps import account_for

CHOSEN: Final = "p.language, p.channel, p.quiet_from, p.quiet_until, p.surveys"
OF_ACCOUNT: Final = (
    f"SELECT a.id, a.phone, a.created_at, {CHOSEN}, coalesce(p.version, 0) AS version FROM phone_account a"
    " LEFT JOIN citizen_preference p ON p.citizen_id = a.id WHERE a.id = $1"
)


class Account(NamedTuple):
    """An account with its choices. Version 0 has chosen nothing yet."""

    id: uuid.UUID
    phone: str | None
    created_at: datetime
    preferences: Preferences
    version: int


def _read(row: Mapping[str, Any]) -> Preferences:
    if row["channel"] is None:
        return UNCHOSEN
    quiet = QuietHours(row["quiet_from"], row["quiet_until"]) if row["quiet_from"] is not None else None
    return Preferences(row["language"], Channel(row["channel"]), quiet, row["surveys"])


async def account(citizen_id: uuid.UUID) -> Account:
    """Raises `AccountNotFound`, also after it was removed."""
    return _account(await fetch_row(OF_ACCOUNT, citizen_id))


def _account(row: Mapping[str, Any] | None) -> Account:
    if row is None:
        raise AccountNotFound
    return Account(row["id"], row["phone"], row["created_at"], _read(row), row["version"])


async def of_phone(phone: str) -> Preferences:
    """What the holder of an E.164 phone chose; nothing where it is nobody's account."""
    row = await fetch_row(
        f"SELECT {CHOSEN} FROM phone_account a JOIN citizen_preference p ON p.citizen_id = a.id"
        " WHERE a.phone = $1",
        phone,
    )
    return UNCHOSEN if row is None else _read(row)


@operation
async def choose(
    *, citizen_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int, now: datetime
) -> Account:
    """Change some of the choices of the version that was seen; what is already so changes nothing.

    `changes` names fields of `Preferences`. Raises `AccountNotFound`, `PreconditionFailed`,
    `QuietHoursNotValid`.
    """
    connection = in_transaction()
    # The account's row, for of the choices there may be none yet.
    await connection.execute("SELECT FROM phone_account WHERE id = $1 FOR UPDATE", citizen_id)
    before = _account(await connection.fetchrow(OF_ACCOUNT, citizen_id))
    if before.version != expected_version:
        raise PreconditionFailed
    chosen = before.preferences._replace(**changes)
    if chosen.quiet is not None and not rules.may_be_quiet(chosen.quiet):
        raise QuietHoursNotValid
    if chosen == before.preferences:
        return before
    await write(citizen_id=citizen_id, chosen=chosen, version=before.version + 1, now=now)
    return before._replace(preferences=chosen, version=before.version + 1)


async def write(*, citizen_id: uuid.UUID, chosen: Preferences, version: int, now: datetime) -> None:
    """Joins the open transaction."""
    quiet = chosen.quiet
    await in_transaction().execute(
        "INSERT INTO citizen_preference"
        " (citizen_id, language, channel, quiet_from, quiet_until, surveys, version, changed_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (citizen_id) DO UPDATE SET"
        " language = EXCLUDED.language, channel = EXCLUDED.channel, quiet_from = EXCLUDED.quiet_from,"
        " quiet_until = EXCLUDED.quiet_until, surveys = EXCLUDED.surveys, version = EXCLUDED.version,"
        " changed_at = EXCLUDED.changed_at",
        citizen_id,
        chosen.language,
        chosen.channel.value,
        quiet.starts if quiet else None,
        quiet.ends if quiet else None,
        chosen.surveys,
        version,
        now,
    )
    await journal.write("preferences.chosen", object_kind="citizen", object_id=citizen_id, at=now)


@operation
async def choose_at_counter(*, phone: str, changes: Mapping[str, Any], now: datetime) -> Account:
    """What the holder of an E.164 phone tells an officer, with or without an account: the last word counts.

    `changes` names fields of `Preferences`; what is already so changes nothing.
    """
    citizen_id = await account_for(phone, now=now)  # locks the account's row
    before = _account(await in_transaction().fetchrow(OF_ACCOUNT, citizen_id))
    chosen = before.preferences._replace(**changes)
    if chosen == before.preferences:
        return before
    await write(citizen_id=citizen_id, chosen=chosen, version=before.version + 1, now=now)
    return before._replace(preferences=chosen, version=before.version + 1)
