"""14 days of one centre through HTTP ÷ the framework's own hello, on one server in one run.

A granian process with the whole application and, beside it, Litestar's smallest JSON answer. The same
client asks both in interleaved rounds over kept connections: plain sockets, so that what is measured is
the server. Bodies are whole (no 304): two pools, 8 hours a day, ten-minute slots.
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from app.core.clock import local_date
from app.core.database import DB
from bench.metrics import Metric, ratio_of, shown
from bench.stage import PROCEDURE, make_centre, open_pools, own_database

CONNECTIONS: Final = 64
PER_ROUND: Final = 4000
ROUNDS: Final = 5
ROUNDS_LONG: Final = 15
DAYS: Final = 14
GRAINS_A_DAY: Final = 48
FLOOR: Final = 0.4
STARTS_WITHIN_S: Final = 20.0


def serve_factory() -> Any:
    """What the measured server runs: the application, with one more route."""
    from litestar import Litestar, get  # noqa: PLC0415 - only in the server process

    from app.entrance import open_entrance  # noqa: PLC0415
    from app.http.access import open_to  # noqa: PLC0415
    from app.http.principals import Caller  # noqa: PLC0415
    from app.main import create_app  # noqa: PLC0415

    @get("/hello", opt=open_to(Caller.ANYONE))
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    entrance = open_entrance()
    application = create_app(
        entrance.settings, database_url=entrance.database_url, redis_url=entrance.redis_url
    )
    plain = Litestar(route_handlers=[hello], openapi_config=None)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        served = plain if scope.get("path") == "/hello" else application
        await served(scope, receive, send)

    return either


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `availability`."""
    async with own_database(dsn) as url:
        path = await _prepare(url)
        async with _server(url) as port:
            rates: list[float] = []
            references: list[float] = []
            # A server just started is slower for its first few thousand answers.
            size = await _rate(port, path, PER_ROUND)
            await _rate(port, "/hello", PER_ROUND)
            for _ in range(ROUNDS_LONG if long else ROUNDS):
                references.append((await _rate(port, "/hello", PER_ROUND))[0])
                rates.append((await _rate(port, path, PER_ROUND))[0])
    return {
        "availability": ratio_of(rates, references, unit="requests/s", floor=FLOOR),
        "availability_bytes": shown(size[1], "bytes"),
    }


async def _prepare(url: str) -> str:
    await DB.open(url)
    try:
        stage = await make_centre(url, pools=2)
        for day in range(DAYS):
            await open_pools(stage, day=day, grains=GRAINS_A_DAY, counters=4)
    finally:
        await DB.close()
    first = local_date(stage.opens) - timedelta(days=1)
    last = first + timedelta(days=DAYS - 1)
    return f"/v1/availability?centre={stage.centre_id}&procedure={PROCEDURE}&from={first}&to={last}"


@asynccontextmanager
async def _server(url: str) -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"),
            "MOTCUA_DATA_DIR": folder,
            "MOTCUA_LOG_LEVEL": "error",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop"),
            *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
            *("--factory", "bench.availability:serve_factory"),
            env=environment,
        )
        try:
            await _answers(port)
            yield port
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(STARTS_WITHIN_S):
        while True:
            try:
                await _rate(port, "/hello", 1)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)
            else:
                return


async def _rate(port: int, path: str, total: int) -> tuple[float, int]:
    """Answers per second over kept connections, and the size of a body."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    left, size = total, 0

    async def client() -> None:
        nonlocal left, size
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        try:
            while left > 0:
                left -= 1
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"{path} answered {head.splitlines()[0]!r}")
                size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(size)
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(min(CONNECTIONS, total))))
    return total / (time.perf_counter() - began), size
