"""Booking until a place is held: what, where and when, who. Forms only; a script adds comfort.

The last of the four pages, and what comes after it, is in `appointment`.

The place is held once the phone's code was typed, so that a hold always has somebody behind it.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect

from app.appointments import free_places, needs, operations
from app.appointments import queries as appointments
from app.appointments import rules as appointment_rules
from app.appointments.errors import AppointmentNotFound, SlotFull
from app.appointments.free_places import Seats
from app.appointments.needs import Item
from app.appointments.operations.book import Who
from app.appointments.states import State
from app.centres import queries as centres
from app.centres.queries import CentreRow
from app.core.actor import Actor, current_actor
from app.core.clock import current_time, local, local_date
from app.core.phones import InvalidPhone, mask, to_e164
from app.core.text import InvalidText, clean_name
from app.http.access import open_to
from app.http.principals import Audience, Caller, Principal
from app.http.requests import MotcuaRequest, language_of, request_id_of
from app.identity import operations as identity
from app.identity.api import SESSION_COOKIE
from app.identity.errors import CodeNotAccepted
from app.pages.draft import COOKIE, LASTS_S, Draft, draft_of
from app.pages.procedures import listed, procedure_of, word
from app.pages.responses import cookie, form_of, go, page
from app.pages.session import principal_of
from app.procedures import queries as procedures
from app.procedures import rules as procedure_rules
from app.procedures.errors import ProcedureNotFound

SHOWN: Final = 40


async def citizen_of(request: MotcuaRequest) -> Principal | None:
    """The citizen of this session, who acts from here on."""
    principal = await principal_of(request, Audience.CITIZEN)
    if principal is not None:
        current_actor.set(Actor("citizen", str(principal.id), request_id_of(request)))
    return principal


def _keep(request: MotcuaRequest, draft: Draft) -> Cookie:
    return cookie(request, COOKIE, draft.sealed(), lasts_s=LASTS_S)


@get(["/", "/booking"], opt=open_to(Caller.ANYONE), include_in_schema=False)
async def choose_procedure(request: MotcuaRequest, now: NamedDependency[datetime]) -> Response[str]:
    """Step 1: what for. Searching ignores diacritics."""
    language = language_of(request)
    q = request.query_params.get("q", "").replace("\x00", "")[:100]
    sector = request.query_params.get("sector", "")
    known = procedure_rules.SECTORS
    found = await procedures.search(
        q, sector=sector if sector in known else None, on=local_date(now), after=None, limit=SHOWN
    )
    context = {
        "q": q,
        "sector": sector if sector in known else "",
        "sectors": [{"code": code, "name": words.in_language(language)} for code, words in known.items()],
        "procedures": [listed(row, language) for row in found.rows],
        "chosen": request.query_params.get("procedure", ""),
        "search_url": "/booking",
        "next_url": "/booking/time",
        "errors": [],
    }
    return page(request, "booking/procedure.html", context)


@get("/booking/time", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def choose_time(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Step 2: where and when; days first."""
    code = request.query_params.get("procedure", "")
    if not code:
        return go(request, "/booking")
    return await _time_page(request, code, now, errors=[])


async def _time_page(
    request: MotcuaRequest, code: str, now: datetime, *, errors: list[dict[str, str]]
) -> Response[str]:
    language = language_of(request)
    procedure = await procedure_of(code, now)
    offering = await procedures.centres_offering(procedure.code, on=local_date(now))
    places = [row for row in await centres.centres_on(local_date(now)) if row.id in offering]
    if not places:
        raise ProcedureNotFound
    chosen = _chosen_centre(places, request.query_params.get("centre", ""))
    by_day = await _seats_by_day(chosen.id, procedure.code, now)
    working = await centres.load_working_calendar()
    day = _day(request.query_params.get("day", ""), by_day)
    base = f"/booking/time?procedure={procedure.code}&centre={chosen.id}"
    context = {
        "procedure": {
            "code": procedure.code,
            "name": word(procedure.name_vi, procedure.name_en, language),
        },
        "centres": [
            {
                "id": str(row.id),
                "name": word(row.name_vi, row.name_en, language),
                "address": word(row.address_vi, row.address_en, language),
                "distance_km": None,
            }
            for row in places
        ],
        "centre_id": str(chosen.id),
        "days": [
            {
                "date": each,
                "seats": sum(s.seats for s in found),
                "works": working.is_working_day(each),
                "url": f"{base}&day={each}",
            }
            for each, found in by_day.items()
        ],
        "day": day,
        "slots": [
            {
                "value": local(seat.starts_at).isoformat(),
                "starts_at": seat.starts_at,
                "ends_at": seat.ends_at,
                "seats": seat.seats,
            }
            for seat in (by_day[day] if day else ())
            if seat.seats > 0
        ],
        "chosen": "",
        "place_url": "/booking/time",
        "action": f"{base}&day={day}" if day else base,
        "back_url": "/booking",
        "errors": errors,
    }
    return page(request, "booking/time.html", context, status=422 if errors else 200)


