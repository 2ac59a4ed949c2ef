"""Counter officers, and the citizen's own check-in."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from app.appointments.errors import AppointmentNotFound, OutsideCheckInWindow
from app.centres import queries as centres
from app.centres.errors import CounterNotFound
from app.core.errors import Forbidden
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.http.versions import etag
from app.queue import operations, queries
from app.queue.api.devices import reference_of
from app.queue.api.requests import (
    CheckInRequest,
    PickRequest,
    ResumeRequest,
    TicketRequest,
    TransferRequest,
)
from app.queue.errors import (
    CounterBusy,
    CounterNotOpen,
    NotServedHere,
    PutBackOnce,
    ReasonNeeded,
    SeriesFull,
    ServedElsewhere,
    StaleTicket,
    TicketNotFound,
    TicketState,
    TooSoonToRecall,
    UnknownPriorityGroup,
)
from app.queue.queries import TicketRow
from app.queue.states import Move
from app.queue.views import CounterList, CounterView, IssuedTicketView, TicketView
from app.staff.errors import NotOnRoster

PoolId = Annotated[uuid.UUID | None, QueryParameter(description="A group of counters.")]
OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
MOVE_PROBLEMS: Final = problems(TicketNotFound, TicketState, StaleTicket, TooSoonToRecall, PutBackOnce)


def _version(row: TicketRow) -> str:
    return etag(row.version)


@post(
    "/v1/staff/tickets",
    operation_id="issueTicket",
    summary="A number for a walk-in",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(NotServedHere, SeriesFull, UnknownPriorityGroup),
)
async def issue_ticket(
    request: MotcuaRequest,
    data: JSONBody[TicketRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[IssuedTicketView]:
    """With what to expect."""
    return await once(
        IssuedTicketView.of,
        operations.issue_walk_in(
            centre_id=principal.centre,
            procedure_codes=data.procedures,
            priority_group=data.priority_group,
            contact_phone=data.contact(),
            locale=language_of(request),
            now=now,
        ),
        status=201,
    )


@post(
    "/v1/staff/check-ins",
    operation_id="checkIn",
    summary="Check in somebody with an appointment",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(AppointmentNotFound, OutsideCheckInWindow),
)
async def check_in(
    data: JSONBody[CheckInRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[IssuedTicketView]:
    """By reference; twice gives the same number."""
    return await once(
        IssuedTicketView.of,
        operations.check_in(
            reference=reference_of(data.reference), centre_id=principal.centre, late_too=True, now=now
        ),
        status=201,
    )


@post(
    "/v1/appointments/{appointment_id:uuid}/check-in",
    operation_id="checkInMyself",
    summary="I am here",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(AppointmentNotFound, OutsideCheckInWindow),
)
async def check_in_myself(
    appointment_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[IssuedTicketView]:
    """A ticket with its number and forecast."""
    return await once(
        IssuedTicketView.of,
        operations.check_in(appointment_id=appointment_id, citizen_id=principal.id, now=now),
    )


def _counter_route(verb: str, summary: str, work: Callable[..., Awaitable[Any]]) -> HTTPRouteHandler:
    """Open, pause and close differ in one word."""

    @post(
        f"/v1/staff/counters/{{counter_id:uuid}}/{verb}",
        operation_id=f"{verb}Counter",
        summary=summary,
        tags=["staff"],
        opt=open_to(*OFFICERS),
        status_code=200,
        responses=problems(CounterNotFound, CounterBusy, NotOnRoster),
    )
    async def change_counter(
        counter_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
        once: NamedDependency[Once],
    ) -> Response[CounterView]:
        return await once(
            CounterView.of,
            work(
                counter_id=counter_id,
                centre_id=principal.centre,
                officer_id=principal.id,
                now=now,
            ),
        )

    return change_counter


@get(
    "/v1/staff/counters",
    operation_id="listCounters",
    summary="The counters of this centre",
    tags=["staff"],
    opt=open_to(*OFFICERS),
)
async def list_counters(principal: NamedDependency[Principal], pool: PoolId = None) -> CounterList:
    """All of them, or those that serve one group."""
    rows = await queries.counters(principal.centre)
    if pool is not None:
        serving = set(await centres.counter_ids_of_pool(pool))
        rows = [row for row in rows if row.id in serving]
    return CounterList(items=[CounterView.of(row) for row in rows])


@post(
    "/v1/staff/counters/{counter_id:uuid}/next",
    operation_id="callNext",
    summary="Call the next person",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(
        CounterNotFound,
        CounterBusy,
        CounterNotOpen,
        TicketNotFound,
        TicketState,
        ServedElsewhere,
        ReasonNeeded,
    ),
)
async def call_next(
    counter_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    data: JSONBody[PickRequest | None] = None,
) -> Response[TicketView | None]:
    """204 when nobody waits; 409 with the open ticket when the counter holds one.

    A shift lead may name who is called out of order, and says why. Asking twice is safe without a key:
    the second time the counter is busy with the same ticket.
    """
    if data is None:
        row = await operations.call_next(counter_id=counter_id, centre_id=principal.centre, now=now)
    else:
        require_lead(principal)
        row = await operations.call_chosen(
            counter_id=counter_id,
            centre_id=principal.centre,
            ticket_id=data.ticket_id,
            reason=data.reason,
            now=now,
        )
    if row is None:
        return Response(None, status_code=204)
    return Response(TicketView.of(row), headers={"ETag": _version(row)})


def is_lead(principal: Principal) -> bool:
    """Whether this is a shift lead, or the leader of the centre."""
    return bool(principal.callers & {Caller.SHIFT_LEAD, Caller.CENTRE_LEADER})


def require_lead(principal: Principal) -> None:
    """Out of order is for them to decide; raises `Forbidden`."""
    if not is_lead(principal):
        raise Forbidden


def _move_route(move: Move, summary: str) -> HTTPRouteHandler:
    """Every move that needs no further word is one route; the table of moves decides."""

    @post(
        f"/v1/staff/tickets/{{ticket_id:uuid}}/{move.value}",
        operation_id=f"ticket_{move.value.replace('-', '_')}",
        summary=summary,
        tags=["staff"],
        opt=open_to(*OFFICERS),
        status_code=200,
        responses=MOVE_PROBLEMS,
    )
    async def move_ticket(
        ticket_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        expected_version: NamedDependency[int],
        now: NamedDependency[datetime],
        once: NamedDependency[Once],
    ) -> Response[TicketView]:
        return await once(
            TicketView.of,
            operations.move(
                ticket_id=ticket_id,
                centre_id=principal.centre,
                move=move,
                expected_version=expected_version,
                now=now,
            ),
            etag=_version,
        )

    return move_ticket


@post(
    "/v1/staff/tickets/{ticket_id:uuid}/resume",
    operation_id="ticket_resume",
    summary="Take a parked ticket up again",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(TicketNotFound, TicketState, StaleTicket, CounterNotFound, CounterBusy),
)
async def resume(
    ticket_id: FromPath[uuid.UUID],
    data: JSONBody[ResumeRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[TicketView]:
    """At the named counter, which must hold no other."""
    return await once(
        TicketView.of,
        operations.move(
            ticket_id=ticket_id,
            centre_id=principal.centre,
            move=Move.RESUME,
            counter_id=data.counter_id,
            expected_version=expected_version,
            now=now,
        ),
        etag=_version,
    )


@post(
    "/v1/staff/tickets/{ticket_id:uuid}/transfer",
    operation_id="ticket_transfer",
    summary="Send a ticket on, keeping its number",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(TicketNotFound, TicketState, StaleTicket, NotServedHere),
)
async def transfer(
    ticket_id: FromPath[uuid.UUID],
    data: JSONBody[TransferRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[TicketView]:
    """To another group of counters of this centre."""
    return await once(
        TicketView.of,
        operations.transfer(
            ticket_id=ticket_id,
            centre_id=principal.centre,
            pool_id=data.pool_id,
            expected_version=expected_version,
            now=now,
        ),
        etag=_version,
    )


staff_handlers: Final[list[Any]] = [
    issue_ticket,
    check_in,
    check_in_myself,
    _counter_route("open", "Open a counter", operations.open_counter),
    _counter_route("pause", "Pause a counter", operations.pause_counter),
    _counter_route("close", "Close a counter", operations.close_counter),
    list_counters,
    call_next,
    _move_route(Move.RECALL, "Call the number again"),
    _move_route(Move.START, "The person is at the counter"),
    _move_route(Move.PARK, "Put the ticket aside"),
    _move_route(Move.NO_SHOW, "Called, and nobody came"),
    _move_route(Move.FINISH, "The person was served"),
    _move_route(Move.LEAVE, "The person went away"),
    _move_route(Move.PUT_BACK, "Back into the queue"),
    _move_route(Move.UNDO_CHECK_IN, "The check-in was a mistake"),
    resume,
    transfer,
]
