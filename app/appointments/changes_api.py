"""Changes of a centre's capacity over HTTP: impact first, then done (đề xuất, xem ảnh hưởng, áp dụng)."""

import uuid
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.appointments import changes, impact, operations
from app.appointments.capacity import Outcome
from app.appointments.changes import Change, Orphans
from app.appointments.errors import (
    ChangeNotValid,
    OpeningNotFound,
    OpeningOverlap,
    PoolNotFound,
    ProposalExpired,
    ProposalNotFound,
    ProposalStale,
)
from app.appointments.impact import Impact, Orphan
from app.appointments.openings_api import Position
from app.appointments.operations.change_capacity import ProposalRow, proposal
from app.appointments.rules import MOST_COUNTERS
from app.core.clock import local
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.body import Moment
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest

LONGEST_REASON: Final = 500


class CloseRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="close"
):
    """Nobody is received from–to, in one pool or at all counters of the centre."""

    starts_at: Moment
    ends_at: Moment
    pool_id: uuid.UUID | None = None

    def change(self) -> Change:
        return changes.Close(starts_at=self.starts_at, ends_at=self.ends_at, pool_id=self.pool_id)


class CountersRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="counters"
):
    """An opening has another number of counters from now on."""

    opening_id: uuid.UUID
    counters: Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNTERS)]

    def change(self) -> Change:
        return changes.Counters(opening_id=self.opening_id, counters=self.counters)


class EndRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="end"
):
    """An opening ends earlier or later."""

    opening_id: uuid.UUID
    ends_at: Moment

    def change(self) -> Change:
        return changes.End(opening_id=self.opening_id, ends_at=self.ends_at)


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change, and why, in the words a person reads beside a cancelled appointment."""

    change: CloseRequest | CountersRequest | EndRequest
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] | None = None

    def cleaned_reason(self) -> str | None:
        if self.reason is None or not self.reason.strip():
            return None
        try:
            return clean_text(self.reason, max_length=LONGEST_REASON, allow_newlines=False)
        except InvalidText as fault:
            raise ChangeNotValid(
                errors=[{"pointer": "/reason", "code": fault.code, "detail": fault.code}]
            ) from None


class ApplyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of those who lose their place."""

    orphans: Orphans


class ChangeView(msgspec.Struct):
    """A change: its figures before, and what it did once applied. Apply it before `expires_at`."""

    id: uuid.UUID
    status: str
    impact: Impact
    orphans: Orphans | None
    outcome: Outcome | None
    expires_at: datetime

    @classmethod
    def of(cls, row: ProposalRow) -> "ChangeView":
        return cls(
            id=row.id,
            status=row.state,
            impact=row.impact,
            orphans=None if row.orphans is None else Orphans(row.orphans),
            outcome=row.outcome,
            expires_at=local(row.expires_at),
        )


class OrphanList(msgspec.Struct):
    items: list[Orphan]
    next_cursor: str | None


@post(
    "/v1/staff/availability-changes",
    operation_id="proposeAvailabilityChange",
    summary="See what a change would do",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    status_code=201,
    responses=problems(PoolNotFound, OpeningNotFound, OpeningOverlap, ChangeNotValid),
)
async def propose_change(
    data: JSONBody[ChangeRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ChangeView]:
    """Who would keep a place, who would lose it, and whom nobody can tell. Nothing is done yet."""
    return await once(
        ChangeView.of,
        operations.propose_change(
            centre_id=principal.centre,
            change=data.change.change(),
            reason=data.cleaned_reason(),
            now=now,
        ),
        status=201,
    )


@get(
    "/v1/staff/availability-changes/{change_id:uuid}",
    operation_id="getAvailabilityChange",
    summary="A change of my centre",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    responses=problems(ProposalNotFound),
)
async def get_change(
    change_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
) -> Response[ChangeView]:
    return Response(ChangeView.of(await proposal(change_id, centre_id=principal.centre)))


@post(
    "/v1/staff/availability-changes/{change_id:uuid}/apply",
    operation_id="applyAvailabilityChange",
    summary="Do what was proposed",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    status_code=200,
    responses=problems(
        ProposalNotFound, ProposalStale, ProposalExpired, OpeningNotFound, OpeningOverlap, ChangeNotValid
    ),
)
async def apply_change(
    change_id: FromPath[uuid.UUID],
    data: JSONBody[ApplyRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ChangeView]:
    """At once, for everybody; a second one changes nothing and answers the same."""
    return await once(
        ChangeView.of,
        operations.apply_change(
            centre_id=principal.centre, proposal_id=change_id, orphans=data.orphans, now=now
        ),
    )


@get(
    "/v1/staff/orphaned-appointments",
    operation_id="listOrphanedAppointments",
    summary="Appointments of my centre without a place",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
)
async def list_orphans(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[OrphanList]:
    """Those still to come, in the order of their time."""
    rows = await impact.orphans_of(
        principal.centre, now=now, after=position_of(cursor, Position), limit=limit + 1
    )
    shown = rows[:limit]
    following = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > limit else None
    return answer(request, OrphanList(shown, following), next_cursor=following)


changes_router: Final = Router(
    path="/", route_handlers=[propose_change, get_change, apply_change, list_orphans]
)
