"""The roster, for the people of one centre."""

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.centres.api import On
from app.core.clock import local_date
from app.http.access import open_to
from app.http.body import ShortText
from app.http.lists import answer
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag
from app.staff import operations, queries
from app.staff.errors import (
    OfficerNotFound,
    TermNotValid,
    TermOverlap,
)
from app.staff.queries import ShiftRow


class AssignmentRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A term by decision; one outside 12 to 24 months gives the decision's reason."""

    officer_id: uuid.UUID
    kind: Literal["official", "standby"]
    starts_on: date
    ends_on: date
    decision: ShortText
    override_reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ShiftView(msgspec.Struct):
    """A term on the roster; `standing_in_at` are counters taken over that day."""

    id: uuid.UUID
    officer_id: uuid.UUID
    name: str
    role: str
    kind: str
    starts_on: date
    ends_on: date
    decision: str
    override_reason: str
    standing_in_at: list[uuid.UUID]

    @classmethod
    def of(cls, row: ShiftRow) -> "ShiftView":
        return cls(
            id=row.id,
            officer_id=row.officer_id,
            name=row.officer_name,
            role=row.role,
            kind=row.kind,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            decision=row.decision,
            override_reason=row.override_reason,
            standing_in_at=row.standing_in_at,
        )


class Roster(msgspec.Struct):
    items: list[ShiftView]
    next_cursor: str | None


@get(
    "/v1/staff/roster",
    operation_id="getRoster",
    summary="Official and standby officers of the centre on a day",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
)
async def get_roster(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    on: On = None,
) -> Response[Roster]:
    """Everybody whose term includes the day, official first."""
    rows = await queries.roster(principal.centre, on=on or local_date(now))
    return answer(request, Roster([ShiftView.of(row) for row in rows], None))


@post(
    "/v1/staff/roster",
    operation_id="assignOfficer",
    summary="Put an officer on the official or standby list",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    responses=problems(OfficerNotFound, TermNotValid, TermOverlap),
)
async def assign_officer(
    data: JSONBody[AssignmentRequest],
    principal: NamedDependency[Principal],
    once: NamedDependency[Once],
    now: NamedDependency[datetime],
) -> Response[ShiftView]:
    """A term of 12 to 24 months at the leader's own centre."""
    work = operations.assign(
        officer_id=data.officer_id,
        centre_id=principal.centre,
        kind=data.kind,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        decision=data.decision,
        override_reason=data.override_reason,
        now=now,
    )
    return await once(ShiftView.of, work, status=201, etag=lambda row: etag(row.version))


staff_router = Router(path="/", route_handlers=[get_roster, assign_officer])
