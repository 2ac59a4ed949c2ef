"""How many segments a text costs (3GPP TS 23.038)."""

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


def cost(text: str) -> Cost:
    """One segment holds 160 septets or 70 UTF-16 units; of several, 153 or 67 each."""
    if all(character in BASIC or character in EXTENDED for character in text):
        septets = sum(2 if character in EXTENDED else 1 for character in text)
        return Cost("GSM-7", _parts(septets, 160, 153))
    units = len(text.encode("utf-16-le")) // 2
    return Cost("UCS-2", _parts(units, 70, 67))


def _parts(length: int, single: int, each: int) -> int:
    return 1 if length <= single else -(-length // each)
