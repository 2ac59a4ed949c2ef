"""A standby officer takes over a counter (điều động dự phòng)."""

import uuid
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.centres.errors import CounterNotFound
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.versions import etag
from app.queue import operations
from app.queue.errors import CounterTakenOver, OfficerAtAnotherCounter
from app.staff.api import ShiftView
from app.staff.errors import NotOnStandby, ShiftNotFound


class ActivationRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The counter to take over today."""

    counter_id: uuid.UUID


@post(
    "/v1/staff/roster/{shift_id:uuid}/activate-standby",
    operation_id="activateStandby",
    summary="Let a standby officer take over a counter today",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    responses=problems(
        ShiftNotFound, CounterNotFound, NotOnStandby, CounterTakenOver, OfficerAtAnotherCounter
    ),
    status_code=200,
)
async def activate_standby(
    shift_id: FromPath[uuid.UUID],
    data: JSONBody[ActivationRequest],
    principal: NamedDependency[Principal],
    once: NamedDependency[Once],
    now: NamedDependency[datetime],
) -> Response[ShiftView]:
    """The counter is open for them, and whoever stands at it stays. Twice on one day is one activation."""
    return await once(
        ShiftView.of,
        operations.activate_standby(
            shift_id=shift_id, centre_id=principal.centre, counter_id=data.counter_id, now=now
        ),
        status=200,
        etag=lambda row: etag(row.version),
    )


roster_handlers: Final[list[Any]] = [activate_standby]
