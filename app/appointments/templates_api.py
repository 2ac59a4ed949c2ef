"""Templates that openings are published from, for the leaders of one centre (mẫu ca tiếp nhận)."""

import uuid
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.appointments import operations
from app.appointments.errors import OpeningTemplateNotFound, OpeningTemplateNotValid, PoolNotFound
from app.appointments.operations.templates import templates_of
from app.appointments.rules import MOST_COUNTERS, MOST_GRAIN_MINUTES
from app.appointments.templates import TemplateRow
from app.appointments.views import LONGEST_DECISION, WallTime, one_line, wall_time
from app.centres.errors import CentreNotFound
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="1 Monday to 7 Sunday")]
UNSAVED: Final = uuid.UUID(int=0)


class Position(NamedTuple):
    """Where a page ended."""

    id: uuid.UUID


class TemplateRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A pool is open on these weekdays from–to, every n weeks from a day, or on the nth of a month.

    `nth_of_month` is 1 to 4, or -1 for the last. Where no grain or share is given the centre's own holds.
    """

    pool_id: uuid.UUID
    weekdays: Annotated[list[Weekday], msgspec.Meta(min_length=1, max_length=7)]
    opens: WallTime
    closes: WallTime
    counters: Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNTERS)]
    decision: Annotated[str, msgspec.Meta(max_length=LONGEST_DECISION)]
    valid_from: date | None = None
    valid_to: date | None = None
    every_weeks: Annotated[int, msgspec.Meta(ge=1, le=52)] = 1
    anchor: date | None = None
    nth_of_month: Annotated[int, msgspec.Meta(ge=-1, le=4)] | None = None
    grain_minutes: Annotated[int, msgspec.Meta(ge=5, le=MOST_GRAIN_MINUTES)] | None = None
    online_share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    walkin_floor: Annotated[int, msgspec.Meta(ge=0, le=MOST_COUNTERS)] = 0

    def template(self, centre_id: uuid.UUID, *, now: datetime) -> TemplateRow:
        """As it will be stored; `OpeningTemplateNotValid` for a decision that cannot be shown."""
        valid_from = self.valid_from or local_date(now)
        return TemplateRow(
            id=UNSAVED,
            centre_id=centre_id,
            pool_id=self.pool_id,
            weekdays=sorted(self.weekdays),
            every_weeks=self.every_weeks,
            anchor=self.anchor or valid_from,
            nth_of_month=self.nth_of_month,
            opens=wall_time(self.opens),
            closes=wall_time(self.closes),
            counters=self.counters,
            grain_minutes=self.grain_minutes,
            online_share=self.online_share,
            walkin_floor=self.walkin_floor,
            valid_from=valid_from,
            valid_to=self.valid_to,
            decision=one_line(self.decision, OpeningTemplateNotValid) or "",
            version=0,
        )


class EndRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The last day that is published; today when it is left out."""

    last_day: date | None = None


class TemplateView(msgspec.Struct):
    """A template as it stands. `valid_to` is its last day."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    weekdays: list[int]
    every_weeks: int
    anchor: date
    nth_of_month: int | None
    opens: str
    closes: str
    counters: int
    grain_minutes: int | None
    online_share: float | None
    walkin_floor: int
    valid_from: date
    valid_to: date | None
    decision: str
    version: int

    @classmethod
    def of(cls, row: TemplateRow) -> "TemplateView":
        values = row._asdict()
        values["weekdays"] = list(row.weekdays)
        values["opens"], values["closes"] = row.opens.strftime("%H:%M"), row.closes.strftime("%H:%M")
        return cls(**values)


class TemplateList(msgspec.Struct):
    items: list[TemplateView]
    next_cursor: str | None


@post(
    "/v1/staff/opening-templates",
    operation_id="createOpeningTemplate",
    summary="Open a pool week after week",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    status_code=201,
    responses=problems(CentreNotFound, PoolNotFound, OpeningTemplateNotValid),
)
async def create_template(
    data: JSONBody[TemplateRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[TemplateView]:
    """The slots up to the booking horizon exist when this answers; later days follow by themselves.

    Holidays are left out, and a worked Saturday is opened as its Friday.
    """
    return await once(
        TemplateView.of,
        operations.create_template(template=data.template(principal.centre, now=now), now=now),
        status=201,
        etag=lambda row: etag(row.version),
    )


@get(
    "/v1/staff/opening-templates",
    operation_id="listOpeningTemplates",
    summary="The opening templates of my centre",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
)
async def list_templates(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[TemplateList]:
    """Those of the past too: they say why a pool was open."""
    position = position_of(cursor, Position)
    rows = await templates_of(
        principal.centre, after=None if position is None else position.id, limit=limit + 1
    )
    shown = rows[:limit]
    following = cursor_of((shown[-1].id,)) if len(rows) > limit else None
    view = TemplateList([TemplateView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)


@post(
    "/v1/staff/opening-templates/{template_id:uuid}/end",
    operation_id="endOpeningTemplate",
    summary="Open no further days",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    status_code=200,
    responses=problems(OpeningTemplateNotFound, OpeningTemplateNotValid),
)
async def end_template(
    template_id: FromPath[uuid.UUID],
    data: JSONBody[EndRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[TemplateView]:
    """What is open already stays open; close it by an availability change. Again changes nothing."""
    return await once(
        TemplateView.of,
        operations.end_template(
            template_id=template_id, centre_id=principal.centre, last_day=data.last_day, now=now
        ),
        etag=lambda row: etag(row.version),
    )


templates_router: Final = Router(path="/", route_handlers=[create_template, list_templates, end_template])
