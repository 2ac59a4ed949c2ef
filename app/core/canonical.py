"""Canonical JSON (RFC 8785) and the hash chain of custody."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

GENESIS: Final = bytes(32)


def canonical(value: Mapping[str, Any]) -> bytes:
    """One spelling for one value, so that a hash means the value and not its layout."""
    return rfc8785.dumps(dict(value))


def chain_hash(previous: bytes, event: Mapping[str, Any]) -> bytes:
    """SHA-256(previous ‖ canonical event); the first event follows 32 zero bytes."""
    return hashlib.sha256(previous + canonical(event)).digest()
