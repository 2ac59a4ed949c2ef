"""What a partner's couriers have to do, and the round it makes."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.core.clock import at_local, local
from app.core.phones import mask
from app.home_service import fees, operations
from app.home_service import queries as home_service
from app.home_service.queries import HomeVisitRow
from app.http.access import open_to
from app.http.body import served_day
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.payments.views import BillView
from app.procedures import queries as procedures
from app.rounds import queries as rounds
from app.rounds.errors import CourierNotFound
from app.rounds.queries import CourierRow, PlannedStop
from partners.postal import scopes
from partners.postal.api.couriers import known_id

Day = Annotated[date, QueryParameter(name="date", description="The local day.")]
CourierId = Annotated[str | None, QueryParameter(min_length=1, max_length=40)]
After = Annotated[uuid.UUID | None, QueryParameter(description="The last task seen.")]


class WindowOfTask(msgspec.Struct):
    starts_at: datetime
    ends_at: datetime


class StopOfTask(msgspec.Struct):
    """Where, and as much of whom as a courier needs."""

    address: str
    lat: float
    lon: float
    contact_name: str
    contact_masked: str


class PaperOfTask(msgspec.Struct):
    """One line of the published list."""

    component: int
    name_vi: str
    originals: int
    copies: int


class TaskView(msgspec.Struct):
    """`id` is the home visit: events name it as `task_id`."""

    id: uuid.UUID
    kind: str
    state: str
    home_visit_id: uuid.UUID
    courier: str | None
    window: WindowOfTask
    stop: StopOfTask
    papers: list[PaperOfTask]
    note: str
    sequence: int | None
    eta: datetime | None
    seal: str | None
    dossier: str | None
    bill: BillView
    version: int


class TaskList(msgspec.Struct):
    items: list[TaskView]
    next_cursor: str | None = None


class RunView(msgspec.Struct):
    """A round, and the same as GeoJSON (RFC 7946)."""

    date: date
    courier: str
    stops: list[dict[str, Any]]
    geojson: dict[str, Any]


@get(
    "/v1/partner/tasks",
    operation_id="listTasks",
    summary="Visits given to our couriers",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
)
async def list_tasks(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    day: Day,
    courier: CourierId = None,
    after: After = None,
) -> TaskList:
    """In the order of their windows; names and addresses only of one's own."""
    start = at_local(served_day(day), 0)
    visits = await home_service.of_partner(principal.id, start, start + timedelta(days=1), courier)
    if after is not None:
        seen = [visit.id for visit in visits]
        visits = visits[seen.index(after) + 1 :] if after in seen else visits
    planned = await _planned(visits, day, now)
    return TaskList(items=[await _task(visit, planned.get(visit.id)) for visit in visits])


async def _planned(visits: list[HomeVisitRow], day: date, now: datetime) -> dict[uuid.UUID, PlannedStop]:
    found: dict[uuid.UUID, PlannedStop] = {}
    for courier_id in {visit.courier_id for visit in visits if visit.courier_id}:
        row = await rounds.courier_by_id(courier_id)
        if row is not None:
            for stop in await rounds.round_of(row, day, now=now):
                if not stop.done:
                    found[stop.home_visit_id] = stop
    return found


async def _task(visit: HomeVisitRow, planned: PlannedStop | None) -> TaskView:
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    return TaskView(
        id=visit.id,
        kind=visit.kind,
        state=visit.state,
        home_visit_id=visit.id,
        courier=courier.external_id if courier else None,
        window=WindowOfTask(local(visit.starts_at), local(visit.ends_at)),
        stop=StopOfTask(
            visit.address_text,
            visit.lat,
            visit.lon,
            visit.contact_name,
            mask(visit.contact_phone),
        ),
        papers=await _papers(visit),
        note=visit.note,
        sequence=planned.sequence if planned else None,
        eta=local(planned.eta) if planned else None,
        seal=visit.seal_number,
        dossier=visit.dossier_number,
        bill=BillView.of(await fees.bill_of(visit)),
        version=visit.version,
    )


async def _papers(visit: HomeVisitRow) -> list[PaperOfTask]:
    """The published list the courier counts against."""
    found = await procedures.by_codes(visit.procedure_codes, on=local(visit.starts_at).date())
    papers: list[PaperOfTask] = []
    for code in visit.procedure_codes:
        if code in found:
            papers += [
                PaperOfTask(len(papers) + n, paper.name_vi, paper.originals, paper.copies)
                for n, paper in enumerate(found[code].papers, start=1)
            ]
    return papers


@get(
    "/v1/partner/runs/{day:date}/{courier:str}",
    operation_id="getRun",
    summary="A courier's planned round",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
    responses=problems(CourierNotFound),
)
async def get_run(
    day: FromPath[date],
    courier: FromPath[str],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> RunView:
    """What is still to be done, in order and with when to expect it; GeoJSON of all doors as they stand."""
    row = await rounds.courier(principal.id, known_id(courier))
    planned = await rounds.round_of(row, day, now=now)
    return RunView(
        date=day,
        courier=courier,
        stops=[
            {
                "sequence": stop.sequence,
                "task_id": str(stop.home_visit_id),
                "eta": local(stop.eta).isoformat(),
            }
            for stop in planned
            if not stop.done
        ],
        geojson=_collection(await _features(row, planned, day)),
    )


@get(
    "/v1/partner/runs/{day:date}",
    operation_id="getRuns",
    summary="All our couriers' rounds of a day, and how they stand",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
)
async def get_runs(
    day: FromPath[date], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> dict[str, Any]:
    """GeoJSON: for each courier the way ahead as a line, and each door as a point with its state."""
    features: list[dict[str, Any]] = []
    for row in await rounds.couriers_on(principal.id, served_day(day)):
        features += await _features(row, await rounds.round_of(row, day, now=now), day)
    return _collection(features)


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


async def _features(row: CourierRow, planned: Sequence[PlannedStop], day: date) -> list[dict[str, Any]]:
    """RFC 7946: longitude first. No name, no address."""
    ahead = [stop for stop in planned if not stop.done]
    whose = {"courier": row.external_id, "date": day.isoformat()}
    way = [[row.lon, row.lat], *([stop.lon, stop.lat] for stop in ahead)]
    visits = await home_service.by_ids([stop.home_visit_id for stop in planned])
    doors = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
            "properties": whose
            | {
                "task_id": str(stop.home_visit_id),
                "sequence": stop.sequence,
                "eta": local(stop.eta).isoformat(),
                "state": visits[stop.home_visit_id].state,
                "done": stop.done,
            },
        }
        for stop in planned
    ]
    line = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": way},
        "properties": whose,
    }
    return [line, *doors] if ahead else doors


class Published(msgspec.Struct):
    """How many rounds of the partner's couriers were told by this call."""

    date: date
    published: int


@post(
    "/v1/partner/runs/{day:date}/publish",
    operation_id="publishRuns",
    summary="Tell our couriers' rounds of a day now",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.COURIERS_WRITE),
    status_code=200,
)
async def publish_runs(
    day: FromPath[date],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Published]:
    """Couriers and citizens learn who comes, and rounds stay as they were told; again is a no-op."""
    return await once.alone(
        lambda told: Published(day, told),
        lambda: operations.publish_of_partner(partner_id=principal.id, day=served_day(day), now=now),
    )


task_handlers: Final[list[Any]] = [list_tasks, get_run, get_runs, publish_runs]
