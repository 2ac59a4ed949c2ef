"""What a provider's answer means for us: data, because meanings change."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Verdict(StrEnum):
    """What to do next."""

    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIGURATION = "configuration"
    FRAUD = "fraud"
    TEMPORARY = "temporary"
    AMBIGUOUS = "ambiguous"


TWILIO: Final[Mapping[int, Verdict]] = MappingProxyType(
    dict.fromkeys((21211, 21214, 21217, 21614, 21610, 30004, 30005, 30006, 30019), Verdict.RECIPIENT)
    | dict.fromkeys(
        (21602, 21605, 21617, 21603, 21606, 21212, 21703, 21612, 30007, 30024, 30034, 30042, 30038, 30039),
        Verdict.CONTENT,
    )
    | dict.fromkeys((20003, 20404, 20005, 21408, 21608, 30002, 30010, 30044), Verdict.CONFIGURATION)
    | dict.fromkeys((30450, 60410), Verdict.FRAUD)
    | dict.fromkeys((20429, 21611, 30001, 30017, 30022, 30036), Verdict.TEMPORARY)
    | {30410: Verdict.AMBIGUOUS}
)
FINAL: Final = frozenset({Verdict.RECIPIENT, Verdict.CONTENT, Verdict.FRAUD})


def verdict(code: int | None, status: int) -> Verdict:
    """By the provider's code, else by the HTTP status; an unknown 4xx is ours to look at."""
    if code is not None and code in TWILIO:
        return TWILIO[code]
    if status in (401, 403):
        return Verdict.CONFIGURATION
    if status == 429:
        return Verdict.TEMPORARY
    return Verdict.AMBIGUOUS if status >= 500 else Verdict.CONTENT
