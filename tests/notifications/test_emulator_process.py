"""The emulator as the demo runs it: a process of its own that is there at once and leaves when told."""

import asyncio
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest

from app.servers.ports import free_port
from notifications.port import Accepted, Outgoing
from tests.notifications.conftest import ACCOUNT, LAN, TOKEN, MakeChannel, until


class Running(NamedTuple):
    """The process and where it answers."""

    process: asyncio.subprocess.Process
    url: str


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "notifications.emulator", "--port", str(port),
        env={"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:

            async def answers() -> bool:
                try:
                    return (await http.get("/__log")).status_code == 200
                except httpx.TransportError:
                    assert process.returncode is None
                    return False

            await until(answers)
        yield Running(process, url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_everything_accepted_can_be_read_in_its_log(
    running: Running, make_channel: MakeChannel
) -> None:
    sms = make_channel(api_base=running.url, timeout_s=5.0)
    message = Outgoing(uuid.uuid4(), 1, LAN, "Motcua: ma xac nhan la 123456.", 300)

    answer = await sms.send(message)

    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        (line,) = (await http.get("/__log")).json()["messages"]
    assert answer == Accepted(line["sid"])
    assert (line["to"], line["body"]) == (LAN, message.body)


async def test_it_stops_when_told_to(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(5):
        assert await running.process.wait() == 0


async def test_a_port_in_use_is_said_in_one_line(running: Running) -> None:
    port = running.url.rpartition(":")[2]
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "notifications.emulator", "--port", port,
        env={"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async with asyncio.timeout(10):
        _, complaint = await second.communicate()

    assert second.returncode == 1
    assert complaint.decode().count("\n") == 1
    assert port in complaint.decode()
