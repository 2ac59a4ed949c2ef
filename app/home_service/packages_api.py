"""What a centre says of the packages it received, and why visits came to nothing, over HTTP."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from app.core.clock import at_local
from app.custody.errors import PackageNotFound, PackageNotReceived, PackageQuarantined
from app.home_service import operations, queries
from app.home_service.states import REASONS, Reason, State
from app.home_service.views import PackageView
from app.http.access import open_to
from app.http.body import served_day
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
From = Annotated[date, QueryParameter(name="from", description="First local day.")]
To = Annotated[date, QueryParameter(name="to", description="Last local day.")]


class OutcomeRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`reason` is what the citizen reads."""

    outcome: Literal["supplement", "refused_back"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class ReasonCount(msgspec.Struct):
    reason: str
    name_vi: str
    name_en: str
    count: int


class ReasonList(msgspec.Struct):
    """`partial_hand_ins` are visits that were done although papers were missing."""

    items: list[ReasonCount]
    partial_hand_ins: int


@post(
    "/v1/staff/packages/{seal:str}/outcome",
    operation_id="lookIntoPackage",
    summary="More is asked for, or the papers are given back",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(PackageNotFound, PackageNotReceived, PackageQuarantined),
)
async def look_into_package(
    seal: FromPath[str],
    data: JSONBody[OutcomeRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[PackageView]:
    """After a supplement the dossier is accepted as any other; what is given back a courier brings home."""
    return await once(
        PackageView.of,
        operations.look_into(
            seal_number=seal,
            centre_id=principal.centre,
            officer_id=principal.id,
            outcome=State(data.outcome),
            reason=data.reason.strip(),
            now=now,
        ),
    )


@get(
    "/v1/staff/home-visit-reasons",
    operation_id="listHomeVisitReasons",
    summary="Why home visits came to nothing",
    tags=["staff"],
    opt=open_to(*OFFICERS),
)
async def list_reasons(principal: NamedDependency[Principal], from_: From, to: To) -> ReasonList:
    """Counted over failed visits and failed attempts, by the day they happened on."""
    start = at_local(served_day(from_), 0)
    end = at_local(served_day(to), 0) + timedelta(days=1)
    counted, partial = await queries.reasons(principal.centre, start, end)
    items = [
        ReasonCount(reason.value, REASONS[reason].vi, REASONS[reason].en, counted[reason.value])
        for reason in Reason
        if reason.value in counted
    ]
    return ReasonList(items, partial)


packages_router: Final = Router(path="/", route_handlers=[look_into_package, list_reasons])
