"""References people read aloud: `NB-7K3Q-92`.

Crockford's base32 (no I, L, O, U), and a check character at the end. The check is a weighted sum in
GF(32), the field of as many elements as the alphabet has letters: every place has a weight of its own, so
one wrong character and any two swapped ones are seen, and the check is a letter of the same alphabet. (A
remainder modulo 31 sees no swap at all: 32 leaves 1.) The letters and dashes keep a reference from ever
looking like a dossier number.
"""

import re
import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORGIVEN: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
BODY_LENGTH: Final = 5
CHECK_LENGTH: Final = 1
FIELD: Final = 0b100101
"""x⁵ + x² + 1, whose root x runs through every element but zero."""


class InvalidReference(ValueError):
    """Not one of our references, or one with a slip in it."""

    code = "invalid_reference"


def new_reference(prefix: str = "NB") -> str:
    """One of 33 million; a collision is caught by the column's UNIQUE and tried again."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(BODY_LENGTH))
    return _grouped(prefix, body + _check(body))


def parse_reference(raw: str, prefix: str = "NB") -> str:
    """The reference somebody typed or read out, in its one spelling; raises `InvalidReference`."""
    squeezed = re.sub(r"[\s\-–.]", "", raw.upper())
    if not squeezed.startswith(prefix):
        raise InvalidReference
    body = squeezed.removeprefix(prefix).translate(FORGIVEN)
    if len(body) != BODY_LENGTH + CHECK_LENGTH or any(c not in ALPHABET for c in body):
        raise InvalidReference
    if body[BODY_LENGTH:] != _check(body[:BODY_LENGTH]):
        raise InvalidReference
    return _grouped(prefix, body)


def _check(body: str) -> str:
    """The sum of the characters, weighted by x for the last one, x² for the one before it, and so on."""
    total = 0
    for character in body:
        total = _times_x(total ^ ALPHABET.index(character))
    return ALPHABET[total]


def _times_x(element: int) -> int:
    doubled = element << 1
    return doubled ^ FIELD if doubled >= len(ALPHABET) else doubled


def _grouped(prefix: str, body: str) -> str:
    return f"{prefix}-{body[:4]}-{body[4:]}"
