"""Free places for anybody, appointments for citizens; openings stand in `openings_api`."""

import uuid
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Scope

from app.appointments import availability, operations, queries, rules
from app.appointments.attendance_api import excuse_no_show, list_no_shows
from app.appointments.availability import Availability, Question
from app.appointments.booking_rules_api import booking_rules_router
from app.appointments.changes_api import changes_router
from app.appointments.errors import (
    AppointmentLimit,
    AppointmentNotFound,
    ContactNotValid,
    HoldExpired,
    ItemsNotValid,
    NotHeld,
    NotServedTogether,
    NotToBeCancelled,
    NotToBeMoved,
    OutsideBookingPeriod,
    PeriodNotValid,
    PriorityGroupNotKnown,
    ProcedureNotOffered,
    SlotFull,
    TooManyHolds,
    VisitTooLong,
)
from app.appointments.icalendar_file import calendar_file
from app.appointments.needs import Item
from app.appointments.openings_api import (
    From,
    Position,
    To,
    list_openings,
    period,
    publish_opening,
)
from app.appointments.templates_api import templates_router
from app.appointments.views import (
    MOST_ITEMS,
    AppointmentList,
    AppointmentView,
    BookingRequest,
    CancellationRequest,
    ConfirmationRequest,
    ReschedulingRequest,
    who,
)
from app.appointments.waitlist_api import join_waitlist, leave_waitlist, list_waitlist
from app.businesses.api import TAX_CODE_REFUSALS, OfBusiness, business_acted_for
from app.businesses.errors import BusinessNotFound
from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.ready import AskedBefore, ReadyAnswer
from app.http.requests import MotcuaRequest, header, language_of
from app.http.versions import etag

Procedures = Annotated[
    list[str],
    QueryParameter(
        name="procedure",
        min_items=1,
        max_items=MOST_ITEMS,
        description="Repeat it for several procedures in one visit.",
    ),
]
HowMany = Annotated[
    int,
    QueryParameter(ge=1, le=rules.MOST_GRAINS, description="How many of each procedure."),
]


class Asked(NamedTuple):
    """A question as it was put; without days it means another week every day."""

    centre_id: uuid.UUID
    items: tuple[Item, ...]
    first: date | None
    last: date | None


async def _find(asked: Asked, scope: Scope, now: datetime) -> ReadyAnswer:
    """The places of this moment, in the form the request can take."""
    start, end = period(asked.first, asked.last, now=now)
    found = await availability.SHARED(Question(asked.centre_id, asked.items, start, end), now=now)
    form = found.packed if "gzip" in header(scope, b"accept-encoding") else found.plain
    return form.for_holder_of(header(scope, b"if-none-match"))


ASKED_BEFORE: Final = AskedBefore(_find)


@get(
    "/v1/availability",
    operation_id="getAvailability",
    summary="Where a visit fits",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    middleware=[ASKED_BEFORE],
    responses={200: ResponseSpec(Availability, generate_examples=False, description="The days")}
    | problems(CentreNotFound, ProcedureNotOffered, NotServedTogether, VisitTooLong, PeriodNotValid),
)
async def get_availability(
    request: MotcuaRequest,
    now: NamedDependency[datetime],
    centre: Annotated[uuid.UUID, QueryParameter(description="The centre.")],
    procedures: Procedures,
    quantity: HowMany = 1,
    first: From = None,
    last: To = None,
) -> ReadyAnswer:
    """Days of the booking period with the starts that have places; 304 when nothing has changed."""
    asked = Asked(centre, tuple(Item(code, quantity) for code in procedures), first, last)
    found = await _find(asked, request.scope, now)
    ASKED_BEFORE.remember(asked, request.scope)
    return found


