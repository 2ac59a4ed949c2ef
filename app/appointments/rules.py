"""What is decided about openings and appointments: pure, values in, verdict out."""

import math
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from app.core.clock import local, local_date
from app.core.errors import Words

# A person may book today and so many days ahead; a visit that starts sooner than this is a walk-in.
HORIZON: Final = timedelta(days=14)
CUT_OFF: Final = timedelta(minutes=5)

HOLD: Final = timedelta(minutes=10)
MOST_GRAINS: Final = 24

# Late enough for an SMS to have arrived, early enough for the place to be used by somebody else.
MOVED_UNTIL: Final = timedelta(hours=2)

# A confirmed place that is given up rests so long, by a draw, before the public may book it: whoever
# sells places cannot tell the buyer when to press the button. It leaves this much time to come.
REST: Final = (timedelta(minutes=2), timedelta(minutes=10))
TIME_TO_COME: Final = timedelta(minutes=20)

# A place that becomes free is offered to whoever has waited longest, for so long (DOMAIN 10, story 3).
OFFER: Final = timedelta(minutes=10)
# Nobody else can take it for this long afterwards, so that it passes to the next person.
PASSING_ON: Final = timedelta(minutes=1)
# An offer made at night would expire unseen.
OFFERS_FROM: Final = time(7)
OFFERS_UNTIL: Final = time(21)
MOST_WAITING: Final = 5
LONGEST_WAIT: Final = timedelta(days=60)

CHECK_IN_FROM: Final = timedelta(minutes=30)
GRACE: Final = timedelta(minutes=10)

LONGEST_OPENING: Final = timedelta(hours=16)
MOST_COUNTERS: Final = 200
MOST_GRAIN_MINUTES: Final = 480

# At most 2 a day and 1 per sector a day, as in the rules of Hà Nội's one-stop centres (DOMAIN 0.10).
VISITS: Final = ("visit:1", "visit:2")
SECTOR: Final = "sector:"
DECISION: Final = "DOMAIN 0.10 (iHanoi)"


class Limit(NamedTuple):
    """A limit somebody has reached: its name and its words."""

    rule: str
    words: Words


PER_DAY: Final = Limit(
    "two_per_day",
    Words(
        "Mỗi người đặt tối đa 2 lịch hẹn trong một ngày.",
        "A person books at most 2 appointments a day.",
    ),
)
PER_SECTOR: Final = Limit(
    "one_per_sector_per_day",
    Words(
        "Mỗi người đặt tối đa 1 lịch hẹn cho một lĩnh vực trong một ngày.",
        "A person books at most 1 appointment per sector a day.",
    ),
)


def sector_claims(sectors: Collection[str]) -> list[str]:
    """What an appointment claims for its sectors; a visit is claimed beside them."""
    return sorted({f"{SECTOR}{sector}" for sector in sectors})


def limit_reached(held: Collection[str], wanted: Collection[str]) -> Limit | None:
    """The limit a person with these claims would break by wanting those too."""
    if set(wanted) & set(held):
        return PER_SECTOR
    return PER_DAY if set(VISITS) <= set(held) else None


def earliest_start(now: datetime) -> datetime:
    return now + CUT_OFF


def last_day(now: datetime) -> date:
    """The last day that can be booked: today is the first of the horizon."""
    return local_date(now) + HORIZON - timedelta(days=1)


def is_bookable(starts_at: datetime, *, now: datetime) -> bool:
    return starts_at >= earliest_start(now) and local_date(starts_at) <= last_day(now)


def may_be_moved(starts_at: datetime, *, now: datetime) -> bool:
    return now <= starts_at - MOVED_UNTIL


def rest(starts_at: datetime, *, now: datetime, draw: float) -> timedelta:
    """How long a place given up rests, for a draw from 0 to 1; nothing when its time is too near."""
    shortest, longest = REST
    left = starts_at - TIME_TO_COME - now
    return max(min(shortest + (longest - shortest) * draw, left), timedelta(0))


def may_offer(now: datetime) -> bool:
    """Whether somebody who is told now is likely to see it in time."""
    return OFFERS_FROM <= local(now).time() < OFFERS_UNTIL


def earliest_offer(now: datetime) -> datetime:
    """The first start worth offering: the offer is over, and there is still time to come."""
    return now + OFFER + CUT_OFF


def window_faults(starts_at: datetime, ends_at: datetime, *, now: datetime) -> list[tuple[str, str]]:
    """What is wrong with a window somebody wants to wait for: (field, code) pairs."""
    faults = [
        (ends_at <= starts_at, "to", "not_after_start"),
        (ends_at <= earliest_offer(now), "to", "in_the_past"),
        (ends_at > now + LONGEST_WAIT, "to", "too_far"),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]


def check_in_window(starts_at: datetime) -> tuple[datetime, datetime]:
    """From when until when somebody is on time."""
    return starts_at - CHECK_IN_FROM, starts_at + GRACE


def may_check_in(starts_at: datetime, *, now: datetime) -> bool:
    opens_at, closes_at = check_in_window(starts_at)
    return opens_at <= now <= closes_at


def came_late(starts_at: datetime, *, now: datetime) -> bool:
    """After the grace, on the same day: too late to be called as expected, not to be served."""
    return now > starts_at + GRACE and local_date(now) == local_date(starts_at)


class Shares(NamedTuple):
    """How the places of a slot are shared among the channels."""

    online_cap: int
    partner_cap: int
    walkin_floor: int


def shares(*, counters: int, online_share: float, walkin_floor: int) -> Shares:
    """Whole places: a share is rounded down, but never to nothing when something was meant."""
    online = math.floor(counters * online_share + 1e-9)
    if online_share > 0:
        online = max(online, 1)
    return Shares(online_cap=online, partner_cap=counters, walkin_floor=walkin_floor)


def opening_faults(
    *,
    starts_at: datetime,
    ends_at: datetime,
    counters: int,
    grain_minutes: int,
    walkin_floor: int,
    now: datetime,
) -> list[tuple[str, str]]:
    """What is wrong with an opening: (field, code) pairs, empty when nothing is."""
    length = ends_at - starts_at
    faults = [
        (starts_at < now, "starts_at", "in_the_past"),
        (length <= timedelta(0), "ends_at", "not_after_start"),
        (length > LONGEST_OPENING, "ends_at", "too_long"),
        (length % timedelta(minutes=grain_minutes) != timedelta(0), "grain_minutes", "not_dividing"),
        (bool(starts_at.second or starts_at.microsecond), "starts_at", "not_a_whole_minute"),
        (local_date(starts_at) > local_date(now) + timedelta(days=366), "starts_at", "too_far"),
        (walkin_floor > counters, "walkin_floor", "more_than_counters"),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]


def grain_starts(starts_at: datetime, ends_at: datetime, grain_minutes: int) -> list[datetime]:
    """The start of each slot of an opening, in order."""
    grain = timedelta(minutes=grain_minutes)
    return [starts_at + n * grain for n in range((ends_at - starts_at) // grain)]
