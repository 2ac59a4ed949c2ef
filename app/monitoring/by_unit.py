"""Dossiers of a year by the administrative units of that year: 2022 has districts, and keeps them."""

import uuid
from collections import Counter
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.centres import queries as centres
from app.centres import succession
from app.centres.queries import UnitRow
from app.core.clock import local, local_date
from app.dossiers import residence
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.monitoring.api import RESPONSIBLE

Year = Annotated[int | None, QueryParameter(ge=2000, le=2100, description="This year when left out.")]
BELOW_THE_PROVINCE: Final = ("commune", "district")


class UnitFigure(msgspec.Struct):
    """Dossiers of one unit as it was called when they were accepted; a district's include its communes'."""

    code: str
    tier: str
    name_vi: str
    name_en: str
    valid_from: date
    valid_to: date | None
    received: int


class ByUnitView(msgspec.Struct):
    """`centre_id` is null where it is the province's. A dossier that says nothing of a commune counts where
    its centre is.
    """

    year: int
    as_of: datetime
    centre_id: uuid.UUID | None
    received: int
    items: list[UnitFigure]


class Counted(NamedTuple):
    """How many in all, and of each unit."""

    received: int
    by_unit: list[tuple[UnitRow, int]]


async def count(year: int, *, centre_id: uuid.UUID | None) -> Counted:
    """Each dossier is counted in its unit and in every unit that one belonged to."""
    rows = await residence.count_by_unit(first=date(year, 1, 1), last=date(year, 12, 31))
    of_unit: Counter[uuid.UUID] = Counter()
    for row in rows:
        if centre_id not in (None, row.centre_id):
            continue
        of_unit[row.unit_id or (await centres.any_centre(row.centre_id)).unit_id] += row.received
    received = sum(of_unit.values())
    units: dict[uuid.UUID, UnitRow] = {}
    totals: Counter[uuid.UUID] = Counter()
    for unit_id, number in of_unit.items():
        unit = await centres.any_unit(unit_id)
        if unit is None:
            continue
        for each in (unit, *await succession.belonged_to(unit)):
            units[each.id] = each
            totals[each.id] += number
    shown = [unit for unit in units.values() if unit.tier in BELOW_THE_PROVINCE]
    shown.sort(key=lambda unit: (unit.tier, unit.code, unit.valid_from))
    return Counted(received, [(unit, totals[unit.id]) for unit in shown])


@get(
    "/v1/staff/indicators/units",
    operation_id="getDossiersByUnit",
    summary="Dossiers of a year by commune and district of that year",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
)
async def get_by_unit(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    year: Year = None,
) -> Response[ByUnitView]:
    """A provincial monitor sees every centre's, others their own. What a commune became changes nothing."""
    wanted = year or local_date(now).year
    centre_id = None if Caller.MONITOR in principal.callers else principal.centre
    found = await count(wanted, centre_id=centre_id)
    view = ByUnitView(
        year=wanted,
        as_of=local(now),
        centre_id=centre_id,
        received=found.received,
        items=[
            UnitFigure(
                code=unit.code,
                tier=unit.tier,
                name_vi=unit.name_vi,
                name_en=unit.name_en,
                valid_from=unit.valid_from,
                valid_to=unit.valid_to,
                received=number,
            )
            for unit, number in found.by_unit
        ],
    )
    return Response(view, headers={"Cache-Control": "no-store"})


by_unit_router: Final = Router(path="/", route_handlers=[get_by_unit])
