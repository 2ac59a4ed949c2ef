"""Administrative units for anybody: what an old address means, and what became of it."""

from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.centres import addresses, queries, succession
from app.centres.api import On
from app.centres.queries import UnitRow
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import answer, search_text
from app.http.principals import Caller
from app.http.requests import MotcuaRequest

MOST: Final = 10
Text = Annotated[
    str,
    QueryParameter(
        min_length=2,
        max_length=200,
        description="An address of any period, its parts between commas; marks may be missing.",
    ),
]


class UnitView(msgspec.Struct):
    """A unit during its period; a code names another unit in another one."""

    code: str
    tier: str
    name_vi: str
    name_en: str
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, row: UnitRow) -> "UnitView":
        return cls(row.code, row.tier, row.name_vi, row.name_en, row.valid_from, row.valid_to)


class CommuneView(msgspec.Struct):
    """What the address means: `then`, what that belonged to, and which commune it is on the date.

    `now` where there is one answer; where it was divided, one of `candidates` has to be asked for.
    """

    then: UnitView
    belonged_to: list[UnitView]
    now: UnitView | None
    candidates: list[UnitView]


class CommuneList(msgspec.Struct):
    items: list[CommuneView]


@get(
    "/v1/communes",
    operation_id="readAddress",
    summary="Which commune an address means, then and now",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
)
async def read_address(
    request: MotcuaRequest, text: Text, now: NamedDependency[datetime], on: On = None
) -> Response[CommuneList]:
    """Addresses of three levels are read too; the best matches only, at most ten."""
    day = on or local_date(now)
    units = {unit.id: unit for unit in await queries.all_units()}
    items = []
    for match in addresses.read(search_text(text), units)[:MOST]:
        possible = await succession.candidates(match.unit, on=day)
        single = possible[0].unit if len(possible) == 1 and not possible[0].divided else None
        items.append(
            CommuneView(
                then=UnitView.of(match.unit),
                belonged_to=[UnitView.of(unit) for unit in await succession.belonged_to(match.unit)],
                now=None if single is None else UnitView.of(single),
                candidates=[] if single else [UnitView.of(each.unit) for each in possible],
            )
        )
    return answer(request, CommuneList(items))


units_router: Final = Router(path="/", route_handlers=[read_address])
