"""Waiting for a place, for citizens: an offer comes as a message and as a held appointment."""

import uuid
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.appointments import operations, waitlist
from app.appointments.errors import (
    ContactNotValid,
    ItemsNotValid,
    NotServedTogether,
    PriorityGroupNotKnown,
    ProcedureNotOffered,
    VisitTooLong,
    WaitingWindowNotValid,
    WaitlistEntryNotFound,
    WaitlistLimit,
    WaitlistOverlap,
)
from app.appointments.states import Wait
from app.appointments.views import MOST_ITEMS, ContactRequest, ItemRequest, ItemView, who
from app.appointments.waitlist import EntryRow
from app.centres.errors import CentreNotFound
from app.core.clock import local
from app.http.access import open_to
from app.http.body import Moment
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.http.versions import etag


class WaitingRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A visit that is to fit whole between `from` and `to`."""

    centre_id: uuid.UUID
    items: Annotated[list[ItemRequest], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    window_from: Moment = msgspec.field(name="from")
    window_to: Moment = msgspec.field(name="to")
    priority_group: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    contact: ContactRequest | None = None


class WaitingView(msgspec.Struct, kw_only=True):
    """An entry of the caller. `appointment_id` names what was offered; confirm it by `offer_expires_at`."""

    id: uuid.UUID
    status: Wait
    centre_id: uuid.UUID
    items: list[ItemView]
    window_from: datetime = msgspec.field(name="from")
    window_to: datetime = msgspec.field(name="to")
    priority_group: str | None
    appointment_id: uuid.UUID | None
    offer_expires_at: datetime | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, row: EntryRow) -> "WaitingView":
        return cls(
            id=row.id,
            status=Wait(row.state),
            centre_id=row.centre_id,
            items=[ItemView(item.procedure, item.quantity) for item in row.items],
            window_from=local(row.window_from),
            window_to=local(row.window_to),
            priority_group=row.priority_group,
            appointment_id=row.appointment_id,
            offer_expires_at=local(row.offer_expires_at) if row.offer_expires_at else None,
            created_at=local(row.created_at),
            version=row.version,
        )


class WaitingList(msgspec.Struct):
    items: list[WaitingView]
    next_cursor: str | None


class Position(NamedTuple):
    """Where a page ended."""

    created_at: datetime
    id: uuid.UUID


@post(
    "/v1/waitlist",
    operation_id="joinWaitlist",
    summary="Wait for a place",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=201,
    responses=problems(
        CentreNotFound,
        WaitlistOverlap,
        WaitlistLimit,
        WaitingWindowNotValid,
        ProcedureNotOffered,
        NotServedTogether,
        VisitTooLong,
        ItemsNotValid,
        ContactNotValid,
        PriorityGroupNotKnown,
    ),
)
async def join_waitlist(
    request: MotcuaRequest,
    data: JSONBody[WaitingRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[WaitingView]:
    """Who waits longest is offered the next place that fits: a held appointment, for ten minutes."""
    return await once(
        WaitingView.of,
        operations.join_waitlist(
            citizen_id=principal.id,
            centre_id=data.centre_id,
            items=[item.item() for item in data.items],
            window_from=data.window_from,
            window_to=data.window_to,
            contact=who(data.contact, language_of(request)),
            priority_group=data.priority_group,
            now=now,
        ),
        status=201,
        etag=lambda row: etag(row.version),
    )


@get(
    "/v1/waitlist",
    operation_id="listWaitlist",
    summary="What I wait for, latest first",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
)
async def list_waitlist(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[WaitingList]:
    rows = await waitlist.all_mine(
        citizen_id=principal.id, before=position_of(cursor, Position), limit=limit + 1, now=now
    )
    shown = rows[:limit]
    following = cursor_of((shown[-1].created_at, shown[-1].id)) if len(rows) > limit else None
    view = WaitingList([WaitingView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)


@delete(
    "/v1/waitlist/{entry_id:uuid}",
    operation_id="leaveWaitlist",
    summary="Wait no more",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(WaitlistEntryNotFound),
)
async def leave_waitlist(
    entry_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What was offered and not confirmed goes to the next; a second one changes nothing."""
    await operations.leave_waitlist(entry_id=entry_id, citizen_id=principal.id, now=now)
