"""What may be chosen about messages (pure)."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.clock import ZONE

# Whoever is never awake is never told: a message lives for hours, and some for less than a night.
LONGEST_QUIET: Final = timedelta(hours=16)
A_DAY: Final = timedelta(days=1)


class Channel(StrEnum):
    """The way that is tried first. `none`: codes and what cannot wait, nothing else."""

    SMS = "sms"
    ZALO = "zalo"
    PUSH = "push"
    EMAIL = "email"
    NONE = "none"


class QuietHours(NamedTuple):
    """From–until, Asia/Ho_Chi_Minh, usually over midnight (giờ không làm phiền)."""

    starts: time
    ends: time

    @property
    def length(self) -> timedelta:
        day = datetime(2000, 1, 1, tzinfo=ZONE).date()
        long = datetime.combine(day, self.ends) - datetime.combine(day, self.starts)
        return long if long > timedelta() else long + A_DAY

    def over_at(self, moment: datetime) -> datetime:
        """The moment itself, or when the quiet hours it lies in are over."""
        local = moment.astimezone(ZONE)
        for day in (local.date() - A_DAY, local.date()):
            starts = datetime.combine(day, self.starts, tzinfo=ZONE)
            if starts <= local < starts + self.length:
                return starts + self.length
        return moment


def may_be_quiet(hours: QuietHours) -> bool:
    """Two different times, and at least eight hours of the day left."""
    return hours.starts != hours.ends and hours.length <= LONGEST_QUIET


class Preferences(NamedTuple):
    """`language` None is that of each request, `quiet` None the house's hours (`notifications.policy`)."""

    language: str | None = None
    channel: Channel = Channel.SMS
    quiet: QuietHours | None = None
    surveys: bool = True


UNCHOSEN: Final = Preferences()
