"""Who comes in a simulated session, for what, and how long it really takes (BOOKING.md 2.4)."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from app.queue.forecast import P80_SIGMAS, Duration, Forecast
from app.queue.rules import TicketClass

OPENS_AT: Final = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
GRAIN_MINUTES: Final = 10
# Mean minutes of a service and its share; a log-normal with this coefficient of variation.
SERVICES: Final = ((6.0, 0.5), (10.0, 0.3), (20.0, 0.2))
VARIATION: Final = 0.55
SIGMA: Final = math.sqrt(math.log(1 + VARIATION**2))
MEAN_MINUTES: Final = sum(mean * share for mean, share in SERVICES)
# Walk-ins come this much more often until then.
PEAK: Final = 1.7
PEAK_MINUTES: Final = 80.0
# People come so early, give or take.
EARLY_MINUTES: Final = 5.0
EARLY_SPREAD_MINUTES: Final = 5.0


class Session(NamedTuple):
    """What a session assumes."""

    load: float = 0.9
    counters: int = 6
    minutes: int = 240
    appointment_share: float = 0.6
    no_show: float = 0.12
    refuses_return: float = 0.0

    @property
    def closes_at(self) -> datetime:
        return OPENS_AT + timedelta(minutes=self.minutes)

    @property
    def visits(self) -> float:
        """How many are served in the mean."""
        return self.load * self.counters * self.minutes / MEAN_MINUTES


@dataclass(slots=True, eq=False)
class Visit:
    """One person of a session: what will be true of them, and what happens to them."""

    kind: TicketClass
    known: Duration
    service: timedelta
    arrives_at: datetime
    comes: bool
    starts_at: datetime | None
    refuses: bool
    returns_late: timedelta
    issued_at: datetime | None = None
    waiting_from: datetime | None = None
    due: datetime | None = None
    called_at: datetime | None = None
    quoted: Forecast | None = None
    # (n + 1) m / c with n everybody waiting, and with n only those called earlier.
    classic: tuple[float, float] | None = None
    offered_minutes: int | None = None
    came_back: bool = False


def durations() -> list[Duration]:
    """What the catalogue knows of each service."""
    medians = [mean * math.exp(-SIGMA * SIGMA / 2) for mean, _ in SERVICES]
    return [Duration(median, median * math.exp(P80_SIGMAS * SIGMA)) for median in medians]


KNOWN: Final = tuple(durations())
UP_TO: Final = tuple(accumulate(share for _, share in SERVICES))


def people(session: Session, chance: random.Random) -> list[Visit]:
    """Everybody of a session, also those who will not come."""
    return [*_booked(session, chance), *_walking_in(session, chance)]


def _booked(session: Session, chance: random.Random) -> Iterator[Visit]:
    """As many per grain as make the share, counting on those who do not come."""
    grains = session.minutes // GRAIN_MINUTES
    wanted = session.visits * session.appointment_share / (1 - session.no_show)
    for grain in range(grains):
        starts_at = OPENS_AT + timedelta(minutes=grain * GRAIN_MINUTES)
        for _ in range(math.ceil(wanted * (grain + 1) / grains) - math.ceil(wanted * grain / grains)):
            yield _visit(
                TicketClass.APPOINTMENT,
                chance,
                arrives_at=starts_at + _around(chance),
                comes=chance.random() >= session.no_show,
                starts_at=starts_at,
                session=session,
            )


def _walking_in(session: Session, chance: random.Random) -> Iterator[Visit]:
    """A Poisson stream with a peak in the morning."""
    wanted = session.visits * (1 - session.appointment_share)
    rate = wanted / (session.minutes + (PEAK - 1) * PEAK_MINUTES)
    minutes = 0.0
    while True:
        minutes += chance.expovariate(rate * PEAK)
        if minutes > session.minutes:
            return
        if minutes > PEAK_MINUTES and chance.random() >= 1 / PEAK:
            continue
        yield _visit(
            TicketClass.WALK_IN,
            chance,
            arrives_at=OPENS_AT + timedelta(minutes=minutes),
            comes=True,
            starts_at=None,
            session=session,
        )


def _visit(
    kind: TicketClass,
    chance: random.Random,
    *,
    arrives_at: datetime,
    comes: bool,
    starts_at: datetime | None,
    session: Session,
) -> Visit:
    picked = chance.random()
    known = next((one for one, up_to in zip(KNOWN, UP_TO, strict=True) if picked < up_to), KNOWN[-1])
    return Visit(
        kind=kind,
        known=known,
        service=timedelta(minutes=known.draw(chance)),
        arrives_at=arrives_at,
        comes=comes,
        starts_at=starts_at,
        refuses=chance.random() < session.refuses_return,
        returns_late=_around(chance),
    )


def _around(chance: random.Random) -> timedelta:
    """How long after an agreed time somebody comes; mostly before it."""
    return timedelta(minutes=chance.gauss(-EARLY_MINUTES, EARLY_SPREAD_MINUTES))
