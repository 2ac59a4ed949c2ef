"""Drains the outbox: facts become work rows, work rows are claimed, run, and closed.

Any number of drainers in any number of processes share the rows (`jobs.work`): a killed one loses nothing.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import structlog
from prometheus_client import Counter

from app.core import sandbox, tracing
from app.core.actor import Actor, current_actor
from app.core.database import INTERRUPTIONS
from app.core.errors import Unavailable
from app.core.later import Later
from app.core.outbox import decode
from app.core.wakeups import WAKEUPS
from app.core.wakeups import Subscription as Hints
from app.http.wordless import in_short
from jobs.closing import Closer
from jobs.listening import REFRESHED_EVERY_S, RELEASE, register
from jobs.subscription import Lane, Subscription
from jobs.work import FAN_OUT_BATCH, FAN_OUT_MANY, LEASE, Claim, claim, fan_out, give_back

log: Final = structlog.get_logger(__name__)

BATCH: Final = 20
IDLE_S: Final = 1.0
MOMENT_S: Final = 0.05
AWAY_S: Final = 0.5
STOP_WITHIN_S: Final = 25.0
BACKOFF_BASE_S: Final = 2.0
BACKOFF_CAP_S: Final = 900.0

RUNS: Final = Counter("motcua_outbox_runs", "Work rows run", ["subscriber", "outcome"])

# Of what runs at once, the share a lane and those behind it may hold: whoever waits for a code finds room
# however many reminders a slow provider keeps hanging.
SHARE: Final[Mapping[Lane, float]] = MappingProxyType(
    {Lane.BULK: 0.6, Lane.NORMAL: 0.8, Lane.URGENT: 0.9, Lane.CODE: 1.0}
)


def room_for(running: int, concurrency: int) -> tuple[int, Lane]:
    """How many rows to claim, and of lanes up to which (pure); no room is 0."""
    for lane, share in SHARE.items():
        room = max(1, int(concurrency * share)) - running
        if room > 0:
            return room, lane
    return 0, Lane.CODE


def backoff(attempts: int) -> timedelta:
    """Full jitter: anywhere between nothing and a doubling bound, so that retries do not march."""
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(attempts, 12))
    return timedelta(seconds=random.uniform(0.2, bound))  # noqa: S311 - spreading, not secrecy


class _Turn(NamedTuple):
    """What one turn fanned out, of so many facts it would have, and claimed, of the room there was."""

    facts: int
    fanned: int
    room: int
    claimed: int

    @property
    def did_something(self) -> bool:
        return bool(self.fanned or self.claimed)

    @property
    def facts_are_left(self) -> bool:
        return 0 < self.facts <= self.fanned

    @property
    def there_is_more(self) -> bool:
        return self.claimed == self.room or self.facts_are_left


class Drainer:
    """One process's share of the draining."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        silent: Sequence[str] = (),
        concurrency: int = BATCH,
        stop_within_s: float = STOP_WITHIN_S,
        release: int = RELEASE,
    ) -> None:
        names = [(s.fact.kind, s.name) for s in subscriptions]
        if len(set(names)) != len(names):
            raise ValueError("A listener hears a fact once.")
        self._subscriptions = list(subscriptions)
        self._silent = list(silent)
        self._by_name: Mapping[tuple[str, str], Subscription] = {
            (s.fact.kind, s.name): s for s in subscriptions
        }
        self._concurrency = concurrency
        self._stop_within_s = stop_within_s
        self._running: set[asyncio.Task[None]] = set()
        self._closer = Closer()
        self._looked_at = 0.0
        self._release = release
        self._registered_at: float | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; `run` returns once what runs is finished, or its time is up."""
        self._stopping.set()

    async def run(self) -> None:
        """Drain until told to stop. An absent PostgreSQL is waited for, in this same task."""
        async with WAKEUPS.subscription("outbox") as hints:
            while not self._stopping.is_set():
                try:
                    await self._tell_others()
                    turn = await self._turn(facts=FAN_OUT_BATCH)
                    while turn.there_is_more and not self._stopping.is_set():
                        await self._until_half_is_free()
                        await self._tell_others()
                        turn = await self._turn(facts=self._facts_after(turn, hints))
                except (*INTERRUPTIONS, Unavailable) as reason:
                    log.warning("drainer_waits", reason=type(reason).__name__)
                    await self._pause(AWAY_S)
                    continue
                if not turn.did_something:
                    await self._rest(hints.wait(IDLE_S))
        if self._running:
            await asyncio.wait(self._running, timeout=self._stop_within_s)
        # What does not end is left to its lease: whether it was done is not known.
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def turn(self) -> bool:
        """Fan out and start what is due; whether there was anything to do."""
        return (await self._turn(facts=FAN_OUT_BATCH)).did_something

    async def _tell_others(self) -> None:
        """What is heard here, from time to time: programs that do not hear it fan out for this one, too."""
        now = asyncio.get_running_loop().time()
        if self._registered_at is None or now - self._registered_at > REFRESHED_EVERY_S:
            await register(self._subscriptions, release=self._release)
            self._registered_at = now

    async def _turn(self, *, facts: int) -> "_Turn":
        fanned = 0
        if facts:
            self._looked_at = asyncio.get_running_loop().time()
            fanned = await fan_out(self._subscriptions, self._silent, at_most=facts)
        room, slowest = room_for(len(self._running), self._concurrency)
        claims = await claim(self._subscriptions, room, slowest=slowest) if room > 0 else []
        if claims and self._stopping.is_set():
            await give_back(claims)
            return _Turn(0, 0, 0, 0)
        for claimed in claims:
            task = asyncio.create_task(self._attempt(claimed), name=f"work-{claimed.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return _Turn(facts, fanned, room, len(claims))

    async def drain(self) -> None:
        """Until nothing is due: for the command line and for tests."""
        while await self.turn() or self._running:
            if self._running:
                await asyncio.wait(set(self._running))

    async def _attempt(self, claimed: Claim) -> None:
        current_actor.set(Actor("system", claimed.subscriber, claimed.request_id))
        subscription = self._by_name[(claimed.kind, claimed.subscriber)]
        with tracing.span(
            f"{claimed.subscriber} {claimed.kind}",
            fact=claimed.kind,
            subscriber=claimed.subscriber,
            attempt=claimed.attempts,
            request_id=claimed.request_id,
        ) as made:
            state, error, after = await _outcome(subscription, claimed)
            made.tell(outcome=state)
        RUNS.labels(claimed.subscriber, state).inc()
        try:
            await self._closer.close(claimed, state, error, after)
        except (*INTERRUPTIONS, Unavailable) as reason:
            # The lease runs out and the work is done again: it was written to bear that.
            log.warning("close_lost", work=str(claimed.id), reason=type(reason).__name__)

    async def _until_half_is_free(self) -> None:
        """For a moment at most: so that a claim is worth its round trips."""
        stop = asyncio.ensure_future(self._stopping.wait())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOMENT_S):
                while len(self._running) > self._concurrency // 2 and not stop.done():
                    await asyncio.wait({stop} | self._running, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        await asyncio.gather(stop, return_exceptions=True)

    def _facts_after(self, turn: "_Turn", hints: Hints) -> int:
        """How many facts the next turn fans out: many while more are left, none if nobody told of any."""
        hinted = hints.taken()
        if turn.facts_are_left:
            return FAN_OUT_MANY
        overdue = asyncio.get_running_loop().time() - self._looked_at > IDLE_S
        return FAN_OUT_BATCH if hinted or overdue else 0

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
        return "dead", in_short(reason), timedelta()
    return "done", "", timedelta()


def _again(claimed: Claim, error: str, after: timedelta) -> tuple[str, str, timedelta]:
    if claimed.attempts >= claimed.max_attempts:
        return "dead", error, timedelta()
    return "ready", error, after