@post(
    "/v1/appointments",
    operation_id="bookAppointment",
    summary="Hold a place",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=201,
    responses=problems(
        CentreNotFound,
        SlotFull,
        AppointmentLimit,
        TooManyHolds,
        ProcedureNotOffered,
        NotServedTogether,
        VisitTooLong,
        OutsideBookingPeriod,
        ItemsNotValid,
        ContactNotValid,
        PriorityGroupNotKnown,
        BusinessNotFound,
        *TAX_CODE_REFUSALS,
    ),
)
async def book(
    request: MotcuaRequest,
    data: JSONBody[BookingRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[AppointmentView]:
    """Hold a place until `hold_expires_at`; confirm it before, or it is free again."""
    return await once_required(
        AppointmentView.of,
        operations.book(
            centre_id=data.centre_id,
            starts_at=data.starts_at,
            items=[item.item() for item in data.items],
            citizen_id=principal.id,
            contact=who(data.contact, language_of(request)),
            priority_group=data.priority_group,
            tax_code=data.business(),
            now=now,
        ),
        status=201,
        etag=lambda row: etag(row.version),
    )


@post(
    "/v1/appointments/{appointment_id:uuid}/confirm",
    operation_id="confirmAppointment",
    summary="Make a hold a promise",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(AppointmentNotFound, HoldExpired, NotHeld, ContactNotValid),
)
async def confirm(
    request: MotcuaRequest,
    appointment_id: FromPath[uuid.UUID],
    data: JSONBody[ConfirmationRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[AppointmentView]:
    """The place is the citizen's, and a message says so."""
    return await once_required(
        AppointmentView.of,
        operations.confirm(
            appointment_id=appointment_id,
            citizen_id=principal.id,
            contact=who(data.contact, language_of(request)),
            now=now,
        ),
        etag=lambda row: etag(row.version),
    )


@get(
    "/v1/appointments",
    operation_id="listAppointments",
    summary="My appointments, latest first",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(BusinessNotFound, *TAX_CODE_REFUSALS),
)
async def list_appointments(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 20,
    cursor: Cursor = None,
    tax_code: OfBusiness = None,
) -> Response[AppointmentList]:
    """With `tax_code` those of a business I act for, whoever booked them, instead of my own."""
    before = position_of(cursor, Position)
    if tax_code is None:
        rows = await queries.all_mine(citizen_id=principal.id, before=before, limit=limit + 1)
    else:
        code = await business_acted_for(tax_code, principal=principal, now=now)
        rows = await queries.of_business(code, before=before, limit=limit + 1)
    shown = rows[:limit]
    following = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > limit else None
    view = AppointmentList([AppointmentView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)


@get(
    "/v1/appointments/{appointment_id:uuid}",
    operation_id="getAppointment",
    summary="One of my appointments",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(AppointmentNotFound),
)
async def get_appointment(
    appointment_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[AppointmentView]:
    row = await queries.mine(appointment_id, citizen_id=principal.id, on=local_date(now))
    return Response(AppointmentView.of(row), headers={"ETag": etag(row.version)})


@get(
    "/v1/appointments/{appointment_id:uuid}/calendar.ics",
    operation_id="getAppointmentCalendar",
    summary="The appointment for a phone's calendar",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    media_type="text/calendar",
    responses=problems(AppointmentNotFound),
)
async def get_calendar(
    request: MotcuaRequest,
    appointment_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """RFC 5545, in the language of the request, with the zone of Việt Nam."""
    row = await queries.mine(appointment_id, citizen_id=principal.id, on=local_date(now))
    centre = await centres.any_centre(row.centre_id)
    return Response(
        calendar_file(row, centre, language=language_of(request), now=now),
        media_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{row.reference}.ics"',
            "ETag": etag(row.version),
        },
    )


@post(
    "/v1/appointments/{appointment_id:uuid}/reschedule",
    operation_id="rescheduleAppointment",
    summary="Another time for the same appointment",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(
        AppointmentNotFound,
        CentreNotFound,
        SlotFull,
        AppointmentLimit,
        NotToBeMoved,
        ProcedureNotOffered,
        NotServedTogether,
        OutsideBookingPeriod,
    ),
)
async def reschedule(
    appointment_id: FromPath[uuid.UUID],
    data: JSONBody[ReschedulingRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[AppointmentView]:
    """Swapped at once: on any refusal the original stands untouched."""
    return await once_required(
        AppointmentView.of,
        operations.reschedule(
            appointment_id=appointment_id,
            citizen_id=principal.id,
            starts_at=data.starts_at,
            centre_id=data.centre_id,
            now=now,
        ),
        etag=lambda row: etag(row.version),
    )


@post(
    "/v1/appointments/{appointment_id:uuid}/cancel",
    operation_id="cancelAppointment",
    summary="Give the place back",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(AppointmentNotFound, NotToBeCancelled, ContactNotValid),
)
async def cancel(
    appointment_id: FromPath[uuid.UUID],
    data: JSONBody[CancellationRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[AppointmentView]:
    """A second one changes nothing and answers the same."""
    return await once(
        AppointmentView.of,
        operations.cancel(
            appointment_id=appointment_id,
            citizen_id=principal.id,
            reason=data.cleaned(),
            now=now,
        ),
        etag=lambda row: etag(row.version),
    )


appointments_router: Final = Router(
    path="/",
    route_handlers=[
        get_availability,
        book,
        confirm,
        list_appointments,
        get_appointment,
        get_calendar,
        reschedule,
        cancel,
        join_waitlist,
        list_waitlist,
        leave_waitlist,
        list_no_shows,
        excuse_no_show,
        publish_opening,
        list_openings,
        changes_router,
        templates_router,
        booking_rules_router,
    ],
)
