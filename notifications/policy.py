"""When a message may leave (pure)."""

from datetime import datetime, time, timedelta
from typing import Final

from app.core.clock import ZONE
from notifications.templates import Category

# Decree 91/2020/NĐ-CP limits advertising to 07:00–22:00; ours is none, and still lets people sleep.
QUIET_FROM: Final = time(21, 30)
QUIET_UNTIL: Final = time(6, 30)
PER_PHONE_PER_DAY: Final = 20


def not_before(category: Category, *, now: datetime) -> datetime:
    """Now, or the end of the quiet hours for what can wait."""
    if category is not Category.TRANSACTIONAL:
        return now
    local = now.astimezone(ZONE)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    morning = datetime.combine(local.date(), QUIET_UNTIL, tzinfo=ZONE)
    return morning if local.time() < QUIET_UNTIL else morning + timedelta(days=1)
