"""What is decided about openings and appointments: pure, values in, verdict out."""

import math
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.clock import at_local, local, local_date
from app.core.errors import Words

HOLD: Final = timedelta(minutes=10)
MOST_GRAINS: Final = 24

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

# Nobody is reminded of what begins sooner: it would be too late to come, and to tell us.
REMINDED_UNTIL: Final = timedelta(hours=1)
CHECK_IN_FROM: Final = timedelta(minutes=30)

LONGEST_OPENING: Final = timedelta(hours=16)
MOST_COUNTERS: Final = 200
MOST_GRAIN_MINUTES: Final = 480

VISIT: Final = "visit"
SECTOR: Final = "sector"
# As in the rules of Hà Nội's one-stop centres.
DECISION: Final = "DOMAIN 0.10 (iHanoi)"


class BookingRules(NamedTuple):
    """What a centre has decided about booking (quy định đặt lịch); so it is where nothing was decided.

    A person may book today and the days up to the horizon; a visit that starts sooner than the cut-off
    is a walk-in. A move is early enough for an SMS to have arrived and for somebody else to use the
    place. A new day of the horizon opens at `release_at`, each start a moment of its own later, within
    the spread. Online places nobody took become walk-in places `unsold_minutes` before; None is never.
    Whoever confirmed long before is reminded `reminder_minutes` before; 0 is never.
    """

    horizon_days: int = 14
    cut_off_minutes: int = 5
    move_limit_minutes: int = 120
    grace_minutes: int = 10
    visits_per_day: int = 2
    visits_per_sector: int = 1
    online_share: float = 1.0
    release_at: time = time(0)
    release_spread_minutes: int = 0
    unsold_minutes: int | None = 90
    reminder_minutes: int = 1440
    decision: str = DECISION


UNDECIDED: Final = BookingRules()


class Bounds(NamedTuple):
    """From–to, both included."""

    least: float
    most: float


# What a decision can ask for; the table refuses the same.
WITHIN: Final = MappingProxyType(
    {
        "horizon_days": Bounds(1, 92),
        "cut_off_minutes": Bounds(0, 1440),
        "move_limit_minutes": Bounds(0, 10_080),
        "grace_minutes": Bounds(0, 120),
        "visits_per_day": Bounds(1, 9),
        "visits_per_sector": Bounds(1, 9),
        "online_share": Bounds(0, 1),
        "unsold_minutes": Bounds(0, 1440),
        "reminder_minutes": Bounds(0, 10_080),
    }
)
MINUTES_A_DAY: Final = 24 * 60


def booking_rule_faults(
    rules: BookingRules, *, valid_from: date, begun: date | None, today: date
) -> list[tuple[str, str]]:
    """What is wrong with new rules: (field, code) pairs.

    Rules change from one day to the next, never within a day, so that a day is judged by one decision:
    `begun` is since when the present ones are in force.
    """
    released = rules.release_at.hour * 60 + rules.release_at.minute + rules.release_spread_minutes
    values = rules._asdict()
    faults = [
        (not bounds.least <= values[field] <= bounds.most, field, "out_of_range")
        for field, bounds in WITHIN.items()
        if values[field] is not None
    ]
    faults += [
        (valid_from < today, "valid_from", "in_the_past"),
        (begun is not None and valid_from <= begun, "valid_from", "already_decided"),
        (valid_from > today + timedelta(days=366), "valid_from", "too_far"),
        (not rules.decision.strip(), "decision", "required"),
        (bool(rules.release_at.second or rules.release_at.microsecond), "release_at", "not_a_whole_minute"),
        (
            rules.release_spread_minutes < 0 or released >= MINUTES_A_DAY,
            "release_spread_minutes",
            "out_of_range",
        ),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]


class NoShowRule(NamedTuple):
    """So many no-shows within a time end online booking for a while; counters stay open."""

    misses: int
    within: timedelta
    barred_for: timedelta
    decision: str


