"""Wake-ups: a hint, sent after the commit, that something may be worth looking at.

Redis carries them between processes and may lose every one of them: whoever listens also looks by
itself every so often, and what it finds is read from PostgreSQL. Nothing owed travels this way.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any, Final

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

log: Final = structlog.get_logger(__name__)

PREFIX: Final = "motcua:wake:"
PUBLISH_TIMEOUT_S: Final = 0.5
RECONNECT_S: Final = 1.0
CLOSE_TIMEOUT_S: Final = 2.0

pending: ContextVar[set[str] | None] = ContextVar("pending_wakeups", default=None)


def wake_after_commit(topic: str) -> None:
    """Remember the topic until the open operation has committed."""
    topics = pending.get()
    if topics is not None:
        topics.add(topic)


class Wakeups:
    """One process's ear and mouth for hints. Without Redis it is deaf and mute, and nobody minds."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._listener: asyncio.Task[None] | None = None
        self._events: dict[str, set[asyncio.Event]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def client(self) -> redis.Redis | None:
        return self._client

    async def open(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url, socket_connect_timeout=1, socket_timeout=5, health_check_interval=15
        )
        self._listener = asyncio.create_task(self._listen(), name="wakeups")

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
            self._listener = None
        if self._client is not None:
            # A server that holds every byte would hold the end of this process, too.
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._client.aclose()
            self._client = None

    def send(self, topics: set[str]) -> None:
        """Wake this process at once and the others soon; never waits, never fails."""
        for topic in topics:
            self._wake(topic)
        if self._client is not None and topics:
            task = asyncio.create_task(self._publish(topics))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    @contextlib.asynccontextmanager
    async def subscription(self, *topics: str) -> AsyncIterator["Subscription"]:
        """Hear these topics while the block runs."""
        event = asyncio.Event()
        for topic in topics:
            self._events.setdefault(topic, set()).add(event)
        try:
            yield Subscription(event)
        finally:
            for topic in topics:
                self._events[topic].discard(event)

    def _wake(self, topic: str) -> None:
        for event in self._events.get(topic, ()):
            event.set()

    async def _publish(self, topics: set[str]) -> None:
        if self._client is None:
            return
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                for topic in topics:
                    await self._client.publish(PREFIX + topic, b"")
        except (RedisError, OSError, TimeoutError) as reason:
            log.info("wakeup_not_sent", reason=type(reason).__name__)

    async def _listen(self) -> None:
        while self._client is not None:
            try:
                async with self._client.pubsub() as channel:
                    await channel.psubscribe(PREFIX + "*")
                    await self._hear(channel)
            except (RedisError, OSError) as reason:
                log.info("wakeups_deaf", reason=type(reason).__name__)
                await asyncio.sleep(RECONNECT_S)

    async def _hear(self, channel: Any) -> None:
        while True:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=5.0)
            if message is not None:
                self._wake(message["channel"].decode().removeprefix(PREFIX))


class Subscription:
    """Waits for a hint, or for the time after which one looks anyway."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def taken(self) -> bool:
        """Whether a hint came since it was asked last; waits for nothing."""
        came = self._event.is_set()
        self._event.clear()
        return came

    async def wait(self, at_most_s: float) -> bool:
        """True when a hint came, False when the time ran out."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._event.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._event.clear()


WAKEUPS: Final = Wakeups()
