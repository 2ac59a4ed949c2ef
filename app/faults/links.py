"""A wire between two of our processes that can be cut, held, slowed or listened to.

Plain TCP, no privileges: what a network does to a connection is done to its bytes. A lost segment is felt
as the pause until it is sent again, so loss is pauses; a black hole keeps the bytes and sends no FIN.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK: Final = 65_536
# What TCP waits before it sends a segment again, doubled each time (RFC 6298, with Linux's floor).
RESEND_S: Final = 0.2
TRICKLE_S: Final = 0.05


class Mode(StrEnum):
    """What the wire does with bytes."""

    PASS = "pass"  # noqa: S105 - a mode
    HOLD = "hold"  # nothing arrives, nobody is told; once it is over, what was on its way arrives
    LOSE = "lose"  # segments are lost and sent again
    SLOW = "slow"  # everything takes `delay_s` longer
    TRICKLE = "trickle"  # a byte at a time
    REFUSE = "refuse"  # new connections are reset, those there are were cut


@dataclass
class Trap:
    """Something done the moment `pattern` passes; the bytes that sprang it are swallowed."""

    pattern: bytes
    to_client: bool
    act: Callable[[], Awaitable[None]]
    # So many times it is let pass first.
    skip: int = 0
    sprung: asyncio.Event = field(default_factory=asyncio.Event)

    async def spring(self) -> None:
        """Whoever it kills closes the wire it stands on, which must not keep it from being sprung."""
        await self.act()
        self.sprung.set()


class Link:
    """One listening end, one upstream; every connection of one process to one neighbour."""

    def __init__(self, upstream: tuple[str, int], chance: Random) -> None:
        self.upstream = upstream
        self.delay_s = 0.0
        self.loss = 0.3
        self.trap: Trap | None = None
        self.opened = 0
        self._chance = chance
        self._mode = Mode.PASS
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._wires: set[_Wire] = set()

    async def open(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        return self.port

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def alive(self) -> int:
        """How many connections there are that something can pass by."""
        return sum(not wire.dead for wire in self._wires)

    async def close(self) -> None:
        self.set(Mode.PASS)
        if self._server is not None:
            self._server.close()
        await self.cut()

    def set(self, mode: Mode, *, delay_s: float = 0.0) -> None:
        """From now on, for connections that are there and new ones."""
        self._mode, self.delay_s = mode, delay_s
        if mode is Mode.HOLD:
            self._flows.clear()
        else:
            self._flows.set()

    async def cut(self) -> None:
        """Reset every connection."""
        for wire in list(self._wires):
            wire.reset()
        await asyncio.sleep(0)

    def forget(self) -> None:
        """Half-open: connections that are there are dead for ever and nobody is told; new ones pass."""
        for wire in self._wires:
            wire.dead = True

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        if self._mode is Mode.REFUSE:
            _reset(writer)
            return
        wire = _Wire(self, reader, writer)
        self._wires.add(wire)
        try:
            await wire.run()
        finally:
            self._wires.discard(wire)

    async def carry(
        self, data: bytes, wire: "_Wire", writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        """One piece of bytes, as the mode has it."""
        trap = self.trap
        if trap is not None and trap.to_client is to_client and trap.pattern in data:
            if trap.skip <= 0:
                self.trap = None
                await asyncio.shield(asyncio.create_task(trap.spring(), name="trap"))
                wire.reset()
                return
            trap.skip -= 1
        await self._flows.wait()
        if wire.dead:
            return
        match self._mode:
            case Mode.SLOW:
                await asyncio.sleep(self.delay_s)
            case Mode.LOSE:
                pause = RESEND_S
                while self._chance.random() < self.loss:
                    await asyncio.sleep(pause)
                    pause *= 2
            case Mode.TRICKLE:
                await _drip(data, writer)
                return
            case _:
                pass
        writer.write(data)
        await writer.drain()


class _Wire:
    """One connection through a link."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.link, self.reader, self.writer = link, reader, writer
        self.dead = False
        self._up: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        try:
            up_reader, self._up = await asyncio.open_connection(*self.link.upstream)
        except OSError:
            _reset(self.writer)
            return
        pumps = {
            asyncio.create_task(self._pump(self.reader, self._up, to_client=False)),
            asyncio.create_task(self._pump(up_reader, self.writer, to_client=True)),
        }
        try:
            _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if not self.dead:
                for pump in left:
                    pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for writer in (self._up, self.writer):
                writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(CHUNK):
                await self.link.carry(data, self, writer, to_client=to_client)

    def reset(self) -> None:
        for writer in (self._up, self.writer):
            if writer is not None:
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _drip(data: bytes, writer: asyncio.StreamWriter) -> None:
    for n in range(len(data)):
        writer.write(data[n : n + 1])
        await writer.drain()
        await asyncio.sleep(TRICKLE_S)
