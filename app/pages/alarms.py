"""Long waits on the console: where, why, and the one thing a lead can do about it at the desk."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from app.core.clock import local_date
from app.core.errors import NotFound, Refusal, Unauthenticated
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.requests import MotcuaRequest, language_of
from app.monitoring import queries
from app.monitoring.alarms import Action
from app.monitoring.views import AlarmView, ProposalView
from app.pages.responses import form_of, go, page
from app.pages.session import officer_of
from app.queue import operations
from app.queue.api.staff import is_lead, require_lead

ALARMS_URL: Final = "/console/alarms"
STANDBY_URL: Final = "/console/standby"


async def alarms_context(
    principal: Principal, *, language: str, now: datetime, notice: str | None = None
) -> dict[str, Any]:
    """What the region shows of the alarms that stand."""
    today = local_date(now)
    names = await queries.names_of(principal.centre, on=today)
    rows = await queries.alarms_of(principal.centre, on=today, standing=True)
    alarms = [AlarmView.of(row, names) for row in rows]
    english = language == "en"
    return {
        "alarms_url": ALARMS_URL,
        "standby_url": STANDBY_URL,
        "alarm_notice": notice,
        "alarms": [
            {
                "where": alarm.pool_en if english else alarm.pool_vi,
                "words": alarm.words_en if english else alarm.words_vi,
                "since": alarm.raised_at,
                "ideas": [each.words_en if english else each.words_vi for each in alarm.proposals],
                "standby": _standby(alarm.proposals, english=english) if is_lead(principal) else [],
            }
            for alarm in alarms
        ],
    }


def _standby(proposals: Sequence[ProposalView], *, english: bool) -> list[dict[str, str]]:
    """Each standby officer who may be called, to the first counter that is not open."""
    counter = next((each for each in proposals if each.action == Action.OPEN_COUNTER), None)
    if counter is None:
        return []
    return [
        {
            "shift": str(each.subject),
            "counter": str(counter.subject),
            "label": each.words_en if english else each.words_vi,
        }
        for each in proposals
        if each.action == Action.ACTIVATE_STANDBY
    ]


@get(ALARMS_URL, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_alarms(request: MotcuaRequest, now: NamedDependency[datetime]) -> Response[str]:
    """The region alone; asked for by the page again and again."""
    principal = await officer_of(request)
    if principal is None:
        raise Unauthenticated  # Not the sign-in page: it would be shown inside the console.
    return await _region(request, principal, now, None)


@post(STANDBY_URL, opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def call_standby(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """A standby officer takes over a counter: one press of a shift lead."""
    form = await form_of(request)
    principal = await officer_of(request)
    if principal is None:
        return go(request, "/console")  # Which asks for the sign-in.
    require_lead(principal)
    notice: str | None = None
    try:
        await operations.activate_standby(
            shift_id=_id(form.get("shift", "")),
            centre_id=principal.centre,
            counter_id=_id(form.get("counter", "")),
            now=now,
        )
    except Refusal as refusal:
        if not request.headers.get("hx-request"):
            raise
        notice = refusal.words(language_of(request))
    if not request.headers.get("hx-request"):
        return go(request, "/console")
    return await _region(request, principal, now, notice)


async def _region(
    request: MotcuaRequest, principal: Principal, now: datetime, notice: str | None
) -> Response[str]:
    context = await alarms_context(principal, language=language_of(request), now=now, notice=notice)
    return page(request, "console/_alarms.html", context)


def _id(raw: str) -> uuid.UUID:
    try:
        return uuid.UUID(raw)
    except ValueError:
        raise NotFound from None


alarm_handlers: Final[list[Any]] = [show_alarms, call_standby]
