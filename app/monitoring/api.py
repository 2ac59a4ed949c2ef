"""Figures over HTTP, for those who answer for a centre and for the province."""

import uuid
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent

from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.core.clock import current_time, local, local_date
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.monitoring import queries
from app.monitoring.errors import PeriodNotValid
from app.monitoring.views import AlarmList, AlarmView, IndicatorsView
from app.queue.api.boards import STREAM, events

RESPONSIBLE: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR)
Centre = Annotated[
    uuid.UUID | None,
    QueryParameter(description="The officer's own; a provincial monitor may name any."),
]
From = Annotated[date | None, QueryParameter(name="from", description="First day; today when left out.")]
To = Annotated[date | None, QueryParameter(name="to", description="Last day; the first when left out.")]

Every = Annotated[bool | None, QueryParameter(name="all", description="Those that are over, too.")]


async def centre_looked_at(asked: uuid.UUID | None, principal: Principal) -> uuid.UUID:
    """The centre somebody may look at: a monitor sees the province, others their own."""
    if asked is None or asked == principal.centre_id:
        return principal.centre
    if Caller.MONITOR not in principal.callers:
        raise CentreNotFound
    return (await centres.any_centre(asked)).id


@get(
    "/v1/staff/indicators",
    operation_id="getIndicators",
    summary="Waits and other figures of a centre",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
    responses=problems(CentreNotFound, PeriodNotValid),
)
async def get_indicators(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    centre: Centre = None,
    first: From = None,
    last: To = None,
) -> Response[IndicatorsView]:
    """At most a quarter of a year; every share with its numerator and denominator."""
    start = first or local_date(now)
    found = await queries.indicators(
        await centre_looked_at(centre, principal), first=start, last=last or start, now=now
    )
    return Response(IndicatorsView.of(found), headers={"Cache-Control": "no-store"})


@get(
    "/v1/staff/indicators/stream",
    operation_id="streamIndicators",
    summary="Today's figures as they change",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
    responses=STREAM | problems(CentreNotFound),
)
async def stream_indicators(
    principal: NamedDependency[Principal], centre: Centre = None
) -> ServerSentEvent:
    """Unnamed messages; `data` is the figures of today as JSON."""
    looked_at = await centre_looked_at(centre, principal)

    async def render() -> str:
        moment = current_time()
        today = local_date(moment)
        found = await queries.indicators(looked_at, first=today, last=today, now=moment)
        return msgspec.json.encode(IndicatorsView.of(found)).decode()

    return events(looked_at, render)


@get(
    "/v1/staff/alarms",
    operation_id="listAlarms",
    summary="Where somebody waits too long, why, and what can be done",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, *RESPONSIBLE),
    responses=problems(CentreNotFound),
)
async def list_alarms(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    centre: Centre = None,
    every: Every = None,
) -> Response[AlarmList]:
    """Today's, newest first. They come and go by themselves; nobody has to answer for them."""
    looked_at, today = await centre_looked_at(centre, principal), local_date(now)
    names = await queries.names_of(looked_at, on=today)
    rows = await queries.alarms_of(looked_at, on=today, standing=not every)
    view = AlarmList(local(now), [AlarmView.of(row, names) for row in rows])
    return Response(view, headers={"Cache-Control": "no-store"})


monitoring_router: Final = Router(path="/", route_handlers=[get_indicators, stream_indicators, list_alarms])
