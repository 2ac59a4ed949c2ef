"""When a hall must be told that somebody waits too long, why it is so, and what can be done (pure).

Plan VII.4 asks for at most 15 minutes. At ten the shift lead still can do something; at fifteen it has
happened, and why is kept. A forecast beyond the target that has stood for ten minutes is told before
anybody waits so long.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.errors import Words
from app.queue.rules import WAIT_TARGET

EARLY: Final = timedelta(minutes=10)
FORECAST_STANDS: Final = timedelta(minutes=10)
# Somewhere else is worth walking to only where it is clearly quicker.
QUICKER_BY_MINUTES: Final = 5


class Kind(StrEnum):
    """What is wrong."""

    WAIT_10 = "wait_10"
    WAIT_15 = "wait_15"
    FORECAST = "forecast"


class Cause(StrEnum):
    """Why somebody waits too long (nguyên nhân)."""

    NO_COUNTER = "no_counter"  # chưa mở quầy nào
    COUNTERS_CLOSED = "counters_closed"  # còn quầy chưa mở
    ALL_BUSY = "all_busy"  # mọi quầy đều bận


class Action(StrEnum):
    """What can be done about it."""

    OPEN_COUNTER = "open_counter"
    ACTIVATE_STANDBY = "activate_standby"
    OTHER_POOL = "other_pool"
    HOME_SERVICE = "home_service"


class Waiting(NamedTuple):
    """Somebody in the pool, and since when their wait counts."""

    ticket_id: uuid.UUID
    number: str
    wait_from: datetime


class PoolNow(NamedTuple):
    """What is known of one group of counters at this moment.

    `over_since` is when the forecast began to exceed the target; `closed` are counters that could be
    opened, `standby` terms of officers who could be called, `quicker` other groups that serve the same.
    """

    pool_id: uuid.UUID
    waiting: Sequence[Waiting]
    p80_minutes: int
    over_since: datetime | None
    open_counters: int
    closed: Sequence[uuid.UUID]
    standby: Sequence[uuid.UUID]
    quicker: Sequence[uuid.UUID]


class Proposal(NamedTuple):
    """One thing to do; `subject` is the counter, term or pool it is about."""

    action: Action
    subject: uuid.UUID | None


class Alarm(NamedTuple):
    """Something a shift lead must see."""

    kind: Kind
    pool_id: uuid.UUID
    ticket: Waiting | None
    minutes: float
    cause: Cause
    proposals: tuple[Proposal, ...]


def judge(pool: PoolNow, *, now: datetime) -> list[Alarm]:
    """Every alarm a pool deserves now; those that hold on stay the same, so raising twice is once."""
    waits = sorted(pool.waiting, key=lambda each: (each.wait_from, each.ticket_id))
    longest = waits[0] if waits else None
    waited = now - longest.wait_from if longest else timedelta()
    found = []
    if waited >= EARLY:
        found.append((Kind.WAIT_10, longest, waited))
    if waited > WAIT_TARGET:
        found.append((Kind.WAIT_15, longest, waited))
    if pool.over_since is not None and now - pool.over_since >= FORECAST_STANDS:
        found.append((Kind.FORECAST, None, timedelta(minutes=pool.p80_minutes)))
    proposals = tuple(_proposals(pool))
    return [
        Alarm(kind, pool.pool_id, ticket, round(length / timedelta(minutes=1), 1), cause(pool), proposals)
        for kind, ticket, length in found
    ]


def is_over(p80_minutes: int) -> bool:
    return timedelta(minutes=p80_minutes) > WAIT_TARGET


def cause(pool: PoolNow) -> Cause:
    """The nearest one: a counter that is not open is something somebody decided."""
    if pool.open_counters == 0:
        return Cause.NO_COUNTER
    return Cause.COUNTERS_CLOSED if pool.closed else Cause.ALL_BUSY


def _proposals(pool: PoolNow) -> Iterable[Proposal]:
    """The quickest first: open what is there, call who may come, send people on, or to their doors."""
    yield from (Proposal(Action.OPEN_COUNTER, counter) for counter in pool.closed)
    if pool.closed or pool.open_counters == 0:
        yield from (Proposal(Action.ACTIVATE_STANDBY, term) for term in pool.standby)
    yield from (Proposal(Action.OTHER_POOL, other) for other in pool.quicker)
    yield Proposal(Action.HOME_SERVICE, None)


def quicker_pools(own_p80: int, others: Iterable[tuple[uuid.UUID, int]]) -> list[uuid.UUID]:
    """Of the pools that serve the same, those where the wait is clearly shorter; the shortest first."""
    near = [(p80, pool_id) for pool_id, p80 in others if p80 + QUICKER_BY_MINUTES <= own_p80]
    return [pool_id for _, pool_id in sorted(near)]


KIND_WORDS: Final = MappingProxyType(
    {
        Kind.WAIT_10: Words(
            "Số {number} đã chờ {minutes:.0f} phút.", "{number} has waited {minutes:.0f} minutes."
        ),
        Kind.WAIT_15: Words(
            "Số {number} đã chờ {minutes:.0f} phút, quá mục tiêu 15 phút.",
            "{number} has waited {minutes:.0f} minutes, beyond the target of 15.",
        ),
        Kind.FORECAST: Words(
            "Người đến bây giờ có thể phải chờ {minutes:.0f} phút.",
            "Whoever comes now may wait {minutes:.0f} minutes.",
        ),
    }
)
CAUSE_WORDS: Final = MappingProxyType(
    {
        Cause.NO_COUNTER: Words("Chưa mở quầy nào.", "No counter is open."),
        Cause.COUNTERS_CLOSED: Words("Còn quầy chưa mở.", "Some counters are not open."),
        Cause.ALL_BUSY: Words("Mọi quầy đều bận.", "Every counter is busy."),
    }
)
ACTION_WORDS: Final = MappingProxyType(
    {
        Action.OPEN_COUNTER: Words("Mở {name}", "Open {name}"),
        Action.ACTIVATE_STANDBY: Words("Điều động dự phòng: {name}", "Call the standby officer {name}"),
        Action.OTHER_POOL: Words("Chuyển bớt sang {name}", "Send people on to {name}"),
        Action.HOME_SERVICE: Words(
            "Mời người đến sau đăng ký tiếp nhận tại nhà", "Offer home service to those who come now"
        ),
    }
)
