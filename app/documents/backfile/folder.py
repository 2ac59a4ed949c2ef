"""The files the list names: found inside the folder, and read."""

import unicodedata
from pathlib import Path
from typing import Final

from app.documents import rules
from app.documents.backfile.reasons import NotTaken, Reason
from app.documents.inspection.verdict import Reason as FileReason

COLUMN: Final = "file"
# A disk may spell a name with its marks apart (macOS) where the list has them together.
SPELLINGS: Final = ("NFC", "NFD")


def content_of(folder: Path, name: str) -> bytes:
    """The bytes of a file of the folder; raises `NotTaken` for one that is outside, missing, empty, too
    large, or cannot be read.
    """
    path = _found(folder.resolve(), name)
    try:
        if path.stat().st_size > rules.MAX_BYTES:
            raise NotTaken(COLUMN, FileReason.TOO_LARGE)
        content = path.read_bytes()
    except OSError:
        raise NotTaken(COLUMN, Reason.FILE_NOT_READABLE) from None
    if not content:
        raise NotTaken(COLUMN, Reason.EMPTY_FILE)
    if len(content) > rules.MAX_BYTES:
        raise NotTaken(COLUMN, FileReason.TOO_LARGE)
    return content


def _found(folder: Path, name: str) -> Path:
    """The file, links followed: whatever they say, it is inside."""
    for spelled in (name, *(unicodedata.normalize(form, name) for form in SPELLINGS)):
        try:
            path = (folder / spelled).resolve()
            if not path.is_relative_to(folder):
                raise NotTaken(COLUMN, Reason.FILE_OUTSIDE)
            if path.is_file():
                return path
        except (OSError, RuntimeError):  # a name no disk takes; links in a circle
            continue
    raise NotTaken(COLUMN, Reason.FILE_MISSING)
