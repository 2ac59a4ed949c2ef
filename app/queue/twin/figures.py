"""What simulated sessions say: how many waited too long, and how good the quotes were."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.queue.calibration import Told
from app.queue.rules import WAIT_TARGET, TicketClass
from app.queue.twin.people import Visit


class Waits(NamedTuple):
    """Shares of visits first called more than 15 minutes after the wait began, by the wait clock.

    The wait of one who accepted a return begins at the agreed time; `offered` and `minutes_away` stand
    beside the shares so that nobody can take a long day for a short one.
    """

    visits: int
    above: float
    above_with_appointment: float
    above_without: float
    offered: float
    minutes_away: float


class Estimates(NamedTuple):
    """Of those quoted a wait: the share called within their P80, and mean absolute errors in minutes.

    `classic` is (n + 1) m / c with n everybody waiting; `classic_ahead` knows our order and counts only
    those due earlier.
    """

    quoted: int
    within: float
    error: float
    classic: float
    classic_ahead: float


def waits(visits: Sequence[Visit]) -> Waits:
    booked = [visit for visit in visits if visit.kind is TicketClass.APPOINTMENT]
    others = [visit for visit in visits if visit.kind is not TicketClass.APPOINTMENT]
    offered = [visit.offered_minutes for visit in others if visit.offered_minutes is not None]
    return Waits(
        visits=len(visits),
        above=_share(map(_above, visits)),
        above_with_appointment=_share(map(_above, booked)),
        above_without=_share(map(_above, others)),
        offered=len(offered) / max(1, len(others)),
        minutes_away=statistics.fmean(offered) if offered else 0.0,
    )


def told(visits: Iterable[Visit]) -> list[Told]:
    """What calibration learns from: quotes and what became of them, without those who came back later."""
    return [
        Told(visit.quoted.p80_minutes, _until_called(visit))
        for visit in visits
        if visit.quoted is not None and not visit.came_back
    ]


def estimates(visits: Iterable[Visit]) -> Estimates:
    """How good the quotes were for those who were quoted a wait."""
    within: list[bool] = []
    errors: list[tuple[float, float, float]] = []
    for visit in visits:
        if visit.quoted is None or visit.classic is None or visit.came_back or not visit.quoted.p80_minutes:
            continue
        wait = _until_called(visit)
        within.append(wait <= visit.quoted.p80_minutes)
        everybody, ahead = visit.classic
        errors.append((abs(wait - visit.quoted.p50_minutes), abs(wait - everybody), abs(wait - ahead)))
    ours, classic, classic_ahead = (statistics.fmean(column) for column in zip(*errors, strict=True))
    return Estimates(len(within), _share(within), ours, classic, classic_ahead)


def _above(visit: Visit) -> bool:
    assert visit.called_at is not None
    assert visit.waiting_from is not None
    return visit.called_at - visit.waiting_from > WAIT_TARGET


def _until_called(visit: Visit) -> float:
    assert visit.called_at is not None
    assert visit.issued_at is not None
    return (visit.called_at - visit.issued_at).total_seconds() / 60


def _share(verdicts: Iterable[bool]) -> float:
    found = list(verdicts)
    return sum(found) / max(1, len(found))
