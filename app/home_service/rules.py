"""What is decided about a home visit (pure)."""

from datetime import datetime, timedelta
from typing import Final

from app.home_service.states import Report

# The province and its neighbourhood; a point elsewhere is a slip of the finger.
SOUTH, NORTH, WEST, EAST = 19.6, 21.0, 105.3, 106.8
CUT_OFF: Final = timedelta(minutes=5)
WRONG_CODES_ALLOWED: Final = 5
CODE_DIGITS: Final = 6
# A report waits so long for the one before it; then a supervisor must look (COURIER.md 5.5).
KEPT_WAITING: Final = timedelta(hours=72)
# Reports that say something physical happened: kept whatever the visit's state is by now.
PHYSICAL: Final = frozenset({Report.SEALED, Report.FEE_COLLECTED, Report.DELIVERED})


def is_near_the_province(lat: float, lon: float) -> bool:
    return SOUTH <= lat <= NORTH and WEST <= lon <= EAST


def may_still_be_promised(starts_at: datetime, *, now: datetime) -> bool:
    return starts_at >= now + CUT_OFF
