"""Enterprise tax codes (mã số thuế doanh nghiệp): ten digits with a check digit, and `-001` … for branches.

Weights 31, 29, 23, 19, 17, 13, 7, 5, 3 over the first nine; the tenth is 10 less the sum modulo 11. Where
that gives 10 no code exists (DOMAIN 2.6).
"""

import re
from typing import Final

SHAPE: Final = re.compile(r"([0-9]{9})([0-9])(?:-?([0-9]{3}))?")
WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)
NO_BRANCH: Final = "000"


class InvalidTaxCode(ValueError):
    """Not a tax code."""

    code = "invalid_tax_code"


def check_digit(nine: str) -> int:
    """Of the first nine digits; 10 where no code exists."""
    return 10 - sum(weight * int(digit) for weight, digit in zip(WEIGHTS, nine, strict=True)) % 11


def validate_tax_code(raw: str) -> str:
    """`0100109106` or `0100109106-001`; raises `InvalidTaxCode`."""
    found = SHAPE.fullmatch(re.sub(r"[ .]", "", raw))
    if found is None or check_digit(found[1]) != int(found[2]) or found[3] == NO_BRANCH:
        raise InvalidTaxCode
    return found[1] + found[2] + (f"-{found[3]}" if found[3] else "")
