"""A partner's system on a real port, and the kit that examines it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from app.servers.ports import free_port
from partners.postal.emulator.faults import Fault
from partners.postal.emulator.office import WEBHOOK_PATH
from partners.postal.emulator.server import HOST, running_emulator
from partners.postal.kit.outcome import Outcome, judge
from partners.postal.kit.script import Setup, examine

# Whoever misses a message keeps the kit waiting this long.
PATIENCE_S = 8.0


@contextlib.asynccontextmanager
async def department(port: int, motcua_port: int, fault: Fault | None) -> AsyncIterator[None]:
    """The emulator, which signs in with whatever is served at the other port."""
    async with running_emulator(
        port=port,
        motcua=f"http://{HOST}:{motcua_port}",
        client_id="kit",
        client_secret="kit",
        fault=fault,
    ):
        yield


async def examined(fault: Fault | None, *, patience_s: float = PATIENCE_S) -> Outcome:
    """The verdicts on an emulator with that fault, or with none."""
    port, motcua_port = free_port(), free_port()
    url = f"http://{HOST}:{port}{WEBHOOK_PATH}"
    over = asyncio.Event()

    async def work() -> None:
        async with department(port, motcua_port, fault):
            await over.wait()

    working = asyncio.create_task(work())
    try:
        seen = await examine(Setup(url, HOST, motcua_port, None, patience_s=patience_s))
    finally:
        over.set()
        await working
    return judge(url, seen)
