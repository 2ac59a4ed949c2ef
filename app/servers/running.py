"""The database of a data folder, whether or not somebody runs it at the moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.servers import lock, named
from app.servers.embedded import running_servers
from app.servers.errors import ServersError
from app.servers.postgres import url_of_running


@asynccontextmanager
async def database_of(data_dir: Path, database_url: str | None) -> AsyncIterator[str]:
    """The named database; else the embedded one as it runs now; else started for as long as the block runs.

    Raises `ServersError`. Unlike `running_servers` it works beside `motcua up` on the same folder.
    """
    if database_url:
        await named.postgres(database_url)
        yield database_url
    elif lock.is_held(data_dir, lock.OURS):
        url = url_of_running(data_dir / "postgres")
        if url is None:
            raise ServersError(
                f"The Motcua that uses {data_dir} has no PostgreSQL running.",
                "Wait until it has started, or set DATABASE_URL to the one it uses.",
            )
        yield url
    else:
        async with running_servers(data_dir, database_url=None, redis_url=None) as servers:
            yield servers.database_url
