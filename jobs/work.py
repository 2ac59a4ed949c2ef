"""Work rows in PostgreSQL: facts fanned out, rows claimed, closed, given back, swept and removed by age.

A row is leased with a fencing token, so a killed drainer loses nothing and one that wakes up late finds its
token void. Only the database's clock is asked.

What is asked all the time reads what is owed and nothing else: each branch has a partial index in the order
it is read, and rows are changed by their id. Neither finished rows nor those due later make it slower, and
no plan depends on how many there are (`tests/jobs/test_upkeep.py`).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from jobs.subscription import Lane, Subscription

LEASE: Final = timedelta(seconds=30)
FAN_OUT_BATCH: Final = 200
# While more are left: whoever hears them is told in fewer turns, and a turn is still short.
FAN_OUT_MANY: Final = 2_000
# For how long facts are kept for the listeners of a worker that is not there.
HEARD_FOR: Final = timedelta(days=1)
ERROR_LENGTH: Final = 300
# How long what is done stays to be looked at, and what went wrong.
KEPT: Final = timedelta(days=30)
TROUBLE_KEPT: Final = timedelta(days=365)
REMOVED_AT_ONCE: Final = 5_000
LATE_AT_ONCE: Final = 5_000

# Statistics of a calm hour call every index of what is owed empty: to read one whole and sort it, or to
# look among all that is owed for a dozen ids, seems as cheap then as to read its beginning, or each row by
# its id, and costs more the more is owed. So the planner is left no choice, and thinks once
# (docs/decisions/0061).
IN_ORDER: Final = "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off"
BY_ID: Final = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
ALWAYS_SO: Final = "SET LOCAL plan_cache_mode = force_generic_plan"

# Who hears: this program's listeners, and those of others (`jobs.listening`). Kinds are taken by the most
# urgent of their listeners, and in a lane by who waits longest: the index leads from kind to kind, and in
# each to its oldest. A kind nobody hears is no more than put away.
FAN_OUT: Final = f"""
WITH RECURSIVE own AS MATERIALIZED (
    SELECT * FROM unnest($3::text[], $4::text[], $5::int[], $6::bool[], $7::int[], $8::interval[])
        AS s (kind, subscriber, lane, in_order, max_attempts, lifetime) ),
listeners AS MATERIALIZED (
    SELECT * FROM own UNION ALL
    SELECT kind, subscriber, lane, in_order, max_attempts, lifetime FROM outbox_listener other
     WHERE seen_at > now() - interval '{HEARD_FOR.total_seconds():.0f} s'
       AND NOT EXISTS (SELECT 1 FROM own
                        WHERE own.kind = other.kind AND own.subscriber = other.subscriber) ),
present AS (
    (SELECT kind, seq FROM outbox WHERE state = 'ready' ORDER BY kind, seq LIMIT 1)
    UNION ALL
    SELECT o.kind, o.seq FROM present p, LATERAL (
        SELECT kind, seq FROM outbox WHERE state = 'ready' AND outbox.kind > p.kind
         ORDER BY kind, seq LIMIT 1) o ),
waiting AS MATERIALIZED (
    SELECT kind, seq, coalesce((SELECT min(lane) FROM listeners l WHERE l.kind = present.kind),
                               {Lane.NORMAL:d}) AS lane
      FROM present WHERE kind = ANY($1::text[]) ORDER BY lane, seq ),
facts AS MATERIALIZED (
    SELECT f.* FROM waiting, LATERAL (
        SELECT id, seq, kind, subject FROM outbox
         WHERE state = 'ready' AND outbox.kind = waiting.kind
         ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED ) f
     LIMIT $2 ),
marked AS (
    UPDATE outbox SET state = 'fanned_out' WHERE id = ANY(ARRAY(SELECT id FROM facts)) RETURNING id ),
added AS (
    INSERT INTO outbox_work
        (id, fact_id, seq, kind, subject, subscriber, lane, in_order, max_attempts, expires_at)
    SELECT gen_random_uuid(), f.id, f.seq, f.kind, f.subject, s.subscriber, s.lane, s.in_order,
           s.max_attempts, now() + s.lifetime
      FROM facts f JOIN listeners s ON s.kind = f.kind
    ON CONFLICT ON CONSTRAINT outbox_work_once_per_subscriber DO NOTHING )
