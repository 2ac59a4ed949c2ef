"""Secret links: a kind and an id with a MAC, derivable wherever the id is known.

People open `/t/{token}`, programs `/v1/track/{token}`. Nothing is stored, so a message can carry the link
although the fact it reports carries only the id.
"""

import base64
import hashlib
import hmac
import re
import uuid
from typing import Final

from app.core.keys import keys

KINDS: Final = {"ticket": b"t", "appointment": b"a", "home_visit": b"h", "dossier": b"d"}
MAC_BYTES: Final = 10
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{36}")


def tracking_token(kind: str, thing_id: uuid.UUID) -> str:
    """A token of 36 URL-safe characters naming one thing to whoever holds it."""
    body = KINDS[kind] + thing_id.bytes
    return base64.urlsafe_b64encode(body + _mac(body)).decode()


def read_tracking_token(token: str) -> tuple[str, uuid.UUID] | None:
    """The kind and id a token names, or None for anything we did not make."""
    # The decoder skips characters it does not know: one link would have endless spellings.
    if not TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body)):
        return None
    kind = next((name for name, mark in KINDS.items() if mark == body[:1]), None)
    return None if kind is None else (kind, uuid.UUID(bytes=body[1:]))


def _mac(body: bytes) -> bytes:
    return hmac.new(keys().codes, b"tracking|" + body, hashlib.sha256).digest()[:MAC_BYTES]
