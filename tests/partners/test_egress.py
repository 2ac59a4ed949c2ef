"""Endpoints that mean harm or are merely bad: slow, endless, redirecting or resolving to the inside."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifications.emulator.certificates import Authority
from partners.postal import egress as rules
from partners.postal.egress import MAX_ANSWER_BYTES, Egress, trusting
from partners.postal.errors import UrlNotAllowed

HOST = "127.0.0.1"
HERE = Egress(allow_private=True)
OUTSIDE = Egress(allow_private=False)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """A raw server that does what it likes once it was asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def test_an_answer_that_drips_is_given_up_after_the_time_for_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every byte comes in time for a limit per byte; the wall clock is what ends it."""
    monkeypatch.setattr(rules, "TOTAL_TIMEOUT_S", 1.0)
    gone = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.1)  # what a slow answer is
        finally:
            gone.set()

    async with answering(drip) as url:
        with pytest.raises(TimeoutError):
            await HERE.post(url, b"{}", {})
        async with asyncio.timeout(30):
            await gone.wait()


async def test_of_an_endless_answer_so_much_is_read_and_no_more() -> None:
    sent = 0

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with answering(pour) as url:
        assert await HERE.post(url, b"{}", {}) == (200, None)
    # What the sockets of both sides hold comes on top of what was read.
    assert MAX_ANSWER_BYTES <= sent < 50_000_000


@contextlib.asynccontextmanager
async def certified(folder: Path, *, ends: datetime | None = None) -> AsyncIterator[tuple[str, str]]:
    """An endpoint an authority vouches for until then: its address, and the file that trusts it."""
    authority, ca_file = Authority(), folder / "authority.pem"
    ca_file.write_bytes(authority.pem)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=authority.serving(ends=ends))
    async with server:
        yield f"https://{HOST}:{server.sockets[0].getsockname()[1]}/hook", str(ca_file)


async def test_an_authority_the_operator_names_is_trusted_and_no_other(tmp_path: Path) -> None:
    async with certified(tmp_path) as (url, ca_file):
        assert await Egress(allow_private=True, ca_file=ca_file).post(url, b"{}", {}) == (204, None)
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await HERE.post(url, b"{}", {})


async def test_a_certificate_that_expired_is_told_nothing(tmp_path: Path) -> None:
    async with certified(tmp_path, ends=datetime.now(UTC) - timedelta(hours=1)) as (url, ca_file):
        with pytest.raises(httpx.ConnectError, match="expired"):
            await Egress(allow_private=True, ca_file=ca_file).post(url, b"{}", {})


def test_a_file_of_authorities_that_cannot_be_read_is_said_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MOTCUA_PARTNER_CA"):
        trusting(str(tmp_path / "nobody.pem"))


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    followed: list[str] = []

    async def inside(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        followed.append("inside")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with answering(inside) as secret:

        async def redirect(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 307 T\r\nLocation: {secret}\r\nContent-Length: 0\r\n\r\n".encode())

        async with answering(redirect) as url:
            assert (await HERE.post(url, b"{}", {}))[0] == 307
    assert followed == []


async def test_an_answer_that_is_no_http_and_one_cut_off_are_failures() -> None:
    async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff nothing of the kind\r\n\r\n")

    async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    for answer in (nonsense, cut):
        async with answering(answer) as url:
            with pytest.raises(httpx.HTTPError):
                await HERE.post(url, b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://example.org:8443/hook",
        "https://user@example.org/hook",
        "https://user:word@example.org/hook",
        "https://example.org/hook#part",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://2130706433/hook",
        "https://0177.0.0.1/hook",
        "https://0x7f.1/hook",
        "https://127.1/hook",
        "https://0/hook",
        "ftp://example.org/hook",
        "https:///hook",
        "https://example.org:port/hook",
        "https://[::1/hook",
        "https://１２７。0.0.1/hook",  # A look-up reads these digits as 127.
    ],
)
async def test_an_address_of_a_shape_that_leads_inside_is_refused_when_it_is_named(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        OUTSIDE.check_shape(url)
    with pytest.raises(UrlNotAllowed):
        await OUTSIDE.post(url, b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks..example.vn/hook",
        "https://.example.vn/hook",
        f"https://{'a' * 64}.example.vn/hook",
        f"https://{'ế' * 60}.example.vn/hook",
        "https://xn--ế.example.vn/hook",
        "https://example.vn/hook\x00",
        "https://example.vn/ho\nok",
        "https://example.vn\x7f/hook",
    ],
)
async def test_an_address_no_request_can_be_made_of_is_refused_when_it_is_named(url: str) -> None:
    for rule in (OUTSIDE, HERE):
        with pytest.raises(UrlNotAllowed):
            rule.check_shape(url)
        with pytest.raises(UrlNotAllowed):
            await rule.post(url, b"{}", {})


async def test_a_host_with_vietnamese_letters_is_looked_up_and_named_in_ascii(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bytes] = []
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]

    async def resolve(host: str, *_asked: Any, **_how: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with server:
        answer = await HERE.post(f"http://Bưu-điện.example.vn:{port}/đến", b"{}", {})

    assert answer == (204, None)
    assert asked[0] == "xn--bu-in-7ya42ik46m.example.vn"
    assert f"host: {asked[0]}:{port}".encode() in [line.lower() for line in heard]


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.9",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "168.63.129.16",
        "192.88.99.1",
        "224.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is judged, not listened on
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "fec0::1",
        "::10.0.0.1",
        "ff02::1",
    ],
)
async def test_a_name_one_of_whose_addresses_is_inside_is_refused_at_every_sending(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    """Also when it was outside as it was registered, and when another of its addresses is."""
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443)),
        (socket.AF_INET6 if ":" in inside else socket.AF_INET, socket.SOCK_STREAM, 6, "", (inside, 443)),
    ]

    async def resolve(*_asked: Any, **_how: Any) -> Any:
        return answers

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(UrlNotAllowed):
        await OUTSIDE.post("https://hooks.example.org/hook", b"{}", {})
