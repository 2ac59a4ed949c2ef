"""How much the streams of a PDF expand to, measured without expanding them whole (pure)."""

import contextlib
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pikepdf

from app.documents.inspection.images import MAX_PIXELS
from app.documents.inspection.verdict import Reason, Refused

FLATE: Final = frozenset({"/FlateDecode", "/Fl"})
# Their pixels are bounded by the measures beside them; nobody decodes them here.
PICTURE_CODECS: Final = frozenset(
    {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"}
)
READ_HERE: Final = frozenset(
    {"/LZWDecode", "/LZW", "/RunLengthDecode", "/RL", "/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85"}
)
MOST_FILTERS: Final = 4
PIECE: Final = 1024 * 1024
MOST_OF_ONE: Final = 128 * 1024 * 1024
BEGINS: Final = re.compile(rb"stream\r?\n")


class Streams:
    """Adds up what the streams of one file expand to; raises `Refused` beyond what a scan can need."""

    MOST_OF_ONE: Final = MOST_OF_ONE
    MOST_OF_ALL: Final = 512 * 1024 * 1024
    # A page of white is a thousandth of itself, and small; what is large and shrinks so well is made to.
    RATIO: Final = 200
    RATIO_FROM: Final = 32 * 1024 * 1024

    def __init__(self) -> None:
        self._total = 0

    def measure(self, stream: Any) -> None:
        """Count one stream in, and refuse a picture of too many pixels."""
        self._refuse_large_picture(stream)
        filters = _filters(stream)
        if len(filters) > MOST_FILTERS:
            raise Refused(Reason.EXPANDS_TOO_MUCH)
        if any(name not in FLATE | PICTURE_CODECS | READ_HERE for name in filters):
            raise Refused(Reason.DAMAGED)
        raw = stream.read_raw_bytes()
        try:
            size = self._size(stream, raw, filters)
        except (zlib.error, pikepdf.PdfError):
            raise Refused(Reason.DAMAGED) from None
        if size > max(self.RATIO_FROM, self.RATIO * len(raw)) or size > self.MOST_OF_ONE:
            raise Refused(Reason.EXPANDS_TOO_MUCH)
        self._total += size
        if self._total > self.MOST_OF_ALL:
            raise Refused(Reason.EXPANDS_TOO_MUCH)

    def _size(self, stream: Any, raw: bytes, filters: list[str]) -> int:
        """How long it is when every filter but a picture's own is undone."""
        undone = [name for name in filters if name not in PICTURE_CODECS]
        if not undone:
            return len(raw)
        if undone == filters and all(name in FLATE for name in undone):
            return self._inflated(raw, times=len(undone))
        if undone != filters:
            # A filter around a photograph: what comes of it has no measures, so it is undone here.
            return self._inflated(raw, times=1) if filters[0] in FLATE else len(raw)
        return len(stream.read_bytes(pikepdf.StreamDecodeLevel.generalized))

    def _inflated(self, raw: bytes, *, times: int) -> int:
        """The length after so many inflations, piece by piece; all but the last are kept for the next."""
        for _ in range(times - 1):
            raw = b"".join(_pieces(raw))
        return sum(len(piece) for piece in _pieces(raw))

    @staticmethod
    def _refuse_large_picture(stream: Any) -> None:
        if str(stream.get("/Subtype", "")) != "/Image":
            return
        try:
            width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
        except (TypeError, ValueError):
            raise Refused(Reason.DAMAGED) from None
        if width * height > MAX_PIXELS:
            raise Refused(Reason.TOO_MANY_PIXELS)


def refuse_if_one_expands(content: bytes) -> None:
    """For a file its reader gave up on: whether that was because of a stream that expands without end."""
    for found in BEGINS.finditer(content):
        with contextlib.suppress(zlib.error):
            for _ in _pieces(content[found.end() :]):
                pass


def _pieces(raw: bytes) -> Iterator[bytes]:
    """What a deflated stream expands to; raises `zlib.error`, and `Refused` beyond what one may."""
    inflating, size = zlib.decompressobj(), 0
    waiting = raw
    while waiting and not inflating.eof:
        piece = inflating.decompress(waiting, PIECE)
        waiting = inflating.unconsumed_tail
        size += len(piece)
        if size > MOST_OF_ONE:
            raise Refused(Reason.EXPANDS_TOO_MUCH)
        yield piece


def _filters(stream: Any) -> list[str]:
    found = stream.get("/Filter")
    if found is None:
        return []
    if isinstance(found, pikepdf.Array):
        return [str(name) for name in found]
    return [str(found)]
