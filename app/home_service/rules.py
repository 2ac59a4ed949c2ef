"""What is decided about a home visit (pure)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.custody.papers import Paper
from app.home_service.states import Report
from app.rounds.margins import CENTROID_M
from app.rounds.rules import distance_km

# The province and its neighbourhood; a point elsewhere is a slip of the finger.
SOUTH, NORTH, WEST, EAST = 19.6, 21.0, 105.3, 106.8
CUT_OFF: Final = timedelta(minutes=5)
WRONG_CODES_ALLOWED: Final = 5
CODE_DIGITS: Final = 6
# A report waits so long for the one before it; then a supervisor must look (COURIER.md 5.5).
KEPT_WAITING: Final = timedelta(hours=72)
# Reports that say something physical happened: kept whatever the visit's state is by now.
PHYSICAL: Final = frozenset({Report.SEALED, Report.FEE_COLLECTED, Report.DELIVERED, Report.RETURNED})
# Two attempts, then five working days at the post office, then back to the centre (DOMAIN.md 4.3).
ATTEMPTS: Final = 2
HELD_WORKING_DAYS: Final = 5
# How far from the plan a courier may come: a little before, for planned times have a margin, and later.
EXPECTED_BEFORE: Final = timedelta(minutes=15)
EXPECTED_AFTER: Final = timedelta(minutes=30)


def is_near_the_province(lat: float, lon: float) -> bool:
    return SOUTH <= lat <= NORTH and WEST <= lon <= EAST


def is_commune_point(lat: float, lon: float, commune_lat: float | None, commune_lon: float | None) -> bool:
    """The address is only as good as its commune: the door is still to be found."""
    if commune_lat is None or commune_lon is None:
        return False
    return distance_km(lat, lon, commune_lat, commune_lon) * 1000 <= CENTROID_M


def may_still_be_promised(starts_at: datetime, *, now: datetime) -> bool:
    return starts_at >= now + CUT_OFF


class Expected(NamedTuple):
    """Between which moments the courier is expected at the door."""

    earliest: datetime
    latest: datetime


def expected_around(eta: datetime, *, starts_at: datetime, ends_at: datetime) -> Expected | None:
    """A stretch people can plan with, inside what was promised; None where that would not be true."""
    if not starts_at <= eta <= ends_at:
        return None
    return Expected(max(starts_at, eta - EXPECTED_BEFORE), min(ends_at, eta + EXPECTED_AFTER))


def is_late(eta: datetime, *, planned: datetime, ends_at: datetime) -> bool:
    """Later than what the person could read of the plan: the stretch around it, or the window."""
    return eta > min(planned + EXPECTED_AFTER, ends_at)


class Needed(NamedTuple):
    """A paper of the published list; an optional one, or one in the electronic store, need not be."""

    component: int
    originals: int
    copies: int
    required: bool


def missing_papers(
    needed: Iterable[Needed], counted: Iterable[Paper], declared: Iterable[int]
) -> list[int]:
    """What is not there of the published list: too few of what is required, counted as none, or said so.

    An original or a certified copy stands for a copy.
    """
    found = {paper.component: paper for paper in counted}
    none = {n for n, paper in found.items() if not paper.originals + paper.certified_copies + paper.copies}
    short = set()
    for paper in needed:
        had = found.get(paper.component, Paper(component=paper.component))
        pieces = had.originals + had.certified_copies + had.copies
        if paper.required and (had.originals < paper.originals or pieces < paper.originals + paper.copies):
            short.add(paper.component)
    return sorted(short | none | set(declared))
