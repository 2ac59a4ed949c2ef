"""A line over which a body is cut: real sockets to a served API, so that the server hears what it would."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

ARRIVES_WITHIN_S = 60


async def send_cut(method: str, url: str, headers: Mapping[str, str], body: bytes, *, after: int) -> None:
    """Announce the whole body, send so many bytes of it, and hang up without having heard a word."""
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write("\r\n".join(lines).encode("ascii") + body[:after])
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def until_arrived(http: httpx.AsyncClient, url: str, headers: Mapping[str, str], offset: int) -> None:
    """Ask as a client does after a cut, until all that was sent has been kept; never more than that."""
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        while True:
            answer = await http.head(url, headers=headers)
            assert answer.status_code == 204, answer.status_code
            arrived = int(answer.headers["Upload-Offset"])
            assert arrived <= offset
            if arrived == offset:
                return
            await asyncio.sleep(0.02)
