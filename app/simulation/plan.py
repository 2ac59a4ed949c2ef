"""Who comes when, for what and for how long (pure): the same seed is the same day.

Three fifths of the load come by appointment and one in eight of those stays away; walk-ins are a Poisson
stream 1.7 times as dense in the first 80 minutes of a session; services are log-normal around the
catalogue's figures.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.queue import planning
from app.queue.forecast import Duration

BOOKED_SHARE: Final = 0.6
NO_SHOW: Final = 0.12
PRIORITY_SHARE: Final = 0.06
PEAK: Final = 1.7
PEAK_LASTS: Final = timedelta(minutes=80)
EARLY: Final = timedelta(minutes=5)
EARLY_SPREAD: Final = timedelta(minutes=5)
# From one person leaving a counter to the next one sitting down: called, walking, looking for the desk.
TURNOVER_MINUTES: Final = 1.0
# The last to come before a session ends still have somebody to come to.
LAST_ARRIVAL: Final = timedelta(minutes=20)


class Session(NamedTuple):
    """A time the hall is open."""

    opens: datetime
    closes: datetime


class Hall(NamedTuple):
    """A group of counters: what it serves, and with how many desks' worth of time."""

    procedures: Mapping[str, Duration]
    counters: float


class Visitor(NamedTuple):
    """Somebody of the day. A booked one wishes for `arrives`, and comes around the time they got."""

    arrives: datetime
    procedure: str
    minutes: float
    booked: bool
    shows: bool
    priority: bool


def visitors(
    halls: Sequence[Hall], sessions: Sequence[Session], *, load: float | None, seed: int
) -> list[Visitor]:
    """Everybody of the day in order of arrival, so many that the counters are busy a `load` of the time.

    Without a load each group of counters is as busy as may be promised of it (`planning.most_load`): a
    single desk much less than six.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation
    found = [
        visitor
        for hall in halls
        if hall.procedures
        for session in sessions
        for visitor in _of_session(hall, session, plannable(hall) if load is None else load, chance)
    ]
    return sorted(found, key=lambda visitor: visitor.arrives)


def plannable(hall: Hall) -> float:
    """The load at which nearly nobody waits too long."""
    service = planning.mixed(list(hall.procedures.values()))
    return planning.most_load(counters=max(1, round(hall.counters)), service=service)


def _of_session(hall: Hall, session: Session, load: float, chance: random.Random) -> Iterator[Visitor]:
    codes = sorted(hall.procedures)
    mean = TURNOVER_MINUTES + sum(hall.procedures[code].mean for code in codes) / len(codes)
    open_for = session.closes - session.opens
    visits = hall.counters * (open_for / timedelta(minutes=1)) * load / mean
    for moment in _spread(session, visits * BOOKED_SHARE / (1 - NO_SHOW), chance, peak=1.0):
        yield _visitor(hall, codes, moment, chance, booked=True)
    for moment in _spread(session, visits * (1 - BOOKED_SHARE), chance, peak=PEAK):
        yield _visitor(hall, codes, moment, chance, booked=False)


def _visitor(
    hall: Hall, codes: Sequence[str], moment: datetime, chance: random.Random, *, booked: bool
) -> Visitor:
    code = chance.choice(codes)
    return Visitor(
        arrives=moment,
        procedure=code,
        minutes=hall.procedures[code].draw(chance),
        booked=booked,
        shows=not booked or chance.random() >= NO_SHOW,
        priority=not booked and chance.random() < PRIORITY_SHARE,
    )


def _spread(session: Session, count: float, chance: random.Random, *, peak: float) -> Iterator[datetime]:
    """A Poisson stream of about `count` moments, `peak` times as dense at the beginning (thinning)."""
    length = (session.closes - session.opens - LAST_ARRIVAL) / timedelta(minutes=1)
    dense = min(PEAK_LASTS / timedelta(minutes=1), length)
    usual = count / (dense * peak + (length - dense))
    minute = 0.0
    while usual > 0:
        minute += chance.expovariate(usual * peak)
        if minute >= length:
            return
        if minute < dense or chance.random() < 1 / peak:
            yield session.opens + timedelta(minutes=minute)


def comes_at(starts_at: datetime, chance: random.Random) -> datetime:
    """When somebody with an appointment is at the door: a little early, more or less."""
    spread = max(-2.0, min(2.0, chance.gauss(0, 1)))
    return starts_at - EARLY + spread * EARLY_SPREAD
