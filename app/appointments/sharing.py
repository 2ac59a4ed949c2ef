"""Places that change sides on the day: unsold online places, and places kept for walk-ins; pure.

BOOKING.md 1.5: shortly before, what nobody took online goes to walk-ins; hours ahead, what walk-ins will
not need goes online. A slot gives places one way only, for ever: `moved_to` says which.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Final

# Fewer walk-ins than expected in less time than this may be chance.
SEEN_AT_LEAST: Final = timedelta(minutes=60)
# Slots nearer than this are left to those who are on their way.
LATER: Final = timedelta(minutes=60)
# A quarter more than came so far: a morning is uneven.
MARGIN: Final = (5, 4)


class Side(StrEnum):
    """Whom places of a slot went to (chuyển chỗ cho)."""

    WALKIN = "walkin"
    ONLINE = "online"


def spare_floor(*, floor: int, taken: int, kept: int, came: int, seen: timedelta) -> int:
    """How many of the places a later slot keeps for walk-ins can be booked online.

    As many will come as came so far, by the places kept for them so far, and a quarter more; one place
    stays, for somebody always comes. Nothing is spare before an hour of the day has been seen.
    """
    if seen < SEEN_AT_LEAST or kept <= 0:
        return 0
    more, of = MARGIN
    expected = -(-floor * came * more // (kept * of))
    return max(floor - max(expected, taken, 1), 0)