SELECT count(*) FROM marked
"""

# In order: nothing of the same aggregate that came before is still owed, fanned out or not.
ITS_TURN: Final = """( NOT w.in_order OR (
         NOT EXISTS (SELECT 1 FROM outbox_work p WHERE p.subscriber = w.subscriber
                        AND p.subject = w.subject AND p.seq < w.seq AND p.state IN ('ready', 'claimed'))
     AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = w.subject
                        AND o.seq < w.seq AND o.state = 'ready') ) )"""

# Lanes are read one after the other, each from its oldest row that is due, until there are enough. A row is
# this program's by listener and kind: an older one leaves a newer one's kinds to it.
CLAIM: Final = f"""
WITH lost AS (
    SELECT w.id, w.lane, w.next_at FROM outbox_work w
     WHERE w.state = 'claimed' AND w.lease_until < now() AND w.attempts < w.max_attempts
       AND w.expires_at > now() AND w.lane <= $5
       AND w.subscriber || ':' || w.kind = ANY($3::text[]) AND {ITS_TURN}
     ORDER BY w.lease_until LIMIT $4 FOR UPDATE SKIP LOCKED ),
due AS (
    SELECT w.id, w.lane, w.next_at FROM generate_series(0, $5) AS lanes (lane), LATERAL (
        SELECT w.id, w.lane, w.next_at FROM outbox_work w
         WHERE w.state = 'ready' AND w.lane = lanes.lane AND w.next_at <= now() AND w.expires_at > now()
           AND w.subscriber || ':' || w.kind = ANY($3::text[]) AND {ITS_TURN}
         ORDER BY w.next_at LIMIT $4 FOR UPDATE SKIP LOCKED ) w
     LIMIT $4 )
UPDATE outbox_work SET state = 'claimed', attempts = attempts + 1,
       lease_token = $1, lease_until = clock_timestamp() + $2::interval
 WHERE id = ANY(ARRAY(
    SELECT id FROM (SELECT * FROM lost UNION ALL SELECT * FROM due) found ORDER BY lane, next_at LIMIT $4))
RETURNING id, kind, subscriber, attempts, max_attempts,
          (SELECT payload FROM outbox WHERE outbox.id = fact_id) AS payload,
          (SELECT request_id FROM outbox WHERE outbox.id = fact_id) AS request_id
"""

# The last five, each with its moment and attempt.
NOTED: Final = """(
    SELECT coalesce(jsonb_agg(error ORDER BY nth), '[]') FROM (
        SELECT error, nth FROM jsonb_array_elements(errors || jsonb_build_object(
                   'at', clock_timestamp(), 'attempt', attempts, 'error', {error}::text))
               WITH ORDINALITY AS each (error, nth) ORDER BY nth DESC LIMIT 5) AS latest)"""

# Of one whose lease was lost to another drainer nothing is written: that one's result counts. Written so,
# its state leads to no index of what is owed: rows are found by their ids.
CLOSE: Final = f"""
UPDATE outbox_work SET state = ended.state, last_error = ended.error,
       lease_token = NULL, lease_until = NULL,
       errors = CASE WHEN ended.error = '' THEN errors ELSE {NOTED.format(error="ended.error")} END,
       next_at = clock_timestamp() + ended.after,
       done_at = CASE WHEN ended.state = 'ready' THEN NULL ELSE clock_timestamp() END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::interval[])
       AS ended (id, token, state, error, after)
 WHERE outbox_work.id = ended.id AND outbox_work.lease_token = ended.token
   AND outbox_work.state || '' = 'claimed'
RETURNING outbox_work.id
"""

# Nothing of it was begun, so it cost no attempt.
GIVE_BACK: Final = """
UPDATE outbox_work SET state = 'ready', attempts = attempts - 1, lease_token = NULL, lease_until = NULL
 WHERE lease_token = $1 AND state = 'claimed' AND id = ANY($2::uuid[])
"""

# A batch: the next sweep goes on.
LATE: Final = f"""
UPDATE outbox_work SET state = 'expired', done_at = clock_timestamp(),
       last_error = CASE WHEN last_error = '' THEN 'nobody came to it in time' ELSE last_error END
 WHERE id = ANY(ARRAY(
    SELECT id FROM outbox_work WHERE state = 'ready' AND expires_at <= clock_timestamp()
     LIMIT {LATE_AT_ONCE} FOR UPDATE SKIP LOCKED))
"""
LOST: Final = f"""
UPDATE outbox_work SET state = CASE WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'dead' END,
       lease_token = NULL, lease_until = NULL, done_at = clock_timestamp(),
       last_error = 'the worker was lost', errors = {NOTED.format(error="'the worker was lost'")}
 WHERE state = 'claimed' AND lease_until < clock_timestamp()
   AND (attempts >= max_attempts OR expires_at <= clock_timestamp())
