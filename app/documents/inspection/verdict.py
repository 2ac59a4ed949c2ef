"""What an inspection says."""

from enum import StrEnum
from typing import Final

import msgspec

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
HEIC: Final = "image/heic"


class Reason(StrEnum):
    """Why a content is refused: stable codes, told to whoever sent it."""

    TYPE_NOT_ALLOWED = "type_not_allowed"
    TYPE_NOT_AS_DECLARED = "type_not_as_declared"
    CONTENT_CHANGED = "content_changed"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_OBJECTS = "too_many_objects"
    TOO_COSTLY = "too_costly"
    EXPANDS_TOO_MUCH = "expands_too_much"
    ENCRYPTED = "encrypted"
    ACTIVE_CONTENT = "active_content"
    EMBEDDED_FILE = "embedded_file"
    EXTERNAL_LINK = "external_link"
    FORM_PROGRAM = "form_program"
    TWO_FORMATS = "two_formats"
    MALWARE = "malware"


class Refused(Exception):
    """The content is refused, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Verdict(msgspec.Struct, frozen=True):
    """Either a reason, or what is served: its type, and its bytes unless they are those that came."""

    reason: Reason | None = None
    content_type: str = ""
    content: bytes | None = None