NO_SHOWS: Final = NoShowRule(
    misses=2,
    within=timedelta(days=30),
    barred_for=timedelta(days=7),
    decision="DOMAIN 10.9",
)
# No-shows older than this have no consequence any more, whatever came after them.
NO_SHOWS_LOOKED_BACK: Final = NO_SHOWS.within + NO_SHOWS.barred_for


class HoldRule(NamedTuple):
    """A person holds so many places at a time, and tries so often: enough to choose, not to hoard."""

    at_once: int
    per_hour: int
    decision: str


# Two is also what the index of holds can count (`hot.HOLD_NUMBER`).
HOLDS: Final = HoldRule(at_once=2, per_hour=10, decision="BOOKING 3.1")
HOUR: Final = timedelta(hours=1)


class Limit(NamedTuple):
    """A limit somebody has reached: its name and its words."""

    rule: str
    words: Words


NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

NO_SHOW: Final = Limit(
    "two_no_shows",
    Words(
        "Ông/Bà đã {misses} lần không đến trong {days} ngày; đặt lịch trực tuyến mở lại từ {until}."
        " Ông/Bà vẫn được phục vụ và trình bày lý do tại quầy.",
        "You did not come {misses} times in {days} days; booking online opens again at {until}."
        " The counter serves you meanwhile, and hears your reasons.",
    ),
)

TWO_HOLDS: Final = Limit(
    "two_holds",
    Words(
        "Ông/Bà đang giữ {most} chỗ chưa xác nhận; hãy xác nhận hoặc hủy bớt.",
        "You hold {most} places that are not confirmed; confirm or give up one of them.",
    ),
)


def wait_for_a_hold(
    made: Collection[datetime], *, now: datetime, rule: HoldRule = HOLDS
) -> timedelta | None:
    """How long somebody who made holds at these moments waits for the next; None when not at all."""
    lately = sorted(moment for moment in made if moment > now - HOUR)
    if len(lately) < rule.per_hour:
        return None
    return lately[-rule.per_hour] + HOUR - now


def barred_until(
    missed: Collection[datetime], *, now: datetime, rule: NoShowRule = NO_SHOWS
) -> datetime | None:
    """Until when somebody with these unexcused no-shows books nothing online; None when they may."""
    times = sorted(missed)
    ends = [
        last + rule.barred_for
        for first, last in zip(times, times[rule.misses - 1 :], strict=False)
        if last - first <= rule.within
    ]
    until = max(ends, default=now)
    return until if until > now else None


def per_day(rules: BookingRules) -> Limit:
    most = rules.visits_per_day
    return Limit(
        f"{NUMBERS[most]}_per_day",
        Words(
            f"Mỗi người đặt tối đa {most} lịch hẹn trong một ngày.",
            f"A person books at most {most} {_appointments(most)} a day.",
        ),
    )


def per_sector(rules: BookingRules) -> Limit:
    most = rules.visits_per_sector
    return Limit(
        f"{NUMBERS[most]}_per_sector_per_day",
        Words(
            f"Mỗi người đặt tối đa {most} lịch hẹn cho một lĩnh vực trong một ngày.",
            f"A person books at most {most} {_appointments(most)} per sector a day.",
        ),
    )


def _appointments(number: int) -> str:
    return "appointment" if number == 1 else "appointments"


Choices = Sequence[Sequence[str]]


def claims(sectors: Collection[str], rules: BookingRules) -> list[list[str]]:
    """What an appointment claims of a person's day: one of each list, the first that is free.

    The visit stands first. A claim is a row that cannot exist twice, so a limit holds between processes.
    """
    visits = [f"{VISIT}:{n}" for n in range(1, rules.visits_per_day + 1)]
    numbers = ["", *(f":{n}" for n in range(2, rules.visits_per_sector + 1))]
    return [visits, *([f"{SECTOR}:{sector}{n}" for n in numbers] for sector in sorted(set(sectors)))]


