"""The rounds of a day as a dispatcher reads them: what is in danger, a drawing, and each courier's doors.

Whoever arranges rounds needs references, communes and times; no name, phone or house number is shown.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.errors import Forbidden
from app.home_service import queries as home_service
from app.home_service.queries import HomeVisitRow
from app.home_service.states import BEFORE_THE_DOOR, NAMES, State
from app.http.access import open_to
from app.http.principals import Caller
from app.http.requests import MotcuaRequest, language_of
from app.pages.console import SIGN_IN, officer_frame
from app.pages.responses import go, page
from app.pages.rounds_map import Place, Track, draw
from app.pages.session import officer_of
from app.rounds import closures, plans
from app.rounds import queries as rounds
from app.rounds.day import Day

# The province's own: a centre's leader has no business with the doors of another centre.
READERS: Final = frozenset({Caller.DISPATCHER, Caller.MONITOR})
UNDER_WAY: Final = frozenset({State.EN_ROUTE, State.ARRIVED, State.COUNTED, State.INCOMPLETE})
IN_VAIN: Final = frozenset({State.FAILED, State.ATTEMPT_FAILED, State.CANCELLED, State.QUARANTINED})
FIRST_YEAR, LAST_YEAR = 2000, 2099
CLOSURES_SHOWN: Final = 50


@get("/rounds", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_rounds(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """A day of the whole province, today unless one is asked for."""
    principal = await officer_of(request)
    if principal is None:
        return go(request, SIGN_IN)
    if not principal.callers & READERS:
        raise Forbidden
    language = language_of(request)
    asked = _day(request.query_params.get("day", "")) or local_date(now)
    day = (await plans.at([asked], now=now)).get(asked)
    context = await officer_frame(principal, now, language) | {
        "day": asked,
        "as_of": now,
        "rounds_url": "/rounds",
        "communes": await centres.names_on(asked, tier="commune", language=language),
        "closures": await _closed_on(asked, language=language),
        **await _told(day, language=language),
    }
    return page(request, "rounds/index.html", context)


def _day(raw: str) -> date | None:
    try:
        found = date.fromisoformat(raw)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


class Door(NamedTuple):
    """One door of a round, or of none (`sequence` 0), in the words of the page."""

    sequence: int
    reference: str
    commune: str
    kind: str
    eta: datetime | None
    starts_at: datetime
    ends_at: datetime
    state: str
    tone: str
    lat: float
    lon: float
    because: str = ""


class ClosedArea(NamedTuple):
    """An area nobody is sent to on the day, in the words of the page."""

    kind: str
    communes: Sequence[str]
    circle: tuple[float, float, float] | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    lifted_at: datetime | None


async def _closed_on(day: date, *, language: str) -> list[ClosedArea]:
    start = at_local(day, 0)
    rows = await closures.listed(start, start + timedelta(days=1), after=None, limit=CLOSURES_SHOWN)
    return [
        ClosedArea(
            row.kind,
            row.communes or (),
            None
            if row.lat is None or row.lon is None or row.radius_km is None
            else (row.lat, row.lon, row.radius_km),
            row.starts_at,
            row.ends_at,
            row.reason_en if language == "en" and row.reason_en else row.reason_vi,
            row.lifted_at,
        )
        for row in rows
    ]


class Round(NamedTuple):
    """A duty and its doors; `style` is how its line looks, where it has one."""

    courier: str
    external_id: str
    starts_at: datetime
    ends_at: datetime
    state: str
    depot: Place
    doors: Sequence[Door]
    style: int | None = None


async def _told(day: Day | None, *, language: str) -> dict[str, Any]:
    """What the page says of a plan; of a day without one that nobody works."""
    found, at_risk = ([], []) if day is None else await _rounds_of(day, language=language)
    busy = [each for each in found if each.doors]
    drawing = draw([Track(each.depot, [_place(door) for door in each.doors]) for each in busy])
    drawn = [each._replace(style=line.style) for each, line in zip(busy, drawing.lines, strict=True)]
    tones = [door.tone for each in busy for door in each.doors]
    return {
        "duties": [*drawn, *(each for each in found if not each.doors)],
        "at_risk": at_risk,
        "drawing": drawing,
        "doors_count": len(tones),
        "done_count": tones.count("done"),
    }


async def _rounds_of(day: Day, *, language: str) -> tuple[list[Round], list[Door]]:
    """Every duty, the first to begin first, and the promises that are in none."""
    visits = await home_service.by_ids([stop.home_visit_id for stop in day.stops])
    couriers = await rounds.couriers_by_id({duty.courier_id for duty in day.duties})
    found = []
    for number, duty in enumerate(day.duties):
        courier = couriers[duty.courier_id]
        stops = zip(day.visits_of(number), day.etas(number), strict=True)
        doors = [
            _door(visits[visit], language, sequence=sequence, eta=eta)
            for sequence, (visit, eta) in enumerate(stops, start=1)
        ]
        found.append(
            Round(
                courier.given_name,
                courier.external_id,
                duty.starts_at,
                duty.ends_at,
                duty.state,
                Place(duty.lat, duty.lon),
                doors,
            )
        )
    at_risk = [
        _door(visits[stop.home_visit_id], language)._replace(because=stop.at_risk_because)
        for stop in (day.stops[number] for number in day.at_risk)
    ]
    return sorted(found, key=lambda each: (each.starts_at, each.external_id)), at_risk


def _door(visit: HomeVisitRow, language: str, *, sequence: int = 0, eta: datetime | None = None) -> Door:
    state = State(visit.state)
    return Door(
        sequence,
        visit.reference,
        visit.commune,
        visit.kind,
        eta,
        visit.starts_at,
        visit.ends_at,
        NAMES[state].in_language(language),
        _tone(state),
        visit.lat,
        visit.lon,
    )


def _place(door: Door) -> Place:
    return Place(door.lat, door.lon, str(door.sequence), door.tone)


def _tone(state: State) -> str:
    if state in BEFORE_THE_DOOR:
        return "next"
    if state in UNDER_WAY:
        return "now"
    return "vain" if state in IN_VAIN else "done"


rounds_handlers: Final[list[Any]] = [show_rounds]
