"""An appointment that is held or made: look once more and confirm, the receipt, the calendar, cancel."""

import uuid
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from app.appointments import operations
from app.appointments import queries as appointments
from app.appointments.icalendar_file import calendar_file
from app.appointments.queries import AppointmentRow
from app.appointments.states import State
from app.centres import queries as centres
from app.centres.queries import CentreRow
from app.core.errors import NotFound, Refusal
from app.core.phones import mask
from app.http.access import open_to
from app.http.principals import Caller
from app.http.requests import MotcuaRequest, language_of
from app.pages.booking import citizen_of
from app.pages.draft import draft_of
from app.pages.procedures import papers_of, procedure_of, word
from app.pages.responses import form_of, go, page


async def _mine(request: MotcuaRequest, appointment_id: uuid.UUID | None) -> AppointmentRow | None:
    citizen = await citizen_of(request)
    if citizen is None or appointment_id is None:
        return None
    return await appointments.mine(appointment_id, citizen_id=citizen.id)


async def _appointment(
    row: AppointmentRow, language: str, now: datetime
) -> tuple[dict[str, Any], list[dict[str, str]], CentreRow]:
    procedure = await procedure_of(row.items[0].procedure, now)
    centre = await centres.any_centre(row.centre_id)
    shown = {
        "reference": row.reference,
        "procedure_name": word(procedure.name_vi, procedure.name_en, language),
        "centre_name": word(centre.name_vi, centre.name_en, language),
        "centre_address": word(centre.address_vi, centre.address_en, language),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "name": row.contact_name or "",
        "phone": mask(row.contact_phone) if row.contact_phone else "",
    }
    return shown, papers_of(procedure, language), centre


@get("/booking/check", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def check_answers(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Step 4: look once more; the place is held meanwhile."""
    row = await _mine(request, draft_of(request).appointment_id)
    if row is None:
        return go(request, "/booking")
    if row.state != State.HELD:
        return go(request, f"/booking/{row.id}")
    return await _check_page(request, row, now, errors=[])


async def _check_page(
    request: MotcuaRequest, row: AppointmentRow, now: datetime, *, errors: list[dict[str, str]]
) -> Response[str]:
    shown, papers, _ = await _appointment(row, language_of(request), now)
    left = (row.hold_expires_at - now).total_seconds() if row.hold_expires_at else 0
    context = {
        "appointment": shown,
        "papers": papers,
        "change": {"procedure_url": "", "time_url": "", "contact_url": ""},
        "hold_expires_at": row.hold_expires_at,
        "hold_seconds_left": max(0, int(left)),
        "action": "/booking/check",
        "back_url": "/booking",
        "errors": errors,
    }
    return page(request, "booking/check.html", context, status=422 if errors else 200)


@post("/booking/check", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def confirm(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """A promise from here on."""
    await form_of(request)
    row = await _mine(request, draft_of(request).appointment_id)
    if row is None:
        return go(request, "/booking")
    try:
        await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)
    except Refusal as refusal:
        words = refusal.words(language_of(request))
        return await _check_page(request, row, now, errors=[{"field": "", "message": words}])
    return go(request, f"/booking/{row.id}")


@get("/booking/{appointment_id:uuid}", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_appointment(
    request: MotcuaRequest, appointment_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """The receipt."""
    row = await _mine(request, appointment_id)
    if row is None:
        return go(request, "/booking")
    shown, papers, _ = await _appointment(row, language_of(request), now)
    open_still = row.state == State.CONFIRMED
    context = {
        "appointment": shown,
        "papers": papers,
        "message_sent": open_still,
        "calendar_url": f"/booking/{row.id}/calendar.ics",
        "cancel_url": f"/booking/{row.id}/cancel" if open_still else "",
        "track_url": "",
    }
    return page(request, "booking/done.html", context)


@get(
    "/booking/{appointment_id:uuid}/calendar.ics",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
)
async def calendar(
    request: MotcuaRequest, appointment_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Response[bytes]:
    """For the phone's calendar."""
    row = await _mine(request, appointment_id)
    if row is None:
        raise NotFound
    centre = await centres.any_centre(row.centre_id)
    return Response(
        calendar_file(row, centre, language=language_of(request), now=now),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{row.reference}.ics"'},
    )


@get("/booking/{appointment_id:uuid}/cancel", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def ask_cancel(
    request: MotcuaRequest, appointment_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Really?"""
    return await _cancel_page(request, appointment_id, now)


async def _cancel_page(
    request: MotcuaRequest, appointment_id: uuid.UUID, now: datetime
) -> Redirect | Response[str]:
    row = await _mine(request, appointment_id)
    if row is None:
        return go(request, "/booking")
    shown, _, _ = await _appointment(row, language_of(request), now)
    context = {
        "appointment": shown,
        "cancelled": row.state == State.CANCELLED,
        "action": f"/booking/{row.id}/cancel",
        "back_url": f"/booking/{row.id}",
        "book_url": "/booking",
    }
    return page(request, "booking/cancel.html", context)


@post(
    "/booking/{appointment_id:uuid}/cancel",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
    status_code=200,
)
async def cancel(
    request: MotcuaRequest, appointment_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """The place is somebody else's from here on."""
    await form_of(request)
    row = await _mine(request, appointment_id)
    if row is None:
        return go(request, "/booking")
    await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)
    return await _cancel_page(request, appointment_id, now)


appointment_handlers: Final[list[Any]] = [
    check_answers,
    confirm,
    show_appointment,
    calendar,
    ask_cancel,
    cancel,
]