def _chosen_centre(places: Sequence[CentreRow], raw: str) -> CentreRow:
    return next((row for row in places if str(row.id) == raw), places[0])


async def _seats_by_day(centre_id: uuid.UUID, code: str, now: datetime) -> dict[date, list[Seats]]:
    """Every day of the horizon, also those with no seat."""
    today = local_date(now)
    need = await needs.need_on(centre_id, [Item(code, 1)], on=today, now=now)
    days = (appointment_rules.last_day(now, need.rules) - today).days + 1
    found: dict[date, list[Seats]] = {today + timedelta(days=n): [] for n in range(days)}
    for seat in await free_places.bookable_seats(need, now=now):
        found.setdefault(local_date(seat.starts_at), []).append(seat)
    return found


def _day(raw: str, by_day: dict[date, list[Seats]]) -> date | None:
    """The day asked for, else the first with a seat."""
    named = next((day for day in by_day if day.isoformat() == raw), None)
    if named is not None:
        return named
    return next((day for day, seats in by_day.items() if any(s.seats for s in seats)), None)


@post("/booking/time", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take_time(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Remember the time, and ask who."""
    form = await form_of(request)
    code = form.get("procedure", "") or request.query_params.get("procedure", "")
    starts_at = _moment(form.get("starts_at", ""))
    centre_id = _uuid(form.get("centre", "") or request.query_params.get("centre", ""))
    if starts_at is None or centre_id is None:
        words = word("Hãy chọn một khung giờ", "Choose a time", language_of(request))
        return await _time_page(request, code, now, errors=[{"field": "starts_at", "message": words}])
    await procedure_of(code, now)
    draft = draft_of(request)
    draft.procedure, draft.centre_id, draft.starts_at = code, centre_id, starts_at
    return go(request, "/booking/contact", _keep(request, draft))


def _moment(raw: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _uuid(raw: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(raw)
    except ValueError:
        return None


@get("/booking/contact", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def ask_contact(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Step 3: who. Two fields, typed once."""
    return await _contact_page(request, draft_of(request), now, errors=[])


async def _contact_page(
    request: MotcuaRequest, draft: Draft, now: datetime, *, errors: list[dict[str, str]]
) -> Redirect | Response[str]:
    if draft.starts_at is None or draft.centre_id is None:
        return go(request, "/booking")
    language = language_of(request)
    procedure = await procedure_of(draft.procedure, now)
    centre = await centres.get_centre(draft.centre_id, on=local_date(now))
    context = {
        "values": {"name": draft.name, "phone": draft.phone},
        "procedure_name": word(procedure.name_vi, procedure.name_en, language),
        "centre_name": word(centre.name_vi, centre.name_en, language),
        "starts_at": draft.starts_at,
        "hold_expires_at": None,
        "hold_seconds_left": 0,
        "needs_code": await citizen_of(request) is None,
        "action": "/booking/contact",
        "back_url": f"/booking/time?procedure={draft.procedure}&centre={draft.centre_id}",
        "errors": errors,
    }
    return page(request, "booking/contact.html", context, status=422 if errors else 200)


@post("/booking/contact", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take_contact(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Send a code, or go on when the phone was proven before."""
    form = await form_of(request)
    draft = draft_of(request)
    draft.name, draft.phone = form.get("name", "")[:60], form.get("phone", "")[:20]
    language = language_of(request)
    errors = []
    try:
        clean_name(draft.name)
    except InvalidText:
        words = word("Nhập họ và tên", "Enter your name", language)
        errors.append({"field": "name", "message": words})
    try:
        phone = to_e164(draft.phone)
    except InvalidPhone:
        words = word(
            "Nhập số di động, ví dụ 0912 345 678",
            "Enter a mobile number, for example 0912 345 678",
            language,
        )
        errors.append({"field": "phone", "message": words})
    if errors:
        return await _contact_page(request, draft, now, errors=errors)
    citizen = await citizen_of(request)
    if citizen is not None:
        return await _hold(request, draft, citizen.id, now)
    challenge = await identity.request_code(
        phone=phone,
        purpose="sign_in",
        locale=language,
        address=request.client.host if request.client else "",
        per_address=request.app.state.settings.otp_per_address_per_hour,
        now=now,
    )
    draft.challenge_id = challenge.challenge_id
    return go(request, "/booking/code", _keep(request, draft))


@get("/booking/code", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def ask_code(request: MotcuaRequest) -> Redirect | Response[str]:
    """The code sent to the phone."""
    return _code_page(request, draft_of(request), errors=[])


def _code_page(
    request: MotcuaRequest, draft: Draft, *, errors: list[dict[str, str]]
) -> Redirect | Response[str]:
    if draft.challenge_id is None:
        return go(request, "/booking/contact")
    context = {
        "phone_masked": mask(to_e164(draft.phone)),
        "expires_at": current_time() + timedelta(minutes=5),
        "retry_at": None,
        "action": "/booking/code",
        "resend_action": "/booking/resend",
        "back_url": "/booking/contact",
        "errors": errors,
    }
    return page(request, "booking/sign_in.html", context, status=422 if errors else 200)


@post("/booking/resend", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def resend_code(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect:
    """Another code, as often as the limits allow; the answer is the same either way."""
    await form_of(request)
    draft = draft_of(request)
    if draft.phone:
        challenge = await identity.request_code(
            phone=to_e164(draft.phone),
            purpose="sign_in",
            locale=language_of(request),
            address=request.client.host if request.client else "",
            per_address=request.app.state.settings.otp_per_address_per_hour,
            now=now,
        )
        draft.challenge_id = challenge.challenge_id
    return go(request, "/booking/code", _keep(request, draft))


@post("/booking/code", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take_code(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """The phone is proven: hold the place."""
    form = await form_of(request)
    draft = draft_of(request)
    if draft.challenge_id is None:
        return go(request, "/booking/contact")
    try:
        session = await identity.verify_code(
            challenge_id=draft.challenge_id, code=form.get("code", "").strip()[:10], now=now
        )
    except CodeNotAccepted as refusal:
        words = refusal.words(language_of(request))
        return _code_page(request, draft, errors=[{"field": "code", "message": words}])
    signed_in = cookie(request, SESSION_COOKIE, session.cookie or "")
    return await _hold(request, draft, session.principal.id, now, signed_in)


async def _hold(
    request: MotcuaRequest, draft: Draft, citizen_id: uuid.UUID, now: datetime, *cookies: Cookie
) -> Redirect | Response[str]:
    if draft.centre_id is None or draft.starts_at is None:
        return go(request, "/booking", *cookies)
    await _give_earlier_up(draft, citizen_id, now)
    try:
        row = await operations.book(
            centre_id=draft.centre_id,
            starts_at=draft.starts_at,
            items=[Item(draft.procedure, 1)],
            citizen_id=citizen_id,
            contact=Who(clean_name(draft.name), to_e164(draft.phone), language_of(request)),
            now=now,
        )
    except SlotFull as full:
        return await _full_page(request, draft, full, now, *cookies)
    draft.appointment_id, draft.challenge_id = row.id, None
    return go(request, "/booking/check", _keep(request, draft), *cookies)


async def _give_earlier_up(draft: Draft, citizen_id: uuid.UUID, now: datetime) -> None:
    """Whoever comes back to choose again holds one place, not both."""
    if draft.appointment_id is None:
        return
    with suppress(AppointmentNotFound):
        row = await appointments.mine(draft.appointment_id, citizen_id=citizen_id)
        if row.state == State.HELD:
            await operations.cancel(appointment_id=row.id, citizen_id=citizen_id, now=now)


async def _full_page(
    request: MotcuaRequest, draft: Draft, full: SlotFull, now: datetime, *cookies: Cookie
) -> Response[str]:
    """Just taken: other places, one press away."""
    language = language_of(request)
    procedure = await procedure_of(draft.procedure, now)
    names = {row.id: row for row in await centres.centres_on(local_date(now))}
    context: dict[str, Any] = {
        "procedure_name": word(procedure.name_vi, procedure.name_en, language),
        "starts_at": draft.starts_at,
        "alternatives": [
            {
                "value": f"{each.centre_id}|{local(each.starts_at).isoformat()}",
                "starts_at": each.starts_at,
                "ends_at": each.ends_at,
                "centre_name": word(names[each.centre_id].name_vi, names[each.centre_id].name_en, language),
                "seats": each.seats,
            }
            for each in full.facts["alternatives"]
        ],
        "hidden": {},
        "action": "/booking/instead",
        "back_url": f"/booking/time?procedure={draft.procedure}&centre={draft.centre_id}",
        "errors": [],
    }
    kept = [_keep(request, draft), *cookies]
    return page(request, "booking/full.html", context, status=409, cookies=kept)


@post("/booking/instead", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take_alternative(
    request: MotcuaRequest, now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Hold the place chosen instead."""
    form = await form_of(request)
    citizen = await citizen_of(request)
    draft = draft_of(request)
    centre, _, start = form.get("choice", "").partition("|")
    draft.centre_id, draft.starts_at = _uuid(centre), _moment(start)
    if citizen is None or draft.starts_at is None:
        return go(request, "/booking")
    return await _hold(request, draft, citizen.id, now)


booking_handlers: Final[list[Any]] = [
    choose_procedure,
    choose_time,
    take_time,
    ask_contact,
    take_contact,
    ask_code,
    resend_code,
    take_code,
    take_alternative,
]
