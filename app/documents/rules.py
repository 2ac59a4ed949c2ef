"""What a content may be, and how long what nothing refers to is kept (pure)."""

from datetime import timedelta
from typing import Final

MAX_BYTES: Final = 10 * 1024 * 1024
# Papers of one dossier or one visit; and what a person may put into their own store, for no case.
MAX_PER_CASE: Final = 20
MAX_OWN: Final = 20

# Law 91/2025/QH15: no longer than its purpose needs. Long enough for a dossier to be handed in with a scan,
# for a person to read why a file was refused, and for inspection to be repeated while its scanner is away.
UNNAMED_SCAN_KEPT: Final = timedelta(days=30)
REJECTED_KEPT: Final = timedelta(days=30)
QUARANTINED_KEPT: Final = timedelta(days=31)
# What a person put in for later; they may take it out at any time.
OWN_KEPT: Final = timedelta(days=365)
# A courier without signal for so long begins a scan again.
UPLOADS_KEPT: Final = timedelta(days=7)

# A content is put before the row that names it: one without a name may be about to get one.
FORGOTTEN_KEPT: Final = timedelta(days=1)
# Longer than any request or inspection between putting a content and naming it.
LEFT_KEPT: Final = timedelta(minutes=30)

TYPES: Final = ("application/pdf", "image/jpeg", "image/png", "image/heic")

BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
# ISO/IEC 23008-12: a still picture coded with HEVC; AVIF and films begin alike with other brands.
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
GENERIC_BRANDS: Final = frozenset({b"mif1", b"msf1"})
BRANDS_END_BY: Final = 64


def type_of(content: bytes) -> str | None:
    """The media type the first bytes tell, or None when it is none we take."""
    for beginning, content_type in BEGINNINGS:
        if content.startswith(beginning):
            return content_type
    if content[4:8] == b"ftyp":
        size = min(int.from_bytes(content[:4]), BRANDS_END_BY)
        compatible = {content[at : at + 4] for at in range(16, size, 4)}
        brand = content[8:12]
        if brand in HEIC_BRANDS or (brand in GENERIC_BRANDS and compatible & HEIC_BRANDS):
            return "image/heic"
    return None
