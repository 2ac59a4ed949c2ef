"""Servers that a URL names: do they answer, how old are they, what time is it there.

Messages never show the URL, because it carries a password.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import redis.asyncio as redis_client
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.servers.errors import ServersError, Unreachable

OLDEST_POSTGRES: Final = 15
OLDEST_REDIS: Final = (6, 2)
ANSWER_WITHIN_S: Final = 5.0
# Nobody is there, or PostgreSQL is, and is starting or stopping.
AWAY: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)


class Answer(NamedTuple):
    """What a server said about itself."""

    where: str
    version: str
    ahead: timedelta  # of our clock


async def postgres(url: str) -> Answer:
    """Ask PostgreSQL. Raises `Unreachable` when nobody answers or it is starting, else `ServersError`."""
    where = _where(url, "DATABASE_URL", {"postgresql", "postgres"})
    try:
        connection = await asyncpg.connect(url, timeout=ANSWER_WITHIN_S)
        try:
            asked = datetime.now(UTC)
            number, there = await connection.fetchrow(
                "SELECT current_setting('server_version_num')::int, clock_timestamp()"
            )
            answered = datetime.now(UTC)
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as reason:
        kind = Unreachable if isinstance(reason, AWAY) else ServersError
        raise kind(
            f"PostgreSQL at {where} cannot be used ({_words(reason)}).", "Check DATABASE_URL."
        ) from reason
    if number // 10_000 < OLDEST_POSTGRES:
        raise ServersError(
            f"PostgreSQL at {where} has version {number // 10_000}.",
            f"Motcua needs {OLDEST_POSTGRES} or newer.",
        )
    version = f"{number // 10_000}.{number % 10_000}"
    return Answer(where, version, there - (asked + (answered - asked) / 2))


async def redis(url: str) -> Answer:
    """Ask Redis. Raises `Unreachable` when nobody answers, `ServersError` when the answer is no."""
    where = _where(url, "REDIS_URL", {"redis", "rediss", "unix"})
    try:
        client = redis_client.Redis.from_url(
            url, socket_connect_timeout=ANSWER_WITHIN_S, socket_timeout=ANSWER_WITHIN_S
        )
        try:
            asked = datetime.now(UTC)
            seconds, micros = await client.time()
            answered = datetime.now(UTC)
            about = await client.info("server")
        finally:
            await client.aclose()
    except (OSError, RedisError, ValueError) as reason:
        away = isinstance(reason, OSError | RedisConnectionError | RedisTimeoutError)
        kind = Unreachable if away and not isinstance(reason, AuthenticationError) else ServersError
        raise kind(f"Redis at {where} cannot be used ({_words(reason)}).", "Check REDIS_URL.") from reason
    version = str(about["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise ServersError(
            f"Redis at {where} has version {version}.",
            f"Motcua needs {'.'.join(map(str, OLDEST_REDIS))} or newer.",
        )
    there = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)
    return Answer(where, version, there - (asked + (answered - asked) / 2))


def _where(url: str, variable: str, schemes: set[str]) -> str:
    """Host and port, for messages."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Why is not said: Python's words quote what it took for the port.
        raise _no_url(variable) from None
    # A password with / ? or # in it ends the host before it began: its beginning looks like a port.
    if parts.netloc and "@" not in parts.netloc and "@" in url:
        raise _no_url(variable)
    if parts.scheme not in schemes:
        raise ServersError(
            f"{variable} must start with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}.",
            _example(variable),
        )
    return f"{parts.hostname or parts.path or 'its default address'}{f':{port}' if port else ''}"


def _no_url(variable: str) -> ServersError:
    return ServersError(
        f"{variable} is not a URL.",
        f"In a password / ? # @ are written %2F %3F %23 %40. {_example(variable)}",
    )


def _example(variable: str) -> str:
    example = {
        "DATABASE_URL": "postgresql://user:password@host:5432/database",
        "REDIS_URL": "redis://:password@host:6379/0",
    }[variable]
    return f"An example: {example}"


def _words(reason: BaseException) -> str:
    text = " ".join(str(reason).split())
    if isinstance(reason, TimeoutError) or not text:
        return f"no answer within {ANSWER_WITHIN_S:.0f} s"
    return text.rstrip(".")
