"""The application in a process of its own, and a crowd that asks it over kept connections.

Plain sockets: what is measured is the server, not a client library. Beside the application the same
process serves Litestar's smallest JSON answer, which is the reference of what a request costs.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.core import keys as core_keys
from app.http.tokens import SigningKey, Tokens
from app.servers.ports import free_port
from bench.metrics import percentile

CONNECTIONS: Final = 64
HELLO: Final = "/hello"
STARTS_WITHIN_S: Final = 20.0


class Served(NamedTuple):
    """Where it listens, and the keys it signs with."""

    port: int
    keys_file: Path


class Crowd(NamedTuple):
    """How a crowd fared."""

    rate: float
    waits_ms: list[float]
    statuses: "Counter[int]"
    size: int

    @property
    def p99_ms(self) -> float:
        return percentile(self.waits_ms, 0.99)


def serve_factory() -> Any:
    """What the measured server runs: the application, with one more route."""
    from litestar import Litestar, get  # noqa: PLC0415 - only in the server process

    from app.main import serve_factory as make_application  # noqa: PLC0415

    @get(HELLO)
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    application = make_application()
    plain = Litestar(route_handlers=[hello], openapi_config=None)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        served = plain if scope.get("path") == HELLO else application
        await served(scope, receive, send)

    return either


def issuer(served: Served) -> Tokens:
    """Signs as the served application does."""
    keys = core_keys.load(served.keys_file)
    return Tokens({kid: SigningKey.from_pem(kid, pem) for kid, pem in keys.signing.items()})


@asynccontextmanager
async def server(url: str) -> AsyncIterator[Served]:
    """The application on a database, answering."""
    port = free_port()
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
            *("--factory", "bench.wire:serve_factory"),
            env=environment,
        )
        try:
            await _answers(port)
            yield Served(port, Path(folder) / core_keys.FILE_NAME)
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(STARTS_WITHIN_S):
        while True:
            try:
                await crowd(port, repeat(get(HELLO)), total=1)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)
            else:
                return


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{lines}\r\n"
    )
    return head.encode() + body


async def crowd(
    port: int, requests: Iterator[bytes], *, total: int, connections: int = CONNECTIONS
) -> Crowd:
    """So many requests, each connection asking again as soon as it is answered."""
    left, size = total, 0
    waits: list[float] = []
    statuses: Counter[int] = Counter()

    async def client() -> None:
        nonlocal left, size
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        try:
            while left > 0:
                left -= 1
                asked = time.perf_counter()
                writer.write(next(requests))
                status, body = await answer(reader)
                waits.append((time.perf_counter() - asked) * 1000)
                statuses[status] += 1
                size = len(body)
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(min(connections, total))))
    return Crowd(total / (time.perf_counter() - began), waits, statuses, size)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer of known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length:")
    body = await reader.readexactly(int(length.split(b"\r\n", 1)[0])) if length else b""
    return int(head[9:12]), body
