"""Item numbers of the post (UPU S10): two letters, eight digits and their check digit, a country.

A check digit finds a slip of the finger, and not every one: remainders 0 and 6 share the digit 5. A number
that passes is therefore never the only thing a package is known by.
"""

import re
from typing import Final, NamedTuple

WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
SHAPE: Final = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")


class Item(NamedTuple):
    """EJ 01234567 5 VN."""

    service: str
    serial: str
    check: int
    country: str


def check_digit(serial: str) -> int:
    """Of eight digits."""
    total = sum(int(digit) * weight for digit, weight in zip(serial, WEIGHTS, strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)


def plain(text: str) -> str:
    """As it is compared and stored: without spaces, in capitals."""
    return "".join(text.split()).upper()


def read(text: str) -> Item | None:
    """What has the shape of an item number, however it is spaced and cased; its digit may be wrong."""
    found = SHAPE.fullmatch(plain(text))
    return None if found is None else Item(found[1], found[2], int(found[3]), found[4])


def is_mistyped(text: str) -> bool:
    """An item number whose check digit is another. What is no item number is not for us to judge."""
    item = read(text)
    return item is not None and item.check != check_digit(item.serial)
