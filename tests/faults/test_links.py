"""A wire that breaks what stands on it."""

import asyncio
from random import Random

from app.faults.links import HOST, Link, Trap


async def test_a_trap_is_sprung_though_the_wire_it_is_on_closes_meanwhile() -> None:
    """Who is killed by it closes their end before the killing is over."""
    closed = asyncio.Event()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"COMMIT\x00")
        await writer.drain()
        await reader.read()
        closed.set()
        writer.close()

    async with await asyncio.start_server(server, HOST, 0) as upstream:
        link = Link((HOST, upstream.sockets[0].getsockname()[1]), Random(1))
        port = await link.open()
        _, writer = await asyncio.open_connection(HOST, port)

        async def kill() -> None:
            writer.close()
            while link.alive:
                await asyncio.sleep(0.01)

        trap = link.trap = Trap(b"COMMIT\x00", True, kill)
        try:
            async with asyncio.timeout(10):
                await trap.sprung.wait()
        finally:
            await link.close()
            await writer.wait_closed()


async def test_a_wire_nothing_passes_by_is_not_counted() -> None:
    """Processes are waited for by their wires: those of one that is gone must not stand for its next."""
    came = asyncio.Event()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(server, HOST, 0) as upstream:
        link = Link((HOST, upstream.sockets[0].getsockname()[1]), Random(1))
        _, writer = await asyncio.open_connection(HOST, await link.open())
        try:
            await came.wait()
            assert link.alive == 1
            link.forget()
            assert link.alive == 0
        finally:
            await link.close()
            writer.close()
