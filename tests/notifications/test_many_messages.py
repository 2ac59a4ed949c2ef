"""After years of messages: what is asked of them reads what it is about, and no more."""

from datetime import timedelta

import pytest

from app.core.database import DB
from notifications import asking, costs, figures
from tests.conftest import Stores
from tests.plans import looked_up

FILL = """
WITH messages AS (
    INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about,
                         state, channel, created_at, not_before, expires_at)
    SELECT gen_random_uuid(), gen_random_uuid()::text, 'otp', 'vi', '+84900000001', 'b', 'gsm7',
           CASE $3::text WHEN 'sms' THEN 1 ELSE 0 END, 'a', $2::text, $3::text, at, at, at
      FROM (SELECT now() - $4::interval AS at FROM generate_series(1, $1::int)) made
    RETURNING id, created_at)
INSERT INTO message_attempt (message_id, n, started_at, ended_at, outcome, provider_id, segments)
SELECT id, 1, created_at, created_at, 'accepted', 'SM' || id, 1 FROM messages
"""


async def told(messages: int, *, state: str, channel: str) -> None:
    """Messages of two months ago that left, and nobody looks after any more."""
    assert DB.pool is not None
    await DB.pool.execute(FILL, messages, state, channel, timedelta(days=60))


# What was asked, and the state and way of the many messages.
ASKED = {
    "another's": (asking.ANOTHERS, "('SMx', gen_random_uuid())", True, "delivered", "sms"),
    "costs": (
        costs.COSTS,
        "(now() - interval '1 day', now(), NULL, 'Asia/Ho_Chi_Minh')",
        *(False, "delivered", "sms"),
    ),
    "figures": (figures.FIGURES, "", True, "accepted", "email"),
}


@pytest.mark.parametrize("name", list(ASKED))
async def test_messages_that_left_long_ago_are_not_read(database: Stores, name: str) -> None:
    """Ten times the history touches as many pages."""
    statement, arguments, for_any, state, channel = ASKED[name]
    tables = ("message", "message_attempt")
    await told(1_000, state=state, channel=channel)
    little, _ = await looked_up(database.database_url, statement, arguments, tables=tables, for_any=for_any)
    await told(9_000, state=state, channel=channel)

    much, whole = await looked_up(
        database.database_url, statement, arguments, tables=tables, for_any=for_any
    )

    assert whole == []
    assert much <= 2 * little + 50
