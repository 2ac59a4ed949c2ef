"""How often a partner may call: a bucket of requests that fills at an even rate.

The bucket is in Redis, so that all processes share it. Without Redis each process keeps a bucket of its own
(TRUST.md 3.6): for a while more is let through than agreed, and nobody is kept out.
"""

import asyncio
import math
import time
from typing import Final, NamedTuple

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from redis.exceptions import RedisError

from app.core.errors import TooMany
from app.core.wakeups import WAKEUPS, Wakeups
from app.http.principals import Audience, Principal

log: Final = structlog.get_logger(__name__)

PREFIX: Final = "motcua:bucket:"
WAIT_FOR_REDIS_S: Final = 0.2
# After Redis did not answer, it is left alone for so long.
APART_S: Final = 5.0
MOST_BUCKETS: Final = 10_000

TAKE: Final = """
local moment = redis.call('TIME')
local now = moment[1] * 1000 + math.floor(moment[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local size, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = math.min(size, (tonumber(kept[1]) or size) + (now - (tonumber(kept[2]) or now)) * per_ms)
local taken = 0
if left >= 1 then left = left - 1; taken = 1 end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(size / per_ms))
return {taken, tostring(left)}
"""


class Taken(NamedTuple):
    """Whether a request fits, and what is left in the bucket."""

    fits: bool
    left: float


class Buckets:
    """Buckets of one size; each is full again after a minute."""

    def __init__(self, per_minute: int, *, redis: Wakeups = WAKEUPS) -> None:
        self.per_minute = per_minute
        self._redis = redis
        self._own: dict[str, tuple[float, float]] = {}
        self._apart_until = 0.0

    @property
    def per_second(self) -> float:
        return self.per_minute / 60

    async def take(self, name: str) -> Taken:
        client = self._redis.client
        if client is not None and time.monotonic() > self._apart_until:
            try:
                async with asyncio.timeout(WAIT_FOR_REDIS_S):
                    taken, left = await client.eval(  # type: ignore[misc]  # one stub for both kinds of client
                        TAKE, 1, PREFIX + name, str(self.per_minute), str(self.per_second / 1000)
                    )
                return Taken(bool(taken), float(left))
            except (RedisError, OSError, TimeoutError) as reason:
                self._apart_until = time.monotonic() + APART_S
                log.info("bucket_of_own", reason=type(reason).__name__)
        return self._take_of_own(name)

    def _take_of_own(self, name: str) -> Taken:
        now = time.monotonic()
        left, at = self._own.get(name, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - at) * self.per_second)
        fits = left >= 1
        if len(self._own) >= MOST_BUCKETS:
            self._own.clear()
        self._own[name] = (left - 1 if fits else left, now)
        return Taken(fits, self._own[name][0])

    def wait_s(self, taken: Taken) -> int:
        """Whole seconds until one more fits."""
        return max(1, math.ceil((1 - taken.left) / self.per_second))


class PartnerLimit:
    """The layer around a partner's routes: too many are told when to come back.

    Every answer says what is left (`RateLimit-Limit`, `-Remaining`, `-Reset`), so that a program can slow
    down before it is told to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = scope.get("user")
        if not isinstance(principal, Principal) or principal.audience is not Audience.PARTNER:
            await self._app(scope, receive, send)
            return
        buckets: Buckets = scope["litestar_app"].state.partner_buckets
        taken = await buckets.take(f"partner:{principal.id}")
        if not taken.fits:
            raise TooMany(retry_after=buckets.wait_s(taken))
        headers = _headers(buckets, taken)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self._app(scope, receive, told)


def _headers(buckets: Buckets, taken: Taken) -> list[tuple[bytes, bytes]]:
    full_in = math.ceil((buckets.per_minute - taken.left) / buckets.per_second)
    return [
        (b"ratelimit-limit", str(buckets.per_minute).encode()),
        (b"ratelimit-remaining", str(int(taken.left)).encode()),
        (b"ratelimit-reset", str(full_in).encode()),
    ]