"""

REMOVE_WORK: Final = f"""
DELETE FROM outbox_work WHERE id = ANY(ARRAY(
    SELECT id FROM outbox_work WHERE state IN (%s) AND done_at < now() - $1::interval
     ORDER BY done_at LIMIT {REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED))
"""
# A fact goes when nothing it caused is left: looked up one by one, never joined.
REMOVE_FACTS: Final = f"""
DELETE FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM outbox o WHERE state = 'fanned_out' AND created_at < now() - $1::interval
       AND (SELECT w.id FROM outbox_work w WHERE w.fact_id = o.id LIMIT 1) IS NULL
     ORDER BY created_at LIMIT {REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One work row this drainer holds the lease of."""

    id: uuid.UUID
    kind: str
    subscriber: str
    attempts: int
    max_attempts: int
    payload: str
    request_id: str
    token: uuid.UUID


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: in which state, why, and when the row is due again."""

    claim: Claim
    state: str
    error: str
    after: timedelta


@operation
async def fan_out(
    subscriptions: Sequence[Subscription], silent: Sequence[str], *, at_most: int = FAN_OUT_BATCH
) -> int:
    """Turn facts into one work row per listener, the most urgent first; kinds this program does not know
    stay for a newer one.
    """
    await in_transaction().execute(IN_ORDER)
    return int(
        await in_transaction().fetchval(
            FAN_OUT,
            sorted({s.fact.kind for s in subscriptions} | set(silent)),
            at_most,
            [s.fact.kind for s in subscriptions],
            [s.name for s in subscriptions],
            [int(s.lane) for s in subscriptions],
            [s.in_order for s in subscriptions],
            [s.max_attempts for s in subscriptions],
            [s.lifetime for s in subscriptions],
        )
    )


@operation
async def claim(subscriptions: Sequence[Subscription], limit: int, *, slowest: Lane) -> list[Claim]:
    """Lease at most so many rows of these listeners, of lanes up to `slowest`."""
    token = new_id()
    await in_transaction().execute(f"{IN_ORDER}; {ALWAYS_SO}")
    rows = await in_transaction().fetch(
        CLAIM, token, LEASE, [f"{s.name}:{s.fact.kind}" for s in subscriptions], limit, int(slowest)
    )
    return [Claim(**dict(row), token=token) for row in rows]


async def close(claimed: Claim, state: str, error: str, after: timedelta) -> bool:
    """End this attempt; False when the lease was lost meanwhile."""
    return claimed.id in await close_all([Ending(claimed, state, error, after)])


@operation
async def close_all(endings: Sequence[Ending]) -> set[uuid.UUID]:
    """End several attempts; the ids of those whose lease still held."""
    # In the order of their ids, so that two who close some of the same wait instead of dying of it.
    ordered = sorted(endings, key=lambda ending: ending.claim.id)
    await in_transaction().execute(f"{BY_ID}; {ALWAYS_SO}")
    rows = await in_transaction().fetch(
        CLOSE,
        [ending.claim.id for ending in ordered],
        [ending.claim.token for ending in ordered],
        [ending.state for ending in ordered],
        [ending.error[:ERROR_LENGTH] for ending in ordered],
        [ending.after for ending in ordered],
    )
    return {row["id"] for row in rows}


@operation
async def give_back(claims: Sequence[Claim]) -> None:
    """Claims nobody began: others may take them at once, and no attempt is counted."""
    for token in {claimed.token for claimed in claims}:
        await in_transaction().execute(
            GIVE_BACK, token, [claimed.id for claimed in claims if claimed.token == token]
        )


@operation
async def sweep() -> int:
    """Close what ran out of time or of attempts. Returns how many."""
    connection = in_transaction()
    return sum([_count(await connection.execute(statement)) for statement in (LATE, LOST)])


@operation
async def remove_old() -> int:
    """Remove a batch of what was done `KEPT` ago, of trouble `TROUBLE_KEPT` ago, and of facts without any
    work that is left. Returns how many rows went; 0 when there is nothing more to do.
    """
    connection = in_transaction()
    gone = 0
    for statement, age in (
        (REMOVE_WORK % "'done', 'cancelled'", KEPT),
        (REMOVE_WORK % "'dead', 'expired'", TROUBLE_KEPT),
        (REMOVE_FACTS, KEPT),
    ):
        gone += _count(await connection.execute(statement, age))
    return gone


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
