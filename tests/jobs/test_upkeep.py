"""The outbox after years: what is asked all the time does not feel what was done, and that goes."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from app.core.database import DB, fetch_value
from app.core.outbox import Fact
from jobs import forgetting, schedules, work
from jobs.subscription import Lane, Subscription
from tests.plans import looked_up

FILL = """
WITH facts AS (
    INSERT INTO outbox (id, kind, subject, payload, occurred_at, created_at, request_id, state)
    SELECT gen_random_uuid(), 'siren.rang', 'bell:' || (n / 5), '{}', at, at, '', 'fanned_out'
      FROM (SELECT n, now() - $3::interval AS at FROM generate_series(1, $1::int) n) made
    RETURNING id, seq, kind, subject, created_at)
INSERT INTO outbox_work (id, fact_id, seq, kind, subject, subscriber, lane, in_order, state, max_attempts,
                         expires_at, created_at, done_at)
SELECT gen_random_uuid(), id, seq, kind, subject, 'ear', 2, seq % 4 = 0, $2::text, 12,
       now() + interval '3 days', created_at, CASE WHEN $2 <> 'ready' THEN created_at END
  FROM facts
"""


RECORDS = """
WITH records AS (
    INSERT INTO idempotency_record (actor, operation, key, fingerprint, status, body, headers, expires_at)
    SELECT 'a', 'o', gen_random_uuid()::text, '', 200, '', '{}', now() - $2::interval
      FROM generate_series(1, $1::int))
INSERT INTO sign_in_failure (id, username, at)
SELECT gen_random_uuid(), 'u', now() - $2::interval FROM generate_series(1, $1)
"""


async def filled(rows: int, state: str, *, age: timedelta = timedelta()) -> None:
    assert DB.pool is not None
    await DB.pool.execute(FILL, rows, state, age)


ASKED = {
    "claim": (work.CLAIM, "(gen_random_uuid(), '30 s', '{ear:siren.rang}', 20, 3)"),
    "fan out": (
        work.FAN_OUT,
        "('{siren.rang}', 200, '{siren.rang}', '{ear}', '{2}', '{f}', '{12}', '{3 days}')",
    ),
    "lost": (work.LOST, ""),
    "late": (work.LATE, ""),
}


@pytest.mark.parametrize("name", list(ASKED))
async def test_neither_what_was_done_nor_what_waits_is_read(database: Any, name: str) -> None:
    """Ten times the history and ten times the backlog touch as many pages: none of it is looked at."""
    statement, arguments = ASKED[name]
    tables = ("outbox", "outbox_work")
    waits = 300 if name == "claim" else 0  # what ran out of time is looked for among what waits
    await filled(2_000, "done")
    await filled(waits, "ready")
    little, _ = await looked_up(database.database_url, statement, arguments, tables=tables)
    await filled(18_000, "done")
    await filled(9 * waits, "ready")

    much, whole = await looked_up(database.database_url, statement, arguments, tables=tables)

    # How many listeners there are is the program's affair, and does not grow.
    assert set(whole) <= {"outbox_listener"}
    # Trees are a level deeper; the order within an aggregate is asked of rows by their place.
    assert much <= 2 * little + 50


class SirenRang(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "siren.rang"
    subject_field: ClassVar[str] = "siren_id"

    siren_id: str


async def ignored(_: SirenRang) -> None: ...


EAR = Subscription(SirenRang, "ear", ignored)
READ = """
SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'outbox_work')
     + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'outbox_work')
