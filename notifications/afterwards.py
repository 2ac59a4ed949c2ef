"""What follows when a message that was accepted did not arrive (pure)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from notifications.classification import Verdict
from notifications.templates import Category

# A phone without signal is tried once more, later; a third text to a phone that is off helps nobody.
ONCE_MORE_AFTER: Final = timedelta(minutes=15)
# Never left the provider: its queue was full, or it ran out of time there.
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=15)


class Tries(NamedTuple):
    """How often after which class, how long after, and whether each pause is twice the one before."""

    most: int
    pause: timedelta
    doubling: bool = False


AGAIN: Final[Mapping[Verdict, Tries]] = MappingProxyType(
    {
        Verdict.UNREACHABLE: Tries(1, ONCE_MORE_AFTER),
        Verdict.TEMPORARY: Tries(20, FIRST_PAUSE, doubling=True),
        Verdict.CONFIGURATION: Tries(20, FIRST_PAUSE, doubling=True),
    }
)


def once_more_at(
    verdict: Verdict, *, category: Category, tried: int, now: datetime, expires_at: datetime
) -> datetime | None:
    """When to send it again; None where that is of no use, or too late. A code is never sent again: the
    person asks for another. `tried` is how often that was done before.
    """
    tries = AGAIN.get(verdict)
    if tries is None or category is Category.OTP or tried >= tries.most:
        return None
    pause = min(LONGEST_PAUSE, tries.pause * 2**tried) if tries.doubling else tries.pause
    return now + pause if now + pause < expires_at else None
