"""Drains the outbox: facts become work rows, work rows are claimed, run, and closed.

Pulling from PostgreSQL with SKIP LOCKED, a lease and a fencing token: any number of drainers in any
number of processes share the rows, a killed one loses nothing, and a paused one that wakes up late
finds its token void. Only the database's clock is asked.
"""

import asyncio
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from prometheus_client import Counter

from app.core import sandbox
from app.core.actor import Actor, current_actor
from app.core.database import INTERRUPTIONS, in_transaction
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import decode
from app.core.wakeups import WAKEUPS
from jobs.subscription import Subscription

log: Final = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=30)
BATCH: Final = 20
FAN_OUT_BATCH: Final = 200
IDLE_S: Final = 1.0
AWAY_S: Final = 0.5
STOP_WITHIN_S: Final = 25.0
BACKOFF_BASE_S: Final = 2.0
BACKOFF_CAP_S: Final = 900.0
ERROR_LENGTH: Final = 300

RUNS: Final = Counter("motcua_outbox_runs", "Work rows run", ["subscriber", "outcome"])

FAN_OUT: Final = """
WITH facts AS (
    SELECT id, seq, kind, subject FROM outbox
     WHERE state = 'ready' AND kind = ANY($1::text[])
     ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED ),
marked AS (
    UPDATE outbox SET state = 'fanned_out' WHERE id IN (SELECT id FROM facts) RETURNING id ),
added AS (
    INSERT INTO outbox_work
        (id, fact_id, seq, kind, subject, subscriber, lane, in_order, max_attempts, expires_at)
    SELECT gen_random_uuid(), f.id, f.seq, f.kind, f.subject, s.subscriber, s.lane, s.in_order,
           s.max_attempts, now() + s.lifetime
      FROM facts f
      JOIN unnest($3::text[], $4::text[], $5::int[], $6::bool[], $7::int[], $8::interval[])
        AS s (kind, subscriber, lane, in_order, max_attempts, lifetime) ON s.kind = f.kind
    ON CONFLICT ON CONSTRAINT outbox_work_once_per_subscriber DO NOTHING )
SELECT count(*) FROM marked
"""

CLAIM: Final = """
UPDATE outbox_work SET state = 'claimed', attempts = attempts + 1,
       lease_token = $1, lease_until = clock_timestamp() + $2::interval
 WHERE id IN (
    SELECT id FROM outbox_work w
     WHERE subscriber = ANY($3::text[]) AND expires_at > clock_timestamp()
       AND ( (state = 'ready' AND next_at <= clock_timestamp())
          OR (state = 'claimed' AND lease_until < clock_timestamp()
              AND attempts < max_attempts) )
       AND ( NOT in_order OR (
             NOT EXISTS (SELECT 1 FROM outbox_work p WHERE p.subscriber = w.subscriber
                            AND p.subject = w.subject AND p.seq < w.seq
                            AND p.state IN ('ready', 'claimed'))
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = w.subject
                            AND o.seq < w.seq AND o.state = 'ready') ) )
     ORDER BY lane, next_at LIMIT $4 FOR UPDATE SKIP LOCKED )
RETURNING id, fact_id, kind, subscriber, attempts, max_attempts,
          (SELECT payload FROM outbox WHERE outbox.id = fact_id) AS payload,
          (SELECT request_id FROM outbox WHERE outbox.id = fact_id) AS request_id
"""

# Zero rows: the lease was lost to another drainer, whose result counts.
CLOSE: Final = """
UPDATE outbox_work SET state = $3, last_error = $4, lease_token = NULL, lease_until = NULL,
       next_at = clock_timestamp() + $5::interval,
       done_at = CASE WHEN $3 = 'ready' THEN NULL ELSE clock_timestamp() END
 WHERE id = $1 AND lease_token = $2 AND state = 'claimed'
"""

