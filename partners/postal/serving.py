"""A small application on a real port for as long as somebody needs it: the emulator's and the kit's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

STARTS_WITHIN_S: Final = 15.0
PROBE_EVERY_S: Final = 0.02


class PortTaken(OSError):
    """Nothing could be served there; the message names the address."""


@contextlib.asynccontextmanager
async def served(app: Litestar, *, host: str, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """Listening when entered, silent when left; the task ends when the server does. Raises `PortTaken`."""
    await _refuse_taken(host, port)
    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve(), name=f"serving-{port}")
    try:
        await _until_listening(serving, host, port)
        yield serving
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian's
        await asyncio.wait({serving})


async def _refuse_taken(host: str, port: int) -> None:
    """The server would share the port with whoever has it, and answer every other request."""
    try:
        async with await asyncio.start_server(lambda _reader, _writer: None, host, port):
            pass
    except OSError as reason:
        raise PortTaken(f"Nothing can be served at {host}:{port}: {reason.strerror}.") from reason


async def _until_listening(serving: asyncio.Task[None], host: str, port: int) -> None:
    async with asyncio.timeout(STARTS_WITHIN_S):
        while not serving.done():
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return
            await asyncio.sleep(PROBE_EVERY_S)
    raise PortTaken(f"Nothing is served at {host}:{port}.")
