"""Signed heads (pure): one line a day that says how far every chain was.

A head covers the chains that grew since the head before, and that head: together they cover all. It is
printed as a JSON Web Signature (RFC 7515, ES256), so that whoever keeps one outside needs none of our code.
"""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from app.core.canonical import canonical, chain_hash
from app.core.clock import local
from app.http import signed_words
from app.http.tokens import SigningKey

TYPE: Final = "motcua-custody-head"


class Head(NamedTuple):
    """A day's head as it is stored."""

    day: date
    body: str
    kid: str
    signature: bytes
    hash: bytes

    def printed(self) -> str:
        """header.payload.signature, to be kept outside."""
        return signed_words.printed(TYPE, self.kid, self.body, self.signature)


class Root:
    """SHA-256 over the last links of the chains that grew, in the order of their packages' ids."""

    def __init__(self) -> None:
        self.chains = 0
        self._digest = hashlib.sha256()

    def add(self, package_id: uuid.UUID, n: int, link_hash: bytes) -> None:
        self.chains += 1
        self._digest.update(package_id.bytes + n.to_bytes(4) + link_hash)

    def hex(self) -> str:
        return self._digest.hexdigest()


def sign(*, day: date, previous: bytes, root: Root, key: SigningKey, made_at: datetime) -> Head:
    body: Mapping[str, Any] = {
        "day": day.isoformat(),
        "previous": previous.hex(),
        "chains": root.chains,
        "root": root.hex(),
        "made_at": local(made_at).isoformat(),
    }
    spelled = canonical(body).decode()
    return Head(
        day=day,
        body=spelled,
        kid=key.kid,
        signature=signed_words.sign(TYPE, spelled, key),
        hash=chain_hash(previous, body),
    )


def is_signed(head: Head, key: SigningKey) -> bool:
    return key.kid == head.kid and signed_words.is_signed(TYPE, head.body, head.signature, key)
