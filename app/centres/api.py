"""One centre, for anybody. The list stands in `app.procedures.api`: where a procedure is done is a
question to the catalogue.
"""

import uuid
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.centres import queries, rules
from app.centres.errors import CentreNotFound
from app.centres.queries import CentreRow, CounterRow, DayRow, PoolRow
from app.centres.rules import Hours
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import answer
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest

# Days the client is told about ahead: a month covers any booking horizon.
DAYS_TOLD: Final = 30

On = Annotated[date | None, QueryParameter(description="The day in question; today when it is left out.")]


class HoursView(msgspec.Struct):
    """From–to on one weekday (1 Monday to 7 Sunday), local time."""

    weekday: int
    opens: str
    closes: str

    @classmethod
    def of(cls, row: Hours) -> "HoursView":
        return cls(row.weekday, row.opens.strftime("%H:%M"), row.closes.strftime("%H:%M"))


class CentreSummary(msgspec.Struct):
    """A centre in a list."""

    id: uuid.UUID
    code: str
    name_vi: str
    name_en: str
    tier: str
    address_vi: str
    address_en: str
    lat: float
    lon: float
    distance_km: float | None
    valid_from: date
    valid_to: date | None
    position_verified: bool
    opening_hours: list[HoursView]

    @classmethod
    def of(cls, row: CentreRow, hours: list[Hours], distance_km: float | None = None) -> "CentreSummary":
        return cls(
            id=row.id,
            code=row.code,
            name_vi=row.name_vi,
            name_en=row.name_en,
            tier=row.tier,
            address_vi=row.address_vi,
            address_en=row.address_en,
            lat=row.lat,
            lon=row.lon,
            distance_km=distance_km,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            position_verified=row.verified,
            opening_hours=[HoursView.of(period) for period in hours],
        )


class CentreList(msgspec.Struct):
    items: list[CentreSummary]
    next_cursor: str | None


class CounterView(msgspec.Struct):
    id: uuid.UUID
    number: int
    label_vi: str
    label_en: str

    @classmethod
    def of(cls, row: CounterRow) -> "CounterView":
        return cls(row.id, row.number, row.label_vi, row.label_en)


class PoolView(msgspec.Struct):
    """Counters with the same skills, or home service (`postal_zone`); `series` starts its tickets."""

    id: uuid.UUID
    kind: str
    code: str
    series: str
    name_vi: str
    name_en: str

    @classmethod
    def of(cls, row: PoolRow) -> "PoolView":
        return cls(row.id, row.kind, row.code, row.series, row.name_vi, row.name_en)


class SpecialDayView(msgspec.Struct):
    """A holiday or a worked Saturday; `status` says how sure the date is."""

    date: date
    kind: str
    name_vi: str
    name_en: str
    status: str

    @classmethod
    def of(cls, row: DayRow) -> "SpecialDayView":
        return cls(row.day, row.kind, row.name_vi, row.name_en, row.status)


class CentreView(msgspec.Struct):
    """A centre with its desks, its pools, its week and the days that are not like the week."""

    id: uuid.UUID
    code: str
    name_vi: str
    name_en: str
    tier: str
    address_vi: str
    address_en: str
    lat: float
    lon: float
    valid_from: date
    valid_to: date | None
    position_verified: bool
    opening_hours: list[HoursView]
    hours_on_date: list[HoursView]
    special_days: list[SpecialDayView]
    counters: list[CounterView]
    pools: list[PoolView]


@get(
    "/v1/centres/{centre_id:uuid}",
    operation_id="getCentre",
    summary="One centre that exists on a date",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(CentreNotFound),
)
async def get_centre(
    request: MotcuaRequest,
    centre_id: FromPath[uuid.UUID],
    now: NamedDependency[datetime],
    on: On = None,
) -> Response[CentreView]:
    """The centre as it stands on the date; one that has ended or not begun is not found."""
    day = on or local_date(now)
    centre = await queries.get_centre(centre_id, on=day)
    week = (await queries.hours_of([centre_id], on=day))[centre_id]
    days = await queries.special_days(start=day, end=rules.days_after(day, DAYS_TOLD))
    special = next((row.kind for row in days if row.day == day), None)
    today = rules.hours_of_day(week, day, special=special)
    return answer(
        request,
        CentreView(
            id=centre.id,
            code=centre.code,
            name_vi=centre.name_vi,
            name_en=centre.name_en,
            tier=centre.tier,
            address_vi=centre.address_vi,
            address_en=centre.address_en,
            lat=centre.lat,
            lon=centre.lon,
            valid_from=centre.valid_from,
            valid_to=centre.valid_to,
            position_verified=centre.verified,
            opening_hours=[HoursView.of(period) for period in week],
            hours_on_date=[HoursView.of(period) for period in today],
            special_days=[SpecialDayView.of(row) for row in days],
            counters=[CounterView.of(row) for row in await queries.counters_of(centre_id)],
            pools=[PoolView.of(row) for row in await queries.pools_of(centre_id)],
        ),
    )


centres_router = Router(path="/", route_handlers=[get_centre])