def limit_reached(held: Collection[str], wanted: Choices, rules: BookingRules) -> Limit | None:
    """The limit a person with these claims would break by wanting one of each of those too."""
    full = [choices[0] for choices in wanted if set(choices) <= set(held)]
    if not full:
        return None
    return per_day(rules) if full == [f"{VISIT}:1"] else per_sector(rules)


def rest(starts_at: datetime, *, now: datetime, draw: float) -> timedelta:
    """How long a place given up rests, for a draw from 0 to 1; nothing when its time is too near."""
    shortest, longest = REST
    left = starts_at - TIME_TO_COME - now
    return max(min(shortest + (longest - shortest) * draw, left), timedelta(0))


def may_offer(now: datetime) -> bool:
    """Whether somebody who is told now is likely to see it in time."""
    return OFFERS_FROM <= local(now).time() < OFFERS_UNTIL


def earliest_offer(now: datetime, rules: BookingRules = UNDECIDED) -> datetime:
    """The first start worth offering: the offer is over, and there is still time to come."""
    return earliest_start(now, rules) + OFFER


def window_faults(starts_at: datetime, ends_at: datetime, *, now: datetime) -> list[tuple[str, str]]:
    """What is wrong with a window somebody wants to wait for: (field, code) pairs."""
    faults = [
        (ends_at <= starts_at, "to", "not_after_start"),
        (ends_at <= earliest_offer(now), "to", "in_the_past"),
        (ends_at > now + LONGEST_WAIT, "to", "too_far"),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]


def earliest_start(now: datetime, rules: BookingRules = UNDECIDED) -> datetime:
    return now + timedelta(minutes=rules.cut_off_minutes)


def last_day(now: datetime, rules: BookingRules = UNDECIDED) -> date:
    """The last day of which anything can be booked: today is the first of the horizon."""
    here = local(now)
    days = rules.horizon_days - (1 if here.time() >= rules.release_at else 2)
    return here.date() + timedelta(days=days)


def released_at(starts_at: datetime, rules: BookingRules, *, chance: float) -> datetime:
    """When a start can first be booked; `chance`, from 0 to below 1, is its place within the spread."""
    day = local_date(starts_at) - timedelta(days=rules.horizon_days - 1)
    opens = at_local(day, rules.release_at.hour, rules.release_at.minute)
    return opens + timedelta(minutes=rules.release_spread_minutes) * chance


def day_in_release(now: datetime, rules: BookingRules) -> date | None:
    """The day whose starts are being released at this moment, one after another."""
    day = last_day(now, rules)
    begun = now - released_at(at_local(day, 0), rules, chance=0.0)
    return day if begun < timedelta(minutes=rules.release_spread_minutes) else None


def is_bookable(
    starts_at: datetime, *, now: datetime, rules: BookingRules = UNDECIDED, chance: float = 0.0
) -> bool:
    """Neither too soon nor before its release."""
    soon = starts_at < earliest_start(now, rules)
    return not soon and released_at(starts_at, rules, chance=chance) <= now


def may_be_moved(starts_at: datetime, *, now: datetime, rules: BookingRules = UNDECIDED) -> bool:
    return now <= starts_at - timedelta(minutes=rules.move_limit_minutes)


def check_in_window(starts_at: datetime, rules: BookingRules = UNDECIDED) -> tuple[datetime, datetime]:
    """From when until when somebody is on time."""
    return starts_at - CHECK_IN_FROM, starts_at + timedelta(minutes=rules.grace_minutes)


def may_check_in(starts_at: datetime, *, now: datetime, rules: BookingRules = UNDECIDED) -> bool:
    opens_at, closes_at = check_in_window(starts_at, rules)
    return opens_at <= now <= closes_at


def came_late(starts_at: datetime, *, now: datetime, rules: BookingRules = UNDECIDED) -> bool:
    """After the grace, on the same day: too late to be called as expected, not to be served."""
    return now > check_in_window(starts_at, rules)[1] and local_date(now) == local_date(starts_at)


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
