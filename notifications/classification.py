"""What a provider's code means for us: data, because meanings change.

The meanings are those of the provider's error dictionary; the classes are ours and say what to do next.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Verdict(StrEnum):
    """What to do next. `unreachable` is told of a message that was accepted before."""

    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIGURATION = "configuration"
    FRAUD = "fraud"
    TEMPORARY = "temporary"
    UNREACHABLE = "unreachable"
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
    | dict.fromkeys((30003, 30008, 30009), Verdict.UNREACHABLE)
    | {30410: Verdict.AMBIGUOUS}
)
# The provider's blocks for risk have numbers of their own; 30410 is a time-out of an operator.
RISK_BLOCKS: Final = range(30_440, 30_500)
FINAL: Final = frozenset({Verdict.RECIPIENT, Verdict.CONTENT, Verdict.FRAUD})
# The person, or the operator for them, said no to every text of ours: nothing more is sent there.
SAID_NO: Final = frozenset({21610, 30004})
# No text will ever arrive there: a land line, a number nobody has, a phone no operator knows.
NO_SUCH_PHONE: Final = frozenset({21211, 21214, 21217, 21614, 30005, 30006})


def is_documented(code: int) -> bool:
    return code in TWILIO or code in RISK_BLOCKS


def verdict(code: int | None, status: int) -> Verdict:
    """By the provider's code, else by the HTTP status; an unknown 4xx is ours to look at."""
    if code is not None and code in TWILIO:
        return TWILIO[code]
    if code is not None and code in RISK_BLOCKS:
        return Verdict.FRAUD
    if status in (401, 403):
        return Verdict.CONFIGURATION
    if status == 429:
        return Verdict.TEMPORARY
    return Verdict.AMBIGUOUS if status >= 500 else Verdict.CONTENT


def verdict_afterwards(code: int | None) -> Verdict:
    """Of a message that was accepted: what nobody documented is as if the phone was not reached."""
    if code is None:
        return Verdict.UNREACHABLE
    found = TWILIO.get(code) or (Verdict.FRAUD if code in RISK_BLOCKS else Verdict.UNREACHABLE)
    # Twilio repeats nothing after an operator's time-out, because it may have arrived; neither do we.
    return Verdict.UNREACHABLE if found is Verdict.AMBIGUOUS else found
