"""Personal identification numbers (số định danh cá nhân): twelve digits, no check digit.

Digits 1–3 place of registration, 4 century and sex, 5–6 year, 7–12 random (Circular 59/2021/TT-BCA).
Sex and year are in it, so it is never shown whole and nothing is derived from it for anybody.
"""

import re
from typing import Final

SHAPE: Final = re.compile(r"[0-9]{12}")
LAST_CENTURY_DIGIT: Final = "3"


class InvalidCitizenNumber(ValueError):
    """Not a personal number."""

    code = "invalid_citizen_number"


def validate_citizen_number(raw: str) -> str:
    """The number without spaces; raises `InvalidCitizenNumber`. Unknown prefixes are accepted."""
    number = re.sub(r"[ .]", "", raw)
    if not SHAPE.fullmatch(number) or number[3] > LAST_CENTURY_DIGIT:
        raise InvalidCitizenNumber
    return number


def mask_citizen_number(number: str) -> str:
    """`037*****1234`."""
    return f"{number[:3]}*****{number[-4:]}"