"""


async def rows_read() -> int:
    """Of work, by index or one after the other, until now."""
    assert DB.pool is not None
    await DB.pool.execute("SELECT pg_stat_force_next_flush()")
    return int(await fetch_value(READ))


async def a_turn() -> int:
    """Claim and close; how many."""
    claims = await work.claim([EAR], 20, slowest=Lane.BULK)
    closed = await work.close_all([work.Ending(each, "done", "", timedelta()) for each in claims])
    return len(closed)


@pytest.mark.parametrize("statistics", ["of a calm hour", "of nothing"])
async def test_a_burst_is_not_read_whole_whatever_statistics_say(database: object, statistics: str) -> None:
    """Nothing was owed when they were made, or a plan was made when there was nothing at all."""
    assert DB.pool is not None
    if statistics == "of a calm hour":
        await filled(2_000, "done")
        for table in ("outbox", "outbox_work"):
            await DB.pool.execute(f"VACUUM ANALYZE {table}")
    else:
        for _ in range(8):
            assert await a_turn() == 0
    await filled(5_000, "ready")

    for _ in range(8):
        before = await rows_read()
        assert await a_turn() == 20
        assert await rows_read() - before < 500


async def test_what_was_done_long_ago_goes_and_what_is_owed_stays(database: object) -> None:
    old, older = work.KEPT + timedelta(days=1), work.TROUBLE_KEPT + timedelta(days=1)
    await filled(7, "done", age=old)
    await filled(2, "cancelled", age=old)
    await filled(3, "done", age=work.KEPT - timedelta(days=1))
    await filled(4, "dead", age=old)
    await filled(1, "dead", age=older)
    await filled(5, "ready", age=older)
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO outbox (id, kind, subject, payload, occurred_at, created_at, request_id, state)"
        " SELECT gen_random_uuid(), 'siren.rang', 'bell:x', '{}', now(), now() - $1::interval, '', state"
        " FROM unnest('{fanned_out,ready}'::text[]) state",
        old,
    )

    gone = [await work.remove_old() for _ in range(3)]

    left = await DB.pool.fetch("SELECT state, count(*) FROM outbox_work GROUP BY state ORDER BY state")
    assert [tuple(row) for row in left] == [("dead", 4), ("done", 3), ("ready", 5)]
    # Ten rows of work with their ten facts, and the fact nobody had heard; not the one nobody looked at.
    assert gone == [10 + 10 + 1, 0, 0]
    assert await fetch_value("SELECT count(*) FROM outbox") == 4 + 3 + 5 + 1


async def test_a_batch_is_bounded_and_the_next_goes_on(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        work, "REMOVE_WORK", work.REMOVE_WORK.replace(f"LIMIT {work.REMOVED_AT_ONCE}", "LIMIT 2")
    )
    monkeypatch.setattr(
        work, "REMOVE_FACTS", work.REMOVE_FACTS.replace(f"LIMIT {work.REMOVED_AT_ONCE}", "LIMIT 2")
    )
    await filled(5, "done", age=work.KEPT * 2)

    gone = []
    while count := await work.remove_old():
        gone.append(count)

    assert gone == [4, 4, 2]


async def test_records_past_their_time_go_batch_by_batch_and_others_stay(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a week without a worker a tick takes what it can, and the next goes on."""
    monkeypatch.setattr(forgetting, "FORGOTTEN_AT_ONCE", 2)
    monkeypatch.setattr(schedules, "REMOVED_PER_TICK", 2)
    assert DB.pool is not None
    for rows, age in ((5, timedelta(days=8)), (3, -timedelta(hours=1))):
        await DB.pool.execute(RECORDS, rows, age)
    kept = "SELECT (SELECT count(*) FROM idempotency_record), (SELECT count(*) FROM sign_in_failure)"

    left = []
    for _ in range(3):
        await schedules.forget_records({})
        left.append(tuple(await DB.pool.fetchrow(kept) or ()))

    assert left == [(4, 4), (3, 3), (3, 3)]


@pytest.mark.parametrize("which", forgetting.PAST_THEIR_TIME)
async def test_a_batch_of_every_kind_of_record_can_be_taken(database: object, which: str) -> None:
    assert await forgetting.forget(which) == 0


async def test_what_ran_out_of_time_is_closed_in_batches(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LATE", work.LATE.replace(f"LIMIT {work.LATE_AT_ONCE}", "LIMIT 2"))
    await filled(3, "ready")
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET expires_at = now() - interval '1 minute'")

    assert [await work.sweep() for _ in range(3)] == [2, 1, 0]


def test_lanes_are_those_the_claim_reads() -> None:
    assert sorted(Lane) == list(range(Lane.BULK + 1))
