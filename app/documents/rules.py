"""What a content may be (pure)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MAX_BYTES: Final = 10 * 1024 * 1024

SIGNATURES: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "application/pdf": b"%PDF-",
        "image/jpeg": b"\xff\xd8\xff",
        "image/png": b"\x89PNG\r\n\x1a\n",
    }
)

# A scan needs none of these, and each of them has carried an attack (ASVS 5.0, 5.2).
FORBIDDEN_IN_PDF: Final = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/OpenAction")


def reason_to_reject(content: bytes, *, content_type: str) -> str | None:
    """Why the content is refused, as a code, or None when it is clean."""
    signature = SIGNATURES.get(content_type)
    if signature is None:
        return "type_not_allowed"
    if not content.startswith(signature):
        return "type_not_as_declared"
    if content_type == "application/pdf" and any(word in content for word in FORBIDDEN_IN_PDF):
        return "active_content"
    return None
