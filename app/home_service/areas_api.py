"""Closed areas over HTTP: a dispatcher sees whom it concerns, announces it, and lifts it again."""

import uuid
from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from app.core.clock import at_local, local
from app.core.text import InvalidText, clean_text
from app.home_service import operations
from app.home_service.closed_areas import ClosureImpact
from app.home_service.errors import ClosureStale
from app.home_service.operations.areas import Announced, Draft, Lifted
from app.http.access import open_to
from app.http.body import Moment, ShortText, served_day
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.rounds import closures
from app.rounds.closures import MOST_COMMUNES, WIDEST_KM, Area, Closure, ClosureKind
from app.rounds.errors import AreaNotValid, ClosureNotFound

LONGEST_REASON: Final = 200
READERS: Final = (Caller.DISPATCHER, Caller.MONITOR)

CommuneCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$")]


class Position(NamedTuple):
    """Where a page ended."""

    starts_at: datetime
    id: uuid.UUID


class Circle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything within `radius_km` of a point, as the crow flies."""

    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    radius_km: Annotated[float, msgspec.Meta(gt=0, le=WIDEST_KM)]


class AreaRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`communes` by their codes or a `circle`, one of the two; from now on unless `starts_at` says."""

    ends_at: Moment
    reason_vi: ShortText
    reason_en: ShortText
    kind: ClosureKind = ClosureKind.OTHER
    communes: Annotated[list[CommuneCode], msgspec.Meta(min_length=1, max_length=MOST_COMMUNES)] | None = (
        None
    )
    circle: Circle | None = None
    starts_at: Moment | None = None

    def draft(self) -> Draft:
        """Raises `AreaNotValid` for an area that is none, or words that cannot be shown."""
        if (self.communes is None) == (self.circle is None):
            raise AreaNotValid
        circle = self.circle
        area = (
            Area(communes=self.communes)
            if circle is None
            else Area(None, circle.lat, circle.lon, circle.radius_km)
        )
        reasons = [_cleaned(name, getattr(self, name)) for name in ("reason_vi", "reason_en")]
        return Draft(area, self.starts_at, self.ends_at, self.kind, *reasons)


