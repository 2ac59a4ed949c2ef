"""When a message may leave (pure)."""

from datetime import datetime, time, timedelta
from typing import Final

from app.core.clock import ZONE
from notifications.templates import Category

# Decree 91/2020/NĐ-CP limits advertising to 07:00–22:00; ours is none, and still lets people sleep.
QUIET_FROM: Final = time(21, 30)
QUIET_UNTIL: Final = time(6, 30)
# A question about yesterday comes after breakfast, never on the way out of the hall.
NEXT_MORNING: Final = time(7, 0)
PER_PHONE_PER_DAY: Final = 20


def not_before(category: Category, *, now: datetime, happened_at: datetime | None = None) -> datetime:
    """Now, or the end of the quiet hours for what can wait. What waits for the next morning counts from
    the moment it is about (`happened_at`, now if not given), however late we hear of it.
    """
    if category is Category.NEXT_MORNING:
        return max(_awake(now), _morning_after(happened_at or now))
    return _awake(now) if category is Category.TRANSACTIONAL else now


def _awake(now: datetime) -> datetime:
    local = now.astimezone(ZONE)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    morning = datetime.combine(local.date(), QUIET_UNTIL, tzinfo=ZONE)
    return morning if local.time() < QUIET_UNTIL else morning + timedelta(days=1)


def _morning_after(moment: datetime) -> datetime:
    day = moment.astimezone(ZONE).date() + timedelta(days=1)
    return datetime.combine(day, NEXT_MORNING, tzinfo=ZONE)
