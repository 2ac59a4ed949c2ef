"""Where we are willing to connect to (ASVS 5.0 1.3.6, server-side request forgery).

A partner gives us an address, so the name is resolved once, every answer is judged, and the connection
goes to the judged address with the original name: a second look-up could answer differently. No
redirects, no proxy from the environment, a wall-clock limit, and a bounded answer.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from partners.postal.errors import UrlNotAllowed

CONNECT_TIMEOUT_S: Final = 3.0
TOTAL_TIMEOUT_S: Final = 15.0
MAX_ANSWER_BYTES: Final = 64 * 1024
LONGEST_RETRY_AFTER: Final = timedelta(days=1)

# `is_global` says yes to each of these, and each leads inside (NAT64, 6to4, anycast relays, a cloud's
# metadata address, the former site-local addresses and those that hold one of IPv4).
DENIED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "192.88.99.0/24", "168.63.129.16/32", "224.0.0.0/4",
        "ff00::/8", "fec0::/10", "::/96",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Egress:
    """The rule of this installation. `allow_private` is for emulators on one machine.

    `ca_file`: authorities that are trusted beside the usual ones, as a state's or an enterprise's own.
    """

    allow_private: bool
    ca_file: str | None = None

    def check_shape(self, url: str) -> None:
        """Refuse at registration what could never be allowed; resolving is judged at every sending."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, _in_ascii(parts.hostname or "")
        except ValueError:
            raise UrlNotAllowed from None
        if parts.username or parts.password or not host or parts.fragment or _has_control(url):
            raise UrlNotAllowed
        if self.allow_private:
            if parts.scheme not in ("http", "https"):
                raise UrlNotAllowed
            return
        if parts.scheme != "https" or port not in (None, 443) or _is_literal(host):
            raise UrlNotAllowed

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, timedelta | None]:
        """The status of the answer, and how long it asks to be left alone.

        Raises `UrlNotAllowed`, `httpx.HTTPError`, `httpx.InvalidURL` or `TimeoutError`.
        """
        self.check_shape(url)
        parts = urlsplit(url)
        host = _in_ascii(str(parts.hostname))
        named = f"[{host}]" if ":" in host else host
        port = parts.port or (443 if parts.scheme == "https" else 80)
        trusted = trusting(self.ca_file)
        async with asyncio.timeout(TOTAL_TIMEOUT_S):
            address = await self._judged_address(host, port)
            literal = f"[{address}]" if ":" in address else address
            target = urlunsplit(parts._replace(netloc=f"{literal}:{port}"))
            async with httpx.AsyncClient(
                verify=trusted,
                timeout=httpx.Timeout(TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                follow_redirects=False,
                trust_env=False,
            ) as client:
                request = client.build_request(
                    "POST",
                    target,
                    content=body,
                    headers={**headers, "host": named if parts.port is None else f"{named}:{port}"},
                )
                request.extensions["sni_hostname"] = host
                answer = await client.send(request, stream=True)
                try:
                    await _read_at_most(answer, MAX_ANSWER_BYTES)
                finally:
                    await answer.aclose()
                return answer.status_code, _retry_after(answer.headers.get("retry-after", ""))

    async def _judged_address(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as reason:
            raise httpx.ConnectError(f"cannot resolve: {reason.strerror}") from reason
        addresses = [str(entry[4][0]) for entry in found]
        if not self.allow_private and any(not _is_public(address) for address in addresses):
            raise UrlNotAllowed
        return addresses[0]


@functools.cache
def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Read once: a hundred and fifty authorities take longer to read than most endpoints to answer.

    Raises `ValueError` where the file cannot be read.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as reason:
            why = reason.strerror or type(reason).__name__
            raise ValueError(f"MOTCUA_PARTNER_CA: {ca_file} cannot be read ({why}).") from reason
    return context


def _retry_after(text: str) -> timedelta | None:
    """Seconds (RFC 9110 10.2.3), at most a day; a date is not read."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(timedelta(seconds=int(text[:6])), LONGEST_RETRY_AFTER)


async def _read_at_most(answer: httpx.Response, limit: int) -> None:
    size = 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > limit:
            return


def _in_ascii(host: str) -> str:
    """As it is looked up and named to its server: `bưu-điện.vn` is `xn--…`.

    Raises `ValueError` for what no name can be: an empty label, or one of more than 63 characters.
    """
    return host.encode("idna").decode("ascii")


def _has_control(url: str) -> bool:
    return any(sign.isascii() and not sign.isprintable() for sign in url)


def _is_literal(host: str) -> bool:
    """An address, in any of the spellings a resolver understands (`0x7f.1`, `2130706433`)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2][:1].isdigit()
    return True


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return ip.is_global and not any(ip in network for network in DENIED if ip.version == network.version)
