"""Timed returns (hẹn giờ quay lại): nobody has to sit through a wait the forecast calls too long (pure).

Always true:
- only a walk-in whose P80 exceeds the target is offered a time, and may refuse it;
- the time is the next whole grain at which the work already known leaves room for one more;
- who accepts has class `returning` from then on: the wait begins at the agreed time, not at the door.

How to use it, on a walk-in's arrival and with the facts of the pool:

    found = forecast(...)                       # as for any ticket
    offer = returns.offer(kind=kind, found=found, now=now, until=..., work=Work(...))

`None` is a normal ticket. Otherwise tell the offer with the ticket and keep it beside the ticket.
Refused: the ticket stays what it is and the refusal is an event. Accepted: one walk-in place of the slot
at `returns_at` is taken, the ticket may not be called before its holder is back, and from then on it is
an `Expected` of every forecast and every further offer. When the holder is back, `on_return` gives the
class and the start of the wait, and `rules.call_by` the rest.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.queue.forecast import Duration, Expected, Forecast, Serving
from app.queue.rules import WAIT_TARGET, TicketClass, wait_from

GRAIN: Final = timedelta(minutes=10)
# Sooner is not worth leaving for; later is another visit.
LEAST_AWAY: Final = timedelta(minutes=10)
MOST_AWAY: Final = timedelta(hours=3)
# A returning person is on time if not later than this; after it the visit is a walk-in again.
KEPT_FOR: Final = timedelta(minutes=15)
# How much work may be agreed for a grain (1 is all its counters, all its minutes), and how far behind the
# hall may still be when the returning person comes. Tried in the twin: less room sends people away for
# longer and helps nobody, more lets returning people wait.
ROOM: Final = 1.2
BEHIND_AT_MOST_MINUTES: Final = 8.0
# Of a service that has begun, so much is still to come at least.
LEAST_LEFT: Final = 0.3
COMES_BACK: Final = 0.95


class Work(NamedTuple):
    """All the work of a pool that is known now: everybody waiting, not only those due earlier."""

    own: Duration
    serving: Sequence[Serving]
    waiting: Sequence[Duration]
    expected: Sequence[Expected]
    open_counters: int


class Offer(NamedTuple):
    """Come back then and be called within minutes."""

    returns_at: datetime
    minutes_away: int


class Return(NamedTuple):
    """What a person who came back is."""

    kind: TicketClass
    waiting_from: datetime


def is_too_long(found: Forecast) -> bool:
    """More than one in five would wait longer than the target."""
    return timedelta(minutes=found.p80_minutes) > WAIT_TARGET


def offer(
    *, kind: TicketClass, found: Forecast, work: Work, now: datetime, until: datetime
) -> Offer | None:
    """The time to come back at, or None: the wait is short enough, or no later time today is better.

    Never for a priority group (called at once) nor for an appointment (has a time already).
    """
    if kind is not TicketClass.WALK_IN or not is_too_long(found):
        return None
    returns_at = _next_time_with_room(work, now=now, last=min(until, now + MOST_AWAY))
    if returns_at is None:
        return None
    return Offer(returns_at, round((returns_at - now).total_seconds() / 60))


def on_return(*, arrived_at: datetime, returns_at: datetime) -> Return:
    """Back in time: called as one who has an appointment. Much later: a walk-in who came just now."""
    if arrived_at - returns_at > KEPT_FOR:
        return Return(TicketClass.WALK_IN, arrived_at)
    return Return(TicketClass.RETURNING, wait_from(arrived_at=arrived_at, starts_at=returns_at))


def _next_time_with_room(work: Work, *, now: datetime, last: datetime) -> datetime | None:
    """Follow the work grain by grain: what is due in it comes in, what its counters can do goes out."""
    counters = max(work.open_counters, 1)
    full = counters * _minutes(GRAIN)
    due = _work_by_grain(work.expected, now=now)
    behind = _work_here(work)
    at = _grain_of(now)
    before = now
    while at <= last:
        behind = max(0.0, behind - counters * _minutes(max(at, now) - before))
        before = max(at, now)
        fits = behind + due[at] + work.own.mean <= ROOM * full
        if at - now >= LEAST_AWAY and fits and behind <= BEHIND_AT_MOST_MINUTES * counters:
            return at
        behind += due[at]
        at += GRAIN
    return None


def _work_here(work: Work) -> float:
    """Minutes of work for those in the hall."""
    begun = sum(
        max(one.duration.mean - one.elapsed, LEAST_LEFT * one.duration.mean) for one in work.serving
    )
    return begun + sum(duration.mean for duration in work.waiting)


def _work_by_grain(expected: Sequence[Expected], *, now: datetime) -> dict[datetime, float]:
    """Minutes of work that those expected will bring; who is late already counts as now."""
    found: dict[datetime, float] = defaultdict(float)
    for one in expected:
        at = _grain_of(now + timedelta(minutes=max(0.0, one.starts_in)))
        found[at] += one.duration.mean * one.show
    return found


def _grain_of(moment: datetime) -> datetime:
    """The grain a moment falls into; grains begin at whole tens of minutes in every zone we know."""
    seconds = GRAIN.total_seconds()
    return datetime.fromtimestamp(math.floor(moment.timestamp() / seconds) * seconds, tz=moment.tzinfo)


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
