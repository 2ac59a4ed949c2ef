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


# Units of one segment that is alone, and of each of several.
_ROOM: Final = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
# What goes by another way than SMS is not counted.
UNCOUNTED: Final = Cost("UTF-8", 0)


def cost(text: str) -> Cost:
    """One segment holds 160 septets or 70 UTF-16 units; of several, 153 or 67 each."""
    encoding = "GSM-7" if _is_basic(text) else "UCS-2"
    return Cost(encoding, _parts(_sizes(text), *_ROOM[encoding]))


def units(text: str) -> int:
    """Its septets, or its UTF-16 units, before it is cut into segments."""
    return sum(_sizes(text))


def room(found: Cost) -> int:
    """How many units there are in so many segments."""
    single, each = _ROOM[found.encoding]
    return single if found.segments == 1 else each * found.segments


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
