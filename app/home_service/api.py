"""Home service over HTTP: windows for everybody, visits for their citizen, packages for the counter."""

import uuid
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from app.core.clock import at_local, local
from app.custody import epcis
from app.custody import queries as packages
from app.custody.errors import (
    CountsDiffer,
    NothingToCount,
    PackageClosed,
    PackageNotFound,
    PackageQuarantined,
    SameParty,
)
from app.dossiers.errors import DossierNotFound
from app.home_service import operations, queries, windows
from app.home_service.errors import (
    AddressNotValid,
    DossierNotReady,
    HomeVisitNotFound,
    NotAtHome,
    OutOfReach,
    Paperless,
    PresenceRequired,
    VisitUnderWay,
    WindowGone,
)
from app.home_service.queries import VisitFile
from app.home_service.states import Kind
from app.home_service.views import (
    HomeVisitRequest,
    HomeVisitView,
    InventoryRequest,
    PackageView,
    ReceiveRequest,
    RescheduleRequest,
    WindowList,
    WindowView,
)
from app.http.access import open_to
from app.http.body import served_day
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.http.versions import etag
from app.procedures.errors import ProcedureNotFound

LONGEST_SEARCH: Final = timedelta(days=31)
OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)

Latitude = Annotated[float, QueryParameter(ge=-90, le=90)]
Longitude = Annotated[float, QueryParameter(ge=-180, le=180)]
Procedure = Annotated[str, QueryParameter(min_length=1, max_length=40)]
From = Annotated[date, QueryParameter(name="from", description="First local day.")]
To = Annotated[date, QueryParameter(name="to", description="Last local day.")]
VisitKind = Annotated[Literal["collection", "delivery", "assisted_online"], QueryParameter()]


def _version(file: VisitFile) -> str:
    return etag(file.visit.version)


@get(
    "/v1/visit-windows",
    operation_id="listVisitWindows",
    summary="Windows that can be kept at an address",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(ProcedureNotFound),
)
async def list_windows(
    now: NamedDependency[datetime],
    procedure: Procedure,
    lat: Latitude,
    lon: Longitude,
    from_: From,
    to: To,
    kind: VisitKind = "collection",
) -> WindowList:
    """None: then why, and what else is near."""
    start = at_local(served_day(from_), 0)
    end = min(at_local(served_day(to), 0) + timedelta(days=1), start + LONGEST_SEARCH)
    found = await windows.windows(
        kind=Kind(kind), procedure_code=procedure, lat=lat, lon=lon, start=start, end=end, now=now
    )
    views = [WindowView(slot.id, local(slot.starts_at), local(slot.ends_at)) for slot in found.windows]
    if views:
        return WindowList(windows=views)
    return WindowList(
        windows=[],
        reason=found.reason,
        alternatives=list(found.alternatives),
        because_vi=None if found.because is None else found.because.words("vi"),
        because_en=None if found.because is None else found.because.words("en"),
    )


@post(
    "/v1/home-visits",
    operation_id="promiseHomeVisit",
    summary="Have papers collected, or a result brought",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(
        WindowGone,
        PresenceRequired,
        Paperless,
        NotAtHome,
        OutOfReach,
        AddressNotValid,
        DossierNotReady,
        DossierNotFound,
        ProcedureNotFound,
    ),
)
async def promise_visit(
    request: MotcuaRequest,
    data: JSONBody[HomeVisitRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[HomeVisitView]:
    """The window is a promise: a place was taken and a courier given, together."""
    return await once_required(
        HomeVisitView.of,
        operations.promise(
            citizen_id=principal.id,
            kind=Kind(data.kind),
            procedure_codes=data.procedures,
            window_id=data.window_id,
            door=data.door(language_of(request)),
            dossier_number=data.dossier,
            now=now,
        ),
        status=201,
        etag=_version,
    )


@get(
    "/v1/home-visits/{home_visit_id:uuid}",
    operation_id="getHomeVisit",
    summary="One of my home visits",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(HomeVisitNotFound),
)
async def get_visit(
    home_visit_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[HomeVisitView]:
    """Status, timeline, the courier's first name, when to expect them, and the code to tell at the door."""
    file = await queries.of_citizen(home_visit_id, citizen_id=principal.id)
    eta = await queries.expected_of(file.visit, now=now)
    return Response(HomeVisitView.expected(file, eta), headers={"ETag": _version(file)})


@post(
    "/v1/home-visits/{home_visit_id:uuid}/cancel",
    operation_id="cancelHomeVisit",
    summary="Cancel a home visit",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(HomeVisitNotFound, VisitUnderWay),
)
async def cancel_visit(
    home_visit_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[HomeVisitView]:
    """A second time is a no-op."""
    return await once(
        HomeVisitView.of,
        operations.cancel(home_visit_id=home_visit_id, citizen_id=principal.id, now=now),
        etag=_version,
    )


@post(
    "/v1/home-visits/{home_visit_id:uuid}/reschedule",
    operation_id="rescheduleHomeVisit",
    summary="Move a home visit to another window",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(HomeVisitNotFound, VisitUnderWay, WindowGone),
)
async def reschedule_visit(
    home_visit_id: FromPath[uuid.UUID],
    data: JSONBody[RescheduleRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[HomeVisitView]:
    """The same visit and reference; the old window stands if the new one is gone."""
    return await once(
        HomeVisitView.of,
        operations.reschedule(
            home_visit_id=home_visit_id,
            citizen_id=principal.id,
            window_id=data.window_id,
            now=now,
        ),
        etag=_version,
    )


@post(
    "/v1/staff/packages/{seal:str}/receive",
    operation_id="receivePackage",
    summary="Take over a sealed package",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(PackageNotFound, PackageQuarantined, PackageClosed),
)
async def receive_package(
    seal: FromPath[str],
    data: JSONBody[ReceiveRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[PackageView]:
    """Closes the chain, or quarantines the package when the seal or the count is not right."""
    return await once_required(
        PackageView.of,
        operations.receive_package(
            seal_number=seal,
            centre_id=principal.centre,
            officer_id=principal.id,
            seal_intact=data.seal_intact,
            contents=[content.paper() for content in data.contents],
            now=now,
        ),
    )


@post(
    "/v1/staff/packages/{seal:str}/inventory",
    operation_id="countPackage",
    summary="Count a quarantined package",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(PackageNotFound, NothingToCount, CountsDiffer, SameParty),
)
async def count_package(
    seal: FromPath[str],
    data: JSONBody[InventoryRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[PackageView]:
    """Two people, one after the other: it goes on when the second count says what the first did."""
    return await once_required(
        PackageView.of,
        operations.count_package(
            seal_number=seal,
            centre_id=principal.centre,
            officer_id=principal.id,
            contents=[content.paper() for content in data.contents],
            now=now,
        ),
    )


@get(
    "/v1/staff/packages/{seal:str}/epcis",
    operation_id="getPackageEventsAtCentre",
    summary="The way of a package to this centre (EPCIS 2.0)",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(PackageNotFound),
)
async def package_events(
    seal: FromPath[str], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> dict[str, Any]:
    """JSON-LD of every change of hands; another centre's package is not there."""
    package = await packages.by_seal(seal)
    if package.centre_id != principal.centre:
        raise PackageNotFound
    return epcis.document(package, await packages.chain(package.id), now=now)


home_service_router: Final = Router(
    path="/",
    route_handlers=[
        list_windows,
        promise_visit,
        get_visit,
        cancel_visit,
        reschedule_visit,
        receive_package,
        count_package,
        package_events,
    ],
)
