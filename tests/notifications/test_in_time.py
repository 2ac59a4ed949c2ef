"""A provider that answers a few bytes a second keeps nobody: the whole answer has its time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from notifications.emulator.server import TwilioEmulator
from notifications.port import Accepted, Unknown
from tests.notifications.conftest import MakeChannel
from tests.notifications.test_twilio_channel import outgoing

# Far beyond what is granted to an answer here, far below what these answers take.
PATIENCE_S = 30
ANSWER_WITHIN_S = 0.5
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


class Trickling:
    """Takes what it is asked, says `at_once`, and then one byte after the other, for ever."""

    def __init__(self, at_once: bytes) -> None:
        self.at_once, self.asked, self.cut = at_once, 0, asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        writer.write(self.at_once)
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"H" if not self.at_once else b" ")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await reader.read(1 << 16)
        self.cut.set()
        writer.close()


@pytest.fixture(params=[b"", HEAD], ids=["the head", "the body"])
async def trickling(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Trickling, str]]:
    slow = Trickling(request.param)
    async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield slow, f"http://{host}:{port}"


async def test_an_answer_that_trickles_is_given_up_and_its_fate_unknown(
    trickling: tuple[Trickling, str], make_channel: MakeChannel
) -> None:
    slow, address = trickling
    channel = make_channel(api_base=address, timeout_s=ANSWER_WITHIN_S)

    async with asyncio.timeout(PATIENCE_S):
        answer = await channel.send(outgoing())
        await slow.cut.wait()

    assert isinstance(answer, Unknown)
    assert slow.asked == 1, "never asked twice"


async def test_who_answers_in_time_keeps_the_connection(
    make_channel: MakeChannel, emulator: TwilioEmulator
) -> None:
    """The moment of one call is not the end of the next that uses its connection."""
    channel = make_channel(timeout_s=ANSWER_WITHIN_S)

    first = await channel.send(outgoing())
    second = await channel.send(outgoing())

    assert isinstance(first, Accepted) and isinstance(second, Accepted)