class AnnouncementRequest(AreaRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, with `seen` of the preview: nobody closes an area without having seen whom it concerns."""

    seen: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ClosureView(msgspec.Struct):
    """A closed area; `lifted_at` once it was opened before its time."""

    id: uuid.UUID
    kind: ClosureKind
    communes: list[str] | None
    circle: Circle | None
    starts_at: datetime
    ends_at: datetime
    reason_vi: str
    reason_en: str
    announced_at: datetime
    lifted_at: datetime | None

    @classmethod
    def of(cls, row: Closure) -> "ClosureView":
        circle = None
        if row.lat is not None and row.lon is not None and row.radius_km is not None:
            circle = Circle(lat=row.lat, lon=row.lon, radius_km=row.radius_km)
        return cls(
            id=row.id,
            kind=ClosureKind(row.kind),
            communes=None if row.communes is None else list(row.communes),
            circle=circle,
            starts_at=local(row.starts_at),
            ends_at=local(row.ends_at),
            reason_vi=row.reason_vi,
            reason_en=row.reason_en,
            announced_at=local(row.announced_at),
            lifted_at=None if row.lifted_at is None else local(row.lifted_at),
        )


class ClosureList(msgspec.Struct):
    items: list[ClosureView]
    next_cursor: str | None


class AnnouncedView(msgspec.Struct):
    """The closure, the figures it was announced with, and the visits whose people are told now."""

    closure: ClosureView
    impact: ClosureImpact
    told: list[uuid.UUID]

    @classmethod
    def of(cls, found: Announced) -> "AnnouncedView":
        return cls(ClosureView.of(found.closure), found.impact, found.told.at_risk)


class LiftedView(msgspec.Struct):
    """The closure, visits that are in a round again, and those no round has room for."""

    closure: ClosureView
    kept_again: list[uuid.UUID]
    still_at_risk: list[uuid.UUID]

    @classmethod
    def of(cls, found: Lifted) -> "LiftedView":
        return cls(ClosureView.of(found.closure), found.kept_again, found.still_at_risk)


def _cleaned(name: str, value: str) -> str:
    try:
        return clean_text(value, max_length=LONGEST_REASON, allow_newlines=False)
    except InvalidText as fault:
        raise AreaNotValid(
            errors=[{"pointer": f"/{name}", "code": fault.code, "detail": fault.code}]
        ) from None


@get(
    "/v1/staff/area-closures",
    operation_id="listAreaClosures",
    summary="Areas nobody is sent to",
    tags=["staff"],
    opt=open_to(*READERS),
)
async def list_closures(
    request: MotcuaRequest,
    now: NamedDependency[datetime],
    day: FromQuery[date | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[ClosureList]:
    """Those whose time is not over, or those of a day, lifted ones too; the first to begin first."""
    start, end = now, None
    if day is not None:
        start = at_local(served_day(day), 0)
        end = start + timedelta(days=1)
    position = position_of(cursor, Position)
    rows = await closures.listed(start, end, after=position, limit=limit + 1)
    shown = rows[:limit]
    following = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > limit else None
    return answer(
        request, ClosureList([ClosureView.of(row) for row in shown], following), next_cursor=following
    )


@get(
    "/v1/staff/area-closures/{closure_id:uuid}",
    operation_id="getAreaClosure",
    summary="A closed area",
    tags=["staff"],
    opt=open_to(*READERS),
    responses=problems(ClosureNotFound),
)
async def get_closure(closure_id: FromPath[uuid.UUID]) -> ClosureView:
    return ClosureView.of(await closures.by_id(closure_id))


@post(
    "/v1/staff/area-closures/preview",
    operation_id="previewAreaClosure",
    summary="See whom closing an area concerns",
    tags=["staff"],
    opt=open_to(Caller.DISPATCHER),
    status_code=200,
    responses=problems(AreaNotValid),
)
async def preview_closure(data: JSONBody[AreaRequest], now: NamedDependency[datetime]) -> ClosureImpact:
    """Promises inside by date, as things stand. Nothing is written; `seen` is asked for to announce it."""
    return await operations.preview_closure(draft=data.draft(), now=now)


@post(
    "/v1/staff/area-closures",
    operation_id="announceAreaClosure",
    summary="Send nobody to an area for a time",
    tags=["staff"],
    opt=open_to(Caller.DISPATCHER),
    status_code=201,
    responses=problems(AreaNotValid, ClosureStale),
)
async def announce_closure(
    data: JSONBody[AnnouncementRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[AnnouncedView]:
    """No window there is promised from now on. Promises inside that have not begun are at risk: their
    people are told by SMS and may choose another window, a supervisor is called. Where other visits lie
    inside than were seen, nothing is done and the refusal carries fresh figures.
    """
    return await once_required(
        AnnouncedView.of,
        operations.announce_closure(draft=data.draft(), seen=data.seen, officer_id=principal.id, now=now),
        status=201,
    )


@post(
    "/v1/staff/area-closures/{closure_id:uuid}/lift",
    operation_id="liftAreaClosure",
    summary="Serve an area again before its time",
    tags=["staff"],
    opt=open_to(Caller.DISPATCHER),
    status_code=200,
    responses=problems(ClosureNotFound),
)
async def lift_closure(
    closure_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[LiftedView]:
    """Promises that were not moved meanwhile find rounds again where there is room. Twice is once."""
    return await once(
        LiftedView.of,
        operations.lift_closure(closure_id=closure_id, officer_id=principal.id, now=now),
    )


areas_router: Final = Router(
    path="/", route_handlers=[list_closures, get_closure, preview_closure, announce_closure, lift_closure]
)
