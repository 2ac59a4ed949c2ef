"""What is due later is made due: a pause of half a minute is nothing a cell waits for."""

from datetime import timedelta

import pytest

from app.core.database import DB
from app.faults.matrix import BRING_FORWARD
from tests.conftest import Stores

VISIT = "01a220c3-ef51-7749-8dab-67eccce18a0a"
FACT = """
INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id, state)
VALUES (gen_random_uuid(), $1, $2, '{}', now(), '', 'fanned_out') RETURNING id, seq
"""
WORK = """
INSERT INTO outbox_work (id, fact_id, seq, kind, subject, subscriber, lane, in_order, max_attempts,
                         expires_at, next_at, attempts)
VALUES (gen_random_uuid(), $1, $2, $3, $4, 'people', 1, false, 12, now() + interval '1 day',
        now() + interval '30 seconds', 1)
"""
MESSAGE = """
INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about, state,
                     created_at, not_before, expires_at)
VALUES (gen_random_uuid(), gen_random_uuid()::text, 't', 'vi', '+84900000001', 'b', 'gsm7', 1, $1, $2,
        now(), now() + $3::interval, now() + interval '1 day')
"""
DUE = "SELECT count(*) FROM outbox_work WHERE next_at <= clock_timestamp()"
CIRCUIT = """
INSERT INTO message_circuit (way, failures, first_failed_at, reason, open_until)
VALUES ('sms', 5, now(), 'http 500', now() + interval '30 seconds')
"""
LEFT_ALONE = "SELECT count(*) FROM message_circuit WHERE open_until > clock_timestamp()"


async def _waits(kind: str, subject: str) -> None:
    assert DB.pool is not None
    fact = await DB.pool.fetchrow(FACT, kind, subject)
    await DB.pool.execute(WORK, fact["id"], fact["seq"], kind, subject)


@pytest.mark.parametrize("about", [f"appointment:{VISIT}", f"home_visit.cancelled:{VISIT}"])
async def test_work_that_waits_for_its_message_is_due(database: Stores, about: str) -> None:
    assert DB.pool is not None
    await _waits("k", f"home_visit:{VISIT}")
    await DB.pool.execute(MESSAGE, about, "ready", timedelta())
    await DB.pool.execute(BRING_FORWARD)
    assert await DB.pool.fetchval(DUE) == 1


@pytest.mark.parametrize(
    ("state", "in_s"), [("ready", 600), ("accepted", 0)], ids=["for the morning", "sent already"]
)
async def test_what_waits_for_something_else_goes_on_waiting(
    database: Stores, state: str, in_s: int
) -> None:
    assert DB.pool is not None
    await _waits("k", f"home_visit:{VISIT}")
    await DB.pool.execute(MESSAGE, f"home_visit.confirmed:{VISIT}", state, timedelta(seconds=in_s))
    await DB.pool.execute(BRING_FORWARD)
    assert await DB.pool.fetchval(DUE) == 0


@pytest.mark.parametrize(("state", "left_alone"), [("ready", 0), ("calling", 1)])
async def test_a_way_is_tried_again_unless_somebody_tries_it(
    database: Stores, state: str, left_alone: int
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(CIRCUIT)
    await DB.pool.execute(MESSAGE, f"home_visit.confirmed:{VISIT}", state, timedelta())
    await DB.pool.execute(BRING_FORWARD)
    assert await DB.pool.fetchval(LEFT_ALONE) == left_alone
