"""What a citizen has chosen so far, sealed in a cookie of the browser: nothing is kept here until a place
is held, and nobody can read a name or a phone out of it.
"""

import base64
import binascii
import uuid
from datetime import datetime
from typing import Final

import msgspec

from app.core.crypto import DecryptionFailed
from app.core.keys import keys
from app.http.requests import MotcuaRequest

COOKIE: Final = "motcua_draft"
PLACE: Final = "pages|draft"
LASTS_S: Final = 30 * 60


class Draft(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answers of the pages before."""

    procedure: str = ""
    centre_id: uuid.UUID | None = None
    starts_at: datetime | None = None
    name: str = ""
    phone: str = ""
    challenge_id: uuid.UUID | None = None
    appointment_id: uuid.UUID | None = None

    def sealed(self) -> str:
        blob = keys().fields.encrypt(msgspec.json.encode(self), place=PLACE)
        return base64.urlsafe_b64encode(blob).decode()


def draft_of(request: MotcuaRequest) -> Draft:
    """The draft of this browser; an empty one for anything we did not seal."""
    raw = request.cookies.get(COOKIE, "")
    try:
        blob = base64.urlsafe_b64decode(raw.encode("ascii"))
        return msgspec.json.decode(keys().fields.decrypt(blob, place=PLACE), type=Draft)
    except (binascii.Error, UnicodeEncodeError, ValueError, DecryptionFailed, msgspec.MsgspecError):
        return Draft()
