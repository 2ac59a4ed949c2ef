"""When a message may leave (pure)."""

from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from app.citizens.rules import Channel, Preferences, QuietHours
from app.core.clock import ZONE
from notifications.templates import Category

# Decree 91/2020/NĐ-CP limits advertising to 07:00–22:00; ours is none, and still lets people sleep.
QUIET_FROM: Final = time(21, 30)
QUIET_UNTIL: Final = time(6, 30)
OF_THE_HOUSE: Final = QuietHours(QUIET_FROM, QUIET_UNTIL)
# What comes later than this before what it is about leaves at night, too.
NOTICE: Final = timedelta(minutes=60)
# A question about yesterday comes after breakfast, never on the way out of the hall.
NEXT_MORNING: Final = time(7, 0)
# Accepted messages of a phone but codes, which have limits of their own (`app.identity.rules`).
PER_PHONE_PER_DAY: Final = 10
PER_PHONE_PER_MONTH: Final = 60


# What leaves at any hour and to whoever chose no messages: a code, and what cannot wait.
CANNOT_WAIT: Final = frozenset({Category.OTP, Category.URGENT})


class Rest(NamedTuple):
    """When the person it is for sleeps, where they said so, and when what it is about takes place."""

    quiet: QuietHours | None = None
    event_at: datetime | None = None


def may_leave(category: Category, chosen: Preferences) -> bool:
    """Whether the person it is for wants it at all."""
    if category in CANNOT_WAIT:
        return True
    if chosen.channel is Channel.NONE:
        return False
    return chosen.surveys or category is not Category.NEXT_MORNING


def quiet_until(category: Category, rest: Rest, *, now: datetime) -> datetime:
    """Now, or the end of the quiet hours (the person's, else the house's) for what can wait. They give way
    where waiting would leave less than `NOTICE` before `event_at`, if that is still to come.
    """
    if category in CANNOT_WAIT:
        return now
    over_at = (rest.quiet or OF_THE_HOUSE).over_at(now)
    is_near = rest.event_at is not None and now < rest.event_at < over_at + NOTICE
    return now if is_near else over_at


def not_before(
    category: Category,
    *,
    now: datetime,
    happened_at: datetime | None = None,
    quiet: QuietHours | None = None,
    event_at: datetime | None = None,
    others_until: datetime | None = None,
) -> datetime:
    """Now, or the end of the quiet hours (`quiet_until`). What waits for the next morning counts from the
    moment it is about (`happened_at`, now if not given), however late we hear of it. Others that may go
    with it are waited for (`others_until`), but not into the quiet hours.
    """
    if category in CANNOT_WAIT:
        return now
    hours = quiet or OF_THE_HOUSE
    if category is Category.NEXT_MORNING:
        return hours.over_at(max(now, _morning_after(happened_at or now)))
    over_at = quiet_until(category, Rest(quiet, event_at), now=now)
    if others_until is None or over_at != now:
        return over_at
    return others_until if now < others_until == hours.over_at(others_until) else now


def _morning_after(moment: datetime) -> datetime:
    day = moment.astimezone(ZONE).date() + timedelta(days=1)
    return datetime.combine(day, NEXT_MORNING, tzinfo=ZONE)
