"""Vietnamese text: one spelling (NFC), clean names, folding for search, plain letters for SMS."""

import re
import unicodedata
from typing import Final

SPECIAL: Final = str.maketrans({"đ": "d", "Đ": "D"})
TYPOGRAPHIC: Final = str.maketrans(
    {
        "–": "-", "—": "-", "−": "-", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"',
        "\u00a0": " ", "₫": "d", "•": "-", "\t": " ", "\u200b": "", "\ufeff": "", "`": "'",
        "´": "'", "‚": "'", "„": '"', "‐": "-", "\u2011": "-", "\u202f": " ", "\u200c": "", "\u200d": "",
        "\u2060": "", "\u00ad": "",
    }
)  # fmt: skip
# Letters, marks and a symbol by their category, and yet nothing to see.
INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# What phones turn into a link: a known ending in any case, or any small-letter word dotted to another.
# `TS.Nguyễn` and `Th.S` are titles.
LINK: Final = re.compile(
    r"(?i:https?:|www\.|\b[a-z0-9-]+\.(?:com|net|org|vn|info|xyz|top|ly)\b)"
    r"|\b[A-Za-z0-9-]+\.[a-z]{2,}\b"
)
# A web address in what is no name, where a dot may be an abbreviation (`tp.ninh binh`, `h.me linh`).
WEB_ADDRESS: Final = re.compile(
    r"(?i)https?:|\bwww\.|\b[a-z0-9-]{2,}\.(?:com|net|org|vn|info|xyz|top|link|site|online|shop|club|app)\b"
    r"|\b[a-z0-9-]+\.(?:ly|gl|me|io|co|cc|to|gg)/"
)
NOT_GSM: Final = re.compile(r"[^\n\r -_a-~]")
# A syllable of consonants and y, without marks: `ly` and `li` are two spellings of one word. Not `quy`,
# which while somebody types is the beginning of `quyen`; nor `tay` and `tai`, which are two words.
FINAL_Y: Final = re.compile(r"\b([bcdghklmnprstvx]{1,3})y\b")
MAX_NAME: Final = 60


class InvalidText(ValueError):
    """Text that must not be kept; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean_text(value: str, *, max_length: int, allow_newlines: bool = False) -> str:
    """NFC, trimmed, runs of spaces collapsed; refuses control and format characters and emptiness."""
    text = unicodedata.normalize("NFC", value).strip()
    lines = text.splitlines() if allow_newlines else [text]
    for line in lines:
        if any(_forbidden(character) for character in line):
            raise InvalidText("forbidden_character")
    text = "\n".join(re.sub(r"\s+", " ", line).strip() for line in lines)
    if not text:
        raise InvalidText("empty_text")
    if len(text) > max_length:
        raise InvalidText("text_too_long")
    return text


def clean_name(value: str) -> str:
    """A person's name: letters and a few marks, and no link to follow."""
    name = clean_text(value, max_length=MAX_NAME)
    # Full-width letters make as good a link as plain ones.
    if LINK.search(unicodedata.normalize("NFKC", name)):
        raise InvalidText("link_in_name")
    if not any(character.isalpha() for character in name):
        raise InvalidText("name_without_letters")
    return name


def clean_words(value: str, *, max_length: int) -> str:
    """An address or a note that others are shown: one line, and no web address to follow."""
    text = clean_text(value, max_length=max_length)
    if WEB_ADDRESS.search(unicodedata.normalize("NFKC", text)):
        raise InvalidText("link_in_text")
    return text


def strip_marks(value: str) -> str:
    decomposed = unicodedata.normalize("NFD", value.translate(SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fold(value: str) -> str:
    """For search: no marks, lower case, single spaces, `lý` as `lí`. Folding twice is folding once."""
    plain = strip_marks(strip_marks(value).casefold())
    return FINAL_Y.sub(r"\1i", re.sub(r"\s+", " ", plain).strip())


def without_diacritics(value: str) -> str:
    """For SMS: every Vietnamese letter becomes a GSM-7 one, so a segment holds 160 of them.

    What has no plain form (an emoji in a name) becomes `?`: one such character more than halves a segment.
    """
    text = unicodedata.normalize("NFC", value).translate(TYPOGRAPHIC)
    return NOT_GSM.sub("?", strip_marks(text))


def escape_like(value: str) -> str:
    """A user's text as a literal prefix of LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", value)


def _forbidden(character: str) -> bool:
    """Control, format, surrogate, private and unassigned characters, and the invisible ones."""
    return character in INVISIBLE or unicodedata.category(character).startswith("C")
