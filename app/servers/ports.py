"""Ports for what listens on this machine only and for a while: stores, emulators, servers of tests."""

import secrets
import socket
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
# Databases and web servers usually listen below.
LOWEST: Final = 10_000
TRIES: Final = 200
# Linux: which ports connections that leave get. Elsewhere RFC 6335's dynamic ports (section 6).
LEAVING: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
LEAVING_FROM: Final = 49_152

_given: Final[set[int]] = set()


def free_port() -> int:
    """A port nobody listens on, of those no connection that leaves this machine is given.

    Whoever it is for starts listening later, or again after a crash; a port the kernel picked (bind to 0)
    may belong to anybody's outgoing connection by then. A process is not given the same one twice.
    Raises OSError when none is found.
    """
    highest = _leaving_from()
    for _ in range(TRIES):
        port = LOWEST + secrets.randbelow(highest - LOWEST)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise OSError(f"Every port tried between {LOWEST} and {highest} on {HOST} is in use.")


def _leaving_from() -> int:
    try:
        lowest = int(LEAVING.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return LEAVING_FROM
    # A machine may give out nearly all ports: then any is as good as another.
    return lowest if lowest > LOWEST + TRIES else LEAVING_FROM
