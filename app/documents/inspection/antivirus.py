"""ClamAV's daemon, asked over its socket (INSTREAM)."""

import asyncio
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from app.core.later import Later

PORT: Final = 3310
ANSWER_WITHIN_S: Final = 6.0
AGAIN_AFTER: Final = timedelta(minutes=1)
CHUNK: Final = 64 * 1024
LONGEST_ANSWER: Final = 4096


class Scanner:
    """`unix:///path` or `tcp://host:port`."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    async def finds_malware(self, content: bytes) -> bool:
        """Whether the daemon knows something bad in it; raises `Later` unless it says so or says OK.

        An answer that is neither (its limit of size, a database being loaded) is no answer.
        """
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await self._asked(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise Later(AGAIN_AFTER) from None
        if answer.endswith(b" FOUND"):
            return True
        if answer == b"stream: OK":
            return False
        raise Later(AGAIN_AFTER)

    async def _asked(self, content: bytes) -> bytes:
        if self._url.scheme == "unix":
            reader, writer = await asyncio.open_unix_connection(self._url.path, limit=LONGEST_ANSWER)
        else:
            reader, writer = await asyncio.open_connection(
                self._url.hostname, self._url.port or PORT, limit=LONGEST_ANSWER
            )
        try:
            writer.write(b"zINSTREAM\0")
            for at in range(0, len(content), CHUNK):
                piece = content[at : at + CHUNK]
                writer.write(len(piece).to_bytes(4) + piece)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return (await reader.readuntil(b"\0")).removesuffix(b"\0")
        finally:
            writer.close()
