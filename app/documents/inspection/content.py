"""One content, judged (pure; it runs where a hostile file may do what it likes)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from app.documents.inspection.images import rewrite_image
from app.documents.inspection.pdfs import check_pdf
from app.documents.inspection.verdict import HEIC, JPEG, PDF, PNG, Reason, Refused, Verdict
from app.documents.rules import MAX_BYTES, TYPES, type_of

JUDGES: Final[Mapping[str, Callable[[bytes], Verdict]]] = MappingProxyType(
    {PDF: check_pdf, JPEG: rewrite_image, PNG: rewrite_image, HEIC: rewrite_image}
)
# A picture written anew may be longer than it came, not by any amount.
MAX_BYTES_WRITTEN: Final = 3 * MAX_BYTES


def judge(content: bytes, *, declared: str) -> Verdict:
    """Whether a content may be used; `declared` is the media type its sender named."""
    if type_of(content) != declared:
        return Verdict(Reason.TYPE_NOT_AS_DECLARED if declared in TYPES else Reason.TYPE_NOT_ALLOWED)
    if len(content) > MAX_BYTES:
        return Verdict(Reason.TOO_LARGE)
    try:
        verdict = JUDGES[declared](content)
    except Refused as refused:
        return Verdict(refused.reason)
    except MemoryError:
        return Verdict(Reason.EXPANDS_TOO_MUCH)
    grew = verdict.content is not None and len(verdict.content) > MAX_BYTES_WRITTEN
    return Verdict(Reason.TOO_LARGE) if grew else verdict
