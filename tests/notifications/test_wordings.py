"""Wordings are versions: a published one stays, and a message says what was in force when it was owed."""

from datetime import datetime

import asyncpg
import pytest

from app.core.database import DB


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE message_template SET vi = 'other'",
        "DELETE FROM message_template",
        "TRUNCATE message_template",
    ],
)
async def test_nobody_changes_a_published_wording(database: object, now: datetime, change: str) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_template (code, version, vi, en, longest, program_version, published_at)"
        " VALUES ('otp', 1, 'a', 'b', '{}', 1, $1)",
        now,
    )

    with pytest.raises(asyncpg.RaiseError, match="stays as it is"):
        await DB.pool.execute(change)

    assert await DB.pool.fetchval("SELECT vi FROM message_template") == "a"
