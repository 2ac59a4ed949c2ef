"""Which promises lie inside an area that is to be closed, by date; nothing is written here."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from app.centres import queries as centres
from app.core.clock import local, local_date
from app.core.database import fetch
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import CARRIED, TO_REACH, Kind, State
from app.rounds import closures
from app.rounds.closures import Closure
from app.rounds.held_back import AREA_CLOSED

# Somebody is at the door: what has begun there is the courier's to end.
BEGUN: Final = frozenset({State.ARRIVED, State.COUNTED, State.INCOMPLETE})
# Figures are complete; of the visits so many are named.
VISITS_SHOWN: Final = 200

OF_VISIT: Final = ", ".join(f"visit.{name}" for name in COLUMNS.split(", "))
PROMISED: Final = f"""
SELECT {OF_VISIT}, stop.at_risk_since IS NOT NULL AS at_risk, stop.at_risk_because
  FROM home_visit visit JOIN round_stop stop ON stop.home_visit_id = visit.id
 WHERE visit.starts_at < $2 AND visit.ends_at > $1 AND stop.lock <> 'done' AND visit.state = ANY($3)
"""


class Promised(NamedTuple):
    """A promised visit, and whether it is at risk already, or held back from a closed area."""

    visit: HomeVisitRow
    is_at_risk: bool
    is_held_back: bool

    @property
    def is_carried(self) -> bool:
        """Its courier has the package."""
        return self.visit.kind == Kind.DELIVERY and State(self.visit.state) in CARRIED


class Inside(NamedTuple):
    """The promises inside an area: those that fall at risk by its closing, and those that have begun."""

    taken: Sequence[Promised]
    begun: Sequence[Promised]


class VisitInside(msgspec.Struct, frozen=True, kw_only=True):
    """A promise inside, by its reference; no name and no address."""

    id: uuid.UUID
    reference: str
    kind: Kind
    commune: str
    starts_at: datetime
    ends_at: datetime
    status: State
    with_package: bool
    already_at_risk: bool


class DayImpact(msgspec.Struct, frozen=True, kw_only=True):
    """One day of an area: promises that fall at risk, and of those how many courier and person know of."""

    date: date
    at_risk: int
    courier_named: int


class ClosureImpact(msgspec.Struct, frozen=True, kw_only=True):
    """What closing an area does to what was promised.

    `at_risk` visits leave their rounds and their people are told; of these `with_package` are deliveries
    whose package a courier has, and `already_at_risk` were told before. `begun` are at the door: they stay
    with their courier. `seen` names exactly these visits; announcing asks for it.
    """

    at_risk: int
    with_package: int
    already_at_risk: int
    begun: int
    days: list[DayImpact]
    visits: list[VisitInside]
    seen: str


async def inside(closure: Closure, *, ids: Collection[uuid.UUID] | None = None, now: datetime) -> Inside:
    """Promises of a time still to come inside the closure; with `ids`, of these only, and locked by id."""
    rows = await fetch(
        PROMISED + ("" if ids is None else " AND visit.id = ANY($4) ORDER BY visit.id FOR UPDATE OF visit"),
        max(closure.starts_at, now),
        closure.ends_at,
        sorted({*TO_REACH, *CARRIED, *BEGUN}),
        *(() if ids is None else (sorted(ids),)),
    )
    found = [
        Promised(HomeVisitRow(*row[:-2]), row["at_risk"], row["at_risk_because"] == AREA_CLOSED)
        for row in rows
    ]
    communes: dict[tuple[str, float, float], str] = {}
    there = [each for each in found if await _is_inside(closure, each.visit, communes, now=now)]
    return Inside(
        [each for each in there if State(each.visit.state) not in BEGUN and not each.is_held_back],
        [each for each in there if State(each.visit.state) in BEGUN],
    )


async def is_held(visit: HomeVisitRow, *, now: datetime) -> bool:
    """Whether a closure stands in which a visit lies."""
    communes: dict[tuple[str, float, float], str] = {}
    for closure in await closures.between(visit.starts_at, visit.ends_at):
        if await _is_inside(closure, visit, communes, now=now):
            return True
    return False


async def _is_inside(
    closure: Closure, visit: HomeVisitRow, communes: dict[tuple[str, float, float], str], *, now: datetime
) -> bool:
    """Judged by the commune whose zone the door is in, as its window was when it was promised."""
    key = (visit.commune, visit.lat, visit.lon)
    if closure.communes is not None and key not in communes:
        place = await centres.zone_and_commune(
            on=local_date(now), commune_code=visit.commune, lat=visit.lat, lon=visit.lon
        )
        communes[key] = visit.commune if place is None else place[1]
    commune = communes.get(key, visit.commune)
    return closure.touches(commune, visit.lat, visit.lon, visit.starts_at, visit.ends_at)


def impact_of(found: Inside) -> ClosureImpact:
    """The figures of an area, and the mark of exactly these visits."""
    taken = sorted(found.taken, key=lambda each: (each.visit.starts_at, each.visit.id))
    by_day = Counter(local_date(each.visit.starts_at) for each in taken)
    named = Counter(local_date(each.visit.starts_at) for each in taken if each.visit.courier_id is not None)
    return ClosureImpact(
        at_risk=len(taken),
        with_package=sum(each.is_carried for each in taken),
        already_at_risk=sum(each.is_at_risk for each in taken),
        begun=len(found.begun),
        days=[
            DayImpact(date=day, at_risk=count, courier_named=named[day])
            for day, count in sorted(by_day.items())
        ],
        visits=[_told(each) for each in taken[:VISITS_SHOWN]],
        seen=_mark(each.visit.id for each in taken),
    )


def _told(each: Promised) -> VisitInside:
    visit = each.visit
    return VisitInside(
        id=visit.id,
        reference=visit.reference,
        kind=Kind(visit.kind),
        commune=visit.commune,
        starts_at=local(visit.starts_at),
        ends_at=local(visit.ends_at),
        status=State(visit.state),
        with_package=each.is_carried,
        already_at_risk=each.is_at_risk,
    )


def _mark(ids: Iterable[uuid.UUID]) -> str:
    digest = hashlib.sha256()
    for each in sorted(ids):
        digest.update(each.bytes)
    return digest.hexdigest()[:24]
