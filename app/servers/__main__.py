"""`python -m app.servers --data-dir X`: the embedded servers alone, until a signal.

One line of JSON on stdout says where they are; an operator points psql, another checkout or a test at it.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app.servers.embedded import running_servers
from app.servers.errors import ServersError


async def serve(data_dir: Path, *, durable: bool) -> None:
    """Until this task is cancelled, which SIGTERM does."""
    async with running_servers(data_dir, database_url=None, redis_url=None, durable=durable) as servers:
        line = {
            "data_dir": str(data_dir),
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def _until_signalled(data_dir: Path, *, durable: bool) -> None:
    serving = asyncio.create_task(serve(data_dir, durable=durable))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, serving.cancel)
    await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m app.servers", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="where the data is kept")
    parser.add_argument("--not-durable", action="store_true", help="for tests: no fsync")
    chosen = parser.parse_args(arguments)
    try:
        asyncio.run(_until_signalled(chosen.data_dir.absolute(), durable=not chosen.not_durable))
    except ServersError as reason:
        sys.stderr.write(f"motcua: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
