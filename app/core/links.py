"""Secret links (`/v1/track/{token}`): a kind and an id with a MAC, derivable wherever the id is known.

Nothing is stored, so a message can carry the link although the fact it reports carries only the id.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from typing import Final

from app.core.keys import keys

KINDS: Final = {"ticket": b"t", "appointment": b"a", "home_visit": b"h", "dossier": b"d"}
MAC_BYTES: Final = 10


def tracking_token(kind: str, thing_id: uuid.UUID) -> str:
    """A token of 36 URL-safe characters naming one thing to whoever holds it."""
    body = KINDS[kind] + thing_id.bytes
    return base64.urlsafe_b64encode(body + _mac(body)).decode().rstrip("=")


def read_tracking_token(token: str) -> tuple[str, uuid.UUID] | None:
    """The kind and id a token names, or None for anything we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    body, mac = raw[:17], raw[17:]
    if len(raw) != 17 + MAC_BYTES or not hmac.compare_digest(mac, _mac(body)):
        return None
    kind = next((name for name, mark in KINDS.items() if mark == body[:1]), None)
    return None if kind is None else (kind, uuid.UUID(bytes=body[1:]))


def _mac(body: bytes) -> bytes:
    return hmac.new(keys().codes, b"tracking|" + body, hashlib.sha256).digest()[:MAC_BYTES]
