"""What is done for a ticket, procedure by procedure."""

import uuid
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.versions import etag
from app.queue import operations, queries
from app.queue.api.requests import PeriodRequest
from app.queue.errors import (
    NotServedHere,
    PeriodNotFound,
    ServedElsewhere,
    StaleTicket,
    TicketNotFound,
    TicketState,
)
from app.queue.queries import Served
from app.queue.views import ServedView

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


def _version(served: Served) -> str:
    return etag(served.ticket.version)


@get(
    "/v1/staff/tickets/{ticket_id:uuid}/periods",
    operation_id="getPeriods",
    summary="What was done for a ticket, procedure by procedure",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(TicketNotFound),
)
async def get_periods(
    ticket_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
) -> Response[ServedView]:
    """In order; the last is open while the person is being served."""
    ticket = await queries.ticket_at(ticket_id, centre_id=principal.centre)
    if ticket is None:
        raise TicketNotFound
    served = Served(ticket, await queries.periods_of(ticket.id))
    return Response(ServedView.of(served), headers={"ETag": _version(served)})


@post(
    "/v1/staff/tickets/{ticket_id:uuid}/periods",
    operation_id="addProcedure",
    summary="Go on with the next procedure of the person at the counter",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(TicketNotFound, TicketState, StaleTicket, NotServedHere, ServedElsewhere),
)
async def add_procedure(
    ticket_id: FromPath[uuid.UUID],
    data: JSONBody[PeriodRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ServedView]:
    """Ends the open period and begins the next; also for a procedure the person did not come for."""
    return await once(
        ServedView.of,
        operations.add_procedure(
            ticket_id=ticket_id,
            centre_id=principal.centre,
            code=data.procedure,
            expected_version=expected_version,
            now=now,
        ),
        status=201,
        etag=_version,
    )


@post(
    "/v1/staff/tickets/{ticket_id:uuid}/periods/{n:int}/inaccurate",
    operation_id="markPeriodInaccurate",
    summary="The time of this period tells nothing",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(TicketNotFound, PeriodNotFound),
)
async def mark_inaccurate(
    ticket_id: FromPath[uuid.UUID],
    n: FromPath[int],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ServedView]:
    """Nobody learns from it how long the procedure takes. Twice is once."""
    return await once(
        ServedView.of,
        operations.mark_inaccurate(ticket_id=ticket_id, centre_id=principal.centre, n=n, now=now),
        etag=_version,
    )


period_handlers: Final[list[Any]] = [get_periods, add_procedure, mark_inaccurate]
