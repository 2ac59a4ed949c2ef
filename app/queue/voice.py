"""How a call is said: a number and a counter as a list of clips, one per syllable or phrase (pure).

The page joins the clips in the browser, so how Vietnamese is spoken is decided, and tested, here. Names are
plain ASCII; where two words differ by their tone alone, the name says which: `muoi` is mười (ten) and
`muoi_ngang` mươi (tens), `mot` is một and `mot_sac` mốt (one after tens).
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

DIGITS: Final = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin")
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST: Final = 9999

# Every clip there can be, and the words somebody says for it.
CLIPS: Final[Mapping[str, str]] = MappingProxyType(
    {letter.lower(): letter for letter in LETTERS}
    | dict(
        zip(
            DIGITS,
            ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"),
            strict=True,
        )
    )
    | {
        "gong": "",
        "moi_so": "mời số",
        "uu_tien": "ưu tiên",
        "den_quay": "đến quầy",
        "muoi": "mười",
        "muoi_ngang": "mươi",
        "mot_sac": "mốt",
        "tu": "tư",
        "lam": "lăm",
        "linh": "linh",
        "tram": "trăm",
        "nghin": "nghìn",
    }
)


def call(*, number: str, counter: int | None, priority: bool) -> Sequence[str]:
    """`A101` at counter 3: gong, mời số, A, một trăm linh một, đến quầy, ba."""
    to = ["den_quay", *integer(counter)] if counter is not None else []
    return ["gong", "moi_so", *(["uu_tien"] if priority else []), *label(number), *to]


def label(text: str) -> list[str]:
    """A ticket number as it is read: letters one by one, digits as a number, and nothing else."""
    clips: list[str] = []
    for part in re.findall(r"[A-Z]|[0-9]+", text.upper()):
        clips += _digits(part) if part[0] in "0123456789" else [part.lower()]
    return clips


def integer(value: int) -> list[str]:
    """A number of 1 to 9999 in words; zero, and a longer one digit by digit."""
    if not 1 <= value <= MOST:
        return [DIGITS[int(digit)] for digit in str(abs(value))]
    thousands, rest = divmod(value, 1000)
    above = [DIGITS[thousands], "nghin"] if thousands else []
    return above + (_below_thousand(rest, whole=bool(thousands)) if rest else [])


def _digits(part: str) -> list[str]:
    """`098` keeps its zero in the ear as it has it on paper."""
    if part[0] == "0":
        return [DIGITS[int(digit)] for digit in part]
    return integer(int(part))


def _below_thousand(value: int, *, whole: bool) -> list[str]:
    """1 to 999. After thousands (`whole`) the hundreds are said even when there are none: không trăm."""
    hundreds, rest = divmod(value, 100)
    said = hundreds > 0 or whole
    above = [DIGITS[hundreds], "tram"] if said else []
    if not rest:
        return above
    # A lone unit after hundreds is led in by linh: một trăm linh một.
    return above + (["linh", DIGITS[rest]] if said and rest < 10 else _below_hundred(rest))


def _below_hundred(value: int) -> list[str]:
    """1 to 99: mười một, mười lăm, hai mươi mốt, hai mươi tư, hai mươi lăm."""
    tens, unit = divmod(value, 10)
    if tens == 0:
        return [DIGITS[unit]]
    lead = ["muoi"] if tens == 1 else [DIGITS[tens], "muoi_ngang"]
    if unit == 0:
        return lead
    changed = {5: "lam"} if tens == 1 else {1: "mot_sac", 4: "tu", 5: "lam"}
    return [*lead, changed.get(unit, DIGITS[unit])]
