"""Signed heads (pure): one line a day that says how far every chain was.

A head covers the chains that grew since the head before, and that head: together they cover all. It is
printed as a JSON Web Signature (RFC 7515, ES256), so that whoever keeps one outside needs none of our code.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import jwt

from app.core.canonical import canonical, chain_hash
from app.core.clock import local
from app.http.tokens import ALGORITHM, SigningKey

TYPE: Final = "motcua-custody-head"
ES256: Final = jwt.PyJWS().get_algorithm_by_name(ALGORITHM)


class Head(NamedTuple):
    """A day's head as it is stored."""

    day: date
    body: str
    kid: str
    signature: bytes
    hash: bytes

    def printed(self) -> str:
        """header.payload.signature, to be kept outside."""
        return f"{_signed_text(self.kid, self.body)}.{_packed(self.signature)}"


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
        signature=ES256.sign(_signed_text(key.kid, spelled).encode(), key.private),
        hash=chain_hash(previous, body),
    )


def is_signed(head: Head, key: SigningKey) -> bool:
    signed = _signed_text(head.kid, head.body).encode()
    return bool(ES256.verify(signed, key.private.public_key(), head.signature))


def _signed_text(kid: str, body: str) -> str:
    header = canonical({"alg": ALGORITHM, "kid": kid, "typ": TYPE})
    return f"{_packed(header)}.{_packed(body.encode())}"


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