SWEEP: Final = """
UPDATE outbox_work SET state = CASE WHEN expires_at <= clock_timestamp() THEN 'expired'
                                    ELSE 'dead' END,
       lease_token = NULL, lease_until = NULL, done_at = clock_timestamp(),
       last_error = CASE WHEN last_error = '' THEN 'the worker was lost' ELSE last_error END
 WHERE (state = 'ready' AND expires_at <= clock_timestamp())
    OR (state = 'claimed' AND lease_until < clock_timestamp()
        AND (attempts >= max_attempts OR expires_at <= clock_timestamp()))
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


@operation
async def fan_out(subscriptions: Sequence[Subscription], silent: Sequence[str]) -> int:
    """Turn facts into one work row per listener; kinds this program does not know stay for a newer one."""
    return int(
        await in_transaction().fetchval(
            FAN_OUT,
            sorted({s.fact.kind for s in subscriptions} | set(silent)),
            FAN_OUT_BATCH,
            [s.fact.kind for s in subscriptions],
            [s.name for s in subscriptions],
            [int(s.lane) for s in subscriptions],
            [s.in_order for s in subscriptions],
            [s.max_attempts for s in subscriptions],
            [s.lifetime for s in subscriptions],
        )
    )


@operation
async def claim(subscribers: Sequence[str], limit: int) -> list[Claim]:
    token = new_id()
    rows = await in_transaction().fetch(CLAIM, token, LEASE, list(subscribers), limit)
    return [
        Claim(
            id=row["id"],
            kind=row["kind"],
            subscriber=row["subscriber"],
            attempts=row["attempts"],
            max_attempts=row["max_attempts"],
            payload=row["payload"],
            request_id=row["request_id"],
            token=token,
        )
        for row in rows
    ]


@operation
async def close(claimed: Claim, state: str, error: str, after: timedelta) -> bool:
    """End this attempt; False when the lease was lost meanwhile."""
    tag = await in_transaction().execute(
        CLOSE, claimed.id, claimed.token, state, error[:ERROR_LENGTH], after
    )
    return bool(tag == "UPDATE 1")


@operation
async def sweep() -> int:
    """Close what ran out of time or of attempts. Returns how many."""
    tag = await in_transaction().execute(SWEEP)
    return int(tag.rpartition(" ")[2])


def backoff(attempts: int) -> timedelta:
    """Full jitter: anywhere between nothing and a doubling bound, so that retries do not march."""
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(attempts, 12))
    return timedelta(seconds=random.uniform(0.2, bound))  # noqa: S311 - spreading, not secrecy


class Drainer:
    """One process's share of the draining."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        silent: Sequence[str] = (),
        concurrency: int = BATCH,
    ) -> None:
        names = [(s.fact.kind, s.name) for s in subscriptions]
        if len(set(names)) != len(names):
            raise ValueError("A listener hears a fact once.")
        self._subscriptions = list(subscriptions)
        self._silent = list(silent)
        self._by_name: Mapping[tuple[str, str], Subscription] = {
            (s.fact.kind, s.name): s for s in subscriptions
        }
        self._subscribers = sorted({s.name for s in subscriptions})
        self._concurrency = concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; `run` returns once what runs is finished, or its time is up."""
        self._stopping.set()

    async def run(self) -> None:
        """Drain until told to stop. An absent PostgreSQL is waited for, in this same task."""
        async with WAKEUPS.subscription("outbox") as hints:
            while not self._stopping.is_set():
                try:
                    busy = await self.turn()
                except (*INTERRUPTIONS, Unavailable) as reason:
                    log.warning("drainer_waits", reason=type(reason).__name__)
                    await self._pause(AWAY_S)
                    continue
                if not busy:
                    await self._rest(hints.wait(IDLE_S))
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_WITHIN_S)
        for task in self._running:
            task.cancel()

    async def turn(self) -> bool:
        """Fan out and start what is due; whether there was anything to do."""
        fanned = await fan_out(self._subscriptions, self._silent)
        room = self._concurrency - len(self._running)
        claims = await claim(self._subscribers, room) if room > 0 else []
        for claimed in claims:
            task = asyncio.create_task(self._attempt(claimed), name=f"work-{claimed.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if not claims and not fanned:
            return False
        if self._running and len(self._running) >= self._concurrency:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return True

    async def drain(self) -> None:
        """Until nothing is due: for the command line and for tests."""
        while await self.turn() or self._running:
            if self._running:
                await asyncio.wait(set(self._running))

    async def _attempt(self, claimed: Claim) -> None:
        current_actor.set(Actor("system", claimed.subscriber, claimed.request_id))
        subscription = self._by_name[(claimed.kind, claimed.subscriber)]
        state, error, after = await _outcome(subscription, claimed)
        RUNS.labels(claimed.subscriber, state).inc()
        try:
            await close(claimed, state, error, after)
        except (*INTERRUPTIONS, Unavailable) as reason:
            # The lease runs out and the work is done again: it was written to bear that.
            log.warning("close_lost", work=str(claimed.id), reason=type(reason).__name__)

    async def _rest(self, wait: Any) -> None:
        """Until a hint, the idle time, the end of a running piece, or the order to stop."""
        waits = {asyncio.ensure_future(wait), asyncio.ensure_future(self._stopping.wait())}
        await asyncio.wait(waits | self._running, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


async def _outcome(subscription: Subscription, claimed: Claim) -> tuple[str, str, timedelta]:
    """Run one piece of work: the state it ends in, why, and when it is due again."""
    try:
        async with asyncio.timeout(LEASE.total_seconds() - 2):
            await sandbox.follow()
            await subscription.work(decode(claimed.kind, claimed.payload))
    except Later as later:
        return _again(claimed, str(later), later.after)
    except (*INTERRUPTIONS, Unavailable) as reason:
        return _again(claimed, type(reason).__name__, backoff(claimed.attempts))
    except Exception as reason:
        log.exception("work_failed", subscriber=claimed.subscriber)
        return "dead", f"{type(reason).__name__}: {reason}", timedelta()
    return "done", "", timedelta()


def _again(claimed: Claim, error: str, after: timedelta) -> tuple[str, str, timedelta]:
    if claimed.attempts >= claimed.max_attempts:
        return "dead", error, timedelta()
    return "ready", error, after
