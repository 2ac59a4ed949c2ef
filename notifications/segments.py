"""How many segments a text costs (3GPP TS 23.038)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("^{}\\[~]|€")


class Cost(NamedTuple):
    """`encoding` is GSM-7 or UCS-2."""

    encoding: str
    segments: int


# What goes by another way than SMS is not counted.
UNCOUNTED: Final = Cost("UTF-8", 0)


def cost(text: str) -> Cost:
    """One segment holds 160 septets or 70 UTF-16 units; of several, 153 or 67 each."""
    if _is_basic(text):
        return Cost("GSM-7", _parts(_sizes(text), 160, 153))
    return Cost("UCS-2", _parts(_sizes(text), 70, 67))


def units(text: str) -> int:
    """Its septets, or its UTF-16 units, before it is cut into segments."""
    return sum(_sizes(text))


def _is_basic(text: str) -> bool:
    return all(character in BASIC or character in EXTENDED for character in text)


def _sizes(text: str) -> list[int]:
    if _is_basic(text):
        return [2 if c in EXTENDED else 1 for c in text]
    return [len(c.encode("utf-16-le")) // 2 for c in text]


def _parts(sizes: Sequence[int], single: int, each: int) -> int:
    """A character of two units is never cut in two: it opens the next segment and wastes a unit."""
    if sum(sizes) <= single:
        return 1
    parts, room = 1, each
    for size in sizes:
        if size > room:
            parts, room = parts + 1, each
        room -= size
    return parts
