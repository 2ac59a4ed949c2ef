"""Vietnamese text: one spelling (NFC), clean names, folding for search, plain letters for SMS."""

import re
import unicodedata
from typing import Final

SPECIAL: Final = str.maketrans({"đ": "d", "Đ": "D"})
TYPOGRAPHIC: Final = str.maketrans(
    {
        "–": "-", "—": "-", "−": "-", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"',
        "\u00a0": " ", "₫": "d", "•": "-", "\t": " ", "\u200b": "", "\ufeff": "",
    }
)  # fmt: skip
LINK: Final = re.compile(r"(?i)https?:|www\.|\b[a-z0-9-]+\.(?:com|net|org|vn|info|xyz|top|ly)\b")
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
        if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} for character in line):
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
    if LINK.search(name):
        raise InvalidText("link_in_name")
    if not any(character.isalpha() for character in name):
        raise InvalidText("name_without_letters")
    return name


def strip_marks(value: str) -> str:
    decomposed = unicodedata.normalize("NFD", value.translate(SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fold(value: str) -> str:
    """For search: without marks, lower case, single spaces."""
    return re.sub(r"\s+", " ", strip_marks(value).casefold()).strip()


def without_diacritics(value: str) -> str:
    """For SMS: every Vietnamese letter becomes a GSM-7 one, so a segment holds 160 of them."""
    text = unicodedata.normalize("NFC", value).translate(TYPOGRAPHIC)
    return strip_marks(text)


def escape_like(value: str) -> str:
    """A user's text as a literal prefix of LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", value)
