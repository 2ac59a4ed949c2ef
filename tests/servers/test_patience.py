"""Servers that are not there yet are asked again; what is wrong with them is told at once."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app.servers import named
from app.servers.errors import ServersError, Unreachable
from app.servers.patience import once_there

# What PostgreSQL answers a login with, in its protocol's ErrorResponse: severity, code, message.
STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
WRONG_PASSWORD = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "u"\0\0'


class Doorman:
    """Answers every login with the next of its errors, the last for ever."""

    def __init__(self, *errors: bytes) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4))
        await reader.readexactly(length - 4)
        self.asked += 1
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        writer.write(b"E" + (len(error) + 4).to_bytes(4) + error)
        await writer.drain()
        writer.close()


@pytest.fixture
async def doorman() -> AsyncIterator[tuple[Doorman, str]]:
    standing = Doorman(STARTING)
    async with await asyncio.start_server(standing.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield standing, f"postgresql://u:hunter2@127.0.0.1:{port}/motcua?sslmode=disable"


async def test_one_that_says_it_is_starting_is_away_and_not_wrong(doorman: tuple[Doorman, str]) -> None:
    _, url = doorman
    with pytest.raises(Unreachable, match="is starting up"):
        await named.postgres(url)


async def test_one_that_starts_is_asked_again_until_it_says_what_is_wrong(
    doorman: tuple[Doorman, str],
) -> None:
    standing, url = doorman
    standing.errors = [STARTING, STARTING, WRONG_PASSWORD]

    with pytest.raises(ServersError, match="password") as told:
        await once_there(lambda: named.postgres(url))

    assert not isinstance(told.value, Unreachable)
    assert "hunter2" not in str(told.value)
    assert standing.asked == 3


async def test_one_that_never_starts_is_told_when_the_time_is_up(doorman: tuple[Doorman, str]) -> None:
    standing, url = doorman
    began = time.monotonic()

    with pytest.raises(Unreachable, match="is starting up"):
        await once_there(lambda: named.postgres(url), within_s=0.6)

    assert time.monotonic() - began >= 0.6
    assert standing.asked >= 2
