"""The secret link in a letter behind which its reader chooses how they are told, without signing in.

It opens that and nothing else: no dossier, no appointment, no whole phone number.
"""

import base64
import hashlib
import hmac
import re
import uuid
from typing import Final

from app.core.keys import keys

MAC_BYTES: Final = 14
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{40}")


def choices_token(citizen_id: uuid.UUID) -> str:
    """40 URL-safe characters for one account."""
    return base64.urlsafe_b64encode(citizen_id.bytes + _mac(citizen_id)).decode()


def read_choices_token(token: str) -> uuid.UUID | None:
    """Whose it is, or None for anything we did not make."""
    # The decoder skips characters it does not know: one link would have endless spellings.
    if not TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    citizen_id = uuid.UUID(bytes=raw[:16])
    return citizen_id if hmac.compare_digest(raw[16:], _mac(citizen_id)) else None


def _mac(citizen_id: uuid.UUID) -> bytes:
    return hmac.new(keys().codes, b"choices|" + citizen_id.bytes, hashlib.sha256).digest()[:MAC_BYTES]
