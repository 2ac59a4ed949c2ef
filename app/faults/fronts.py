"""A small HTTP side of our own: it can stand before a service and spoil what passes, or be a partner.

HTTP/1.1 with lengths, which is all our clients speak; every request is logged with when it came and what
was told, because the log is what the invariants are checked against.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

HOST: Final = "127.0.0.1"
LONGEST_HEAD: Final = 65_536
DRIP_S: Final = 0.25
UPSTREAM_TIMEOUT_S: Final = 30.0
NOT_FORWARDED: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})


class Manner(StrEnum):
    """How an answer is given."""

    WHOLE = "whole"
    CUT = "cut"  # the connection is reset instead
    HANG = "hang"  # nothing, and the connection stays
    HALF = "half"  # a part of it, and then a reset
    DRIP = "drip"  # a byte at a time


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(errors="replace")).items()}


@dataclass(frozen=True)
class Told:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    manner: Manner = Manner.WHOLE

    def raw(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = f"HTTP/1.1 {self.status} Told\r\nContent-Length: {len(self.body)}\r\n{lines}\r\n"
        return head.encode() + self.body


@dataclass(frozen=True)
class Noted:
    """One line of the log; `at` is the monotonic clock. `upstream` is what the service behind said."""

    at: float
    asked: Asked
    told: Told
    upstream: int | None


Behaviour = Callable[["Front", Asked], Awaitable[Told]]


async def passing(front: "Front", asked: Asked) -> Told:
    """Nothing is spoiled."""
    return await front.forward(asked)


@dataclass
class Front:
    """One listening end. Without `behind` its behaviour has to answer by itself."""

    behind: str | None = None
    behaviour: Behaviour = passing
    log: list[Noted] = field(default_factory=list)
    busy: int = 0  # requests that are not answered yet

    async def open(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self._open_ends: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=UPSTREAM_TIMEOUT_S, trust_env=False)
        self._server = await asyncio.start_server(self._connected, HOST, port, limit=LONGEST_HEAD, ssl=tls)
        self._seen: dict[int, int] = {}
        self._scheme = "http" if tls is None else "https"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self._server.close()
        for task in self._open_ends:
            task.cancel()
        await asyncio.gather(*self._open_ends, return_exceptions=True)
        await self._http.aclose()

    async def forward(self, asked: Asked) -> Told:
        """What the service behind says; 502 where it says nothing."""
        headers = {name: value for name, value in asked.headers.items() if name not in NOT_FORWARDED}
        try:
            answer = await self._http.request(
                asked.method, f"{self.behind}{asked.target}", headers=headers, content=asked.body
            )
        except httpx.HTTPError:
            return Told(502, manner=Manner.CUT)
        self._seen[id(asked)] = answer.status_code
        kept = [
            (name, value)
            for name, value in answer.headers.items()
            if name not in NOT_FORWARDED and name != "content-encoding"
        ]
        return Told(answer.status_code, answer.content, kept)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open_ends.add(task)
        try:
            while (asked := await _read(reader)) is not None:
                came = time.monotonic()
                self.busy += 1
                try:
                    told = await self.behaviour(self, asked)
                finally:
                    self.busy -= 1
                self.log.append(Noted(came, asked, told, self._seen.pop(id(asked), None)))
                if not await _say(told, writer):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            self._open_ends.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


async def _say(told: Told, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection goes on."""
    raw = told.raw()
    match told.manner:
        case Manner.WHOLE:
            writer.write(raw)
            await writer.drain()
            return True
        case Manner.HANG:
            await asyncio.Event().wait()
        case Manner.HALF:
            writer.write(raw[: len(raw) // 2])
            with contextlib.suppress(OSError):
                await writer.drain()
        case Manner.DRIP:
            for n in range(len(raw)):
                writer.write(raw[n : n + 1])
                await writer.drain()
                await asyncio.sleep(DRIP_S)
        case Manner.CUT:
            pass
    writer.transport.abort()
    return False
