"""Openings, for the people of one centre; and the periods that lists ask for."""

import uuid
from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from app.appointments import operations, queries
from app.appointments.errors import (
    OpeningNotValid,
    OpeningOnHoliday,
    OpeningOverlap,
    PeriodNotValid,
    PoolNotFound,
)
from app.appointments.views import OpeningList, OpeningRequest, OpeningView
from app.centres.errors import CentreNotFound
from app.core.clock import at_local, local_date
from app.http.access import open_to
from app.http.body import served_day
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag

DAY: Final = timedelta(days=1)
DAYS_SHOWN: Final = 7


class Position(NamedTuple):
    """Where a page ended."""

    starts_at: datetime
    id: uuid.UUID


From = Annotated[date | None, QueryParameter(name="from", description="First day; today when left out.")]
To = Annotated[date | None, QueryParameter(name="to", description="Last day; a week when left out.")]


def period(first: date | None, last: date | None, *, now: datetime) -> tuple[date, date]:
    """From a day to a day, both included: this week when nothing is said; `PeriodNotValid`."""
    start = served_day(first or local_date(now))
    end = served_day(last or start + (DAYS_SHOWN - 1) * DAY)
    if end < start:
        raise PeriodNotValid
    return start, end


@post(
    "/v1/staff/openings",
    operation_id="publishOpening",
    summary="Open a pool",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    status_code=201,
    responses=problems(CentreNotFound, PoolNotFound, OpeningOverlap, OpeningNotValid, OpeningOnHoliday),
)
async def publish_opening(
    data: JSONBody[OpeningRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[OpeningView]:
    """Its slots exist when this answers; a pool has one opening at a time.

    On a holiday a pool is opened only with `special`, by the `decision` that is named.
    """
    return await once(
        OpeningView.of,
        operations.publish_opening(
            centre_id=principal.centre,
            pool_id=data.pool_id,
            starts_at=data.starts_at,
            ends_at=data.ends_at,
            counters=data.counters,
            grain_minutes=data.grain_minutes,
            online_share=data.online_share,
            walkin_floor=data.walkin_floor,
            special=data.special,
            decision=data.cleaned_decision(),
            now=now,
        ),
        status=201,
        etag=lambda row: etag(row.version),
    )


@get(
    "/v1/staff/openings",
    operation_id="listOpenings",
    summary="The openings of my centre",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR),
    responses=problems(PeriodNotValid),
)
async def list_openings(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    first: From = None,
    last: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[OpeningList]:
    start, end = period(first, last, now=now)
    rows = await queries.openings_of(
        principal.centre,
        start=at_local(start, 0),
        end=at_local(end, 0) + DAY,
        after=position_of(cursor, Position),
        limit=limit + 1,
    )
    shown = rows[:limit]
    following = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > limit else None
    view = OpeningList([OpeningView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)
