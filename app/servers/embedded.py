"""Start what has no address, use what has one."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.servers.lock import exclusive
from app.servers.postgres import EmbeddedPostgres
from app.servers.redis import EmbeddedRedis


@dataclass(frozen=True)
class Servers:
    """Where the stores are. `postgres` and `redis` are there when they are ours to restart."""

    database_url: str
    redis_url: str
    postgres: EmbeddedPostgres | None
    redis: EmbeddedRedis | None


@contextlib.asynccontextmanager
async def running_servers(
    data_dir: Path,
    *,
    database_url: str | None,
    redis_url: str | None,
    durable: bool = True,
) -> AsyncIterator[Servers]:
    """Servers for as long as the block runs. Raises `ServersError` with a remedy.

    With both URLs given nothing is started and the folder is not touched. `durable=False` is for
    tests: it trades safety at a power cut for speed.
    """
    if database_url and redis_url:
        yield Servers(database_url, redis_url, None, None)
        return
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(exclusive(data_dir))
        postgres = redis = None
        if not redis_url:
            redis = EmbeddedRedis(data_dir / "redis")
            stack.push_async_callback(redis.stop)
            await redis.start()
        if not database_url:
            postgres = EmbeddedPostgres(data_dir / "postgres", durable=durable)
            stack.push_async_callback(postgres.stop)
            await postgres.start()
        yield Servers(
            database_url=postgres.url if postgres else str(database_url),
            redis_url=redis.url if redis else str(redis_url),
            postgres=postgres,
            redis=redis,
        )
