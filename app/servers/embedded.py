"""Start what has no address, use what has one."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.servers import named
from app.servers.errors import ServersError, Unreachable
from app.servers.lock import exclusive, handed_down
from app.servers.postgres import EmbeddedPostgres
from app.servers.redis import EmbeddedRedis

LOG: Final = logging.getLogger(__name__)


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

    What a URL names is asked once whether it answers and is fit: PostgreSQL has to, Redis may be away.
    With both given nothing is started and the folder is not touched. `durable=False` is for tests: it
    trades safety at a power cut for speed.

    Enter it on a thread that lives as long as the servers should, best the main one: the kernel ends a
    child when the *thread* that started it ends.
    """
    async with contextlib.AsyncExitStack() as stack:
        if database_url:
            await named.postgres(database_url)
        if redis_url:
            try:
                await named.redis(redis_url)
            except Unreachable as reason:  # booking and calling go on without it, so may a start
                LOG.warning("%s", reason)
        postgres = redis = None
        if not (database_url and redis_url):
            try:
                postgres, redis = await _start(
                    stack,
                    data_dir,
                    with_postgres=not database_url,
                    with_redis=not redis_url,
                    durable=durable,
                )
            except OSError as reason:
                raise ServersError(
                    f"The data folder {data_dir} cannot be used ({reason.strerror or reason}).",
                    "`motcua doctor` says more; MOTCUA_DATA_DIR names another folder.",
                ) from reason
        yield Servers(
            database_url=postgres.url if postgres else str(database_url),
            redis_url=redis.url if redis else str(redis_url),
            postgres=postgres,
            redis=redis,
        )


async def _start(
    stack: contextlib.AsyncExitStack,
    data_dir: Path,
    *,
    with_postgres: bool,
    with_redis: bool,
    durable: bool,
) -> tuple[EmbeddedPostgres | None, EmbeddedRedis | None]:
    folder = stack.enter_context(exclusive(data_dir))
    descriptor = await stack.enter_async_context(handed_down(folder))
    postgres = redis = None
    if with_redis:
        redis = EmbeddedRedis(folder / "redis", inherited=descriptor)
        stack.push_async_callback(redis.stop)
        await redis.start()
    if with_postgres:
        postgres = EmbeddedPostgres(folder / "postgres", inherited=descriptor, durable=durable)
        stack.push_async_callback(postgres.stop)
        await postgres.start()
    return postgres, redis
