"""Moves of a dossier over HTTP: each says which version it saw, and the same key moves it once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from app.core.errors import Refusal
from app.dossiers import operations
from app.dossiers.api import OFFICERS, DossierView, known_number, version_of
from app.dossiers.errors import (
    CalendarNotDeclared,
    DossierNotFound,
    NewDateNotValid,
    OtherCentreDecides,
    ReasonMissing,
    SecondExtension,
    SecondSupplement,
    StaleDossier,
    StatusNotAllowing,
)
from app.dossiers.moving import Officer, Reason
from app.dossiers.queries import DossierFile
from app.dossiers.states import Move
from app.http.access import open_to
from app.http.body import Moment
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.procedures.errors import ProcedureNotFound

Words = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=2000,
        description="What the applicant reads, and the official form says. In Vietnamese.",
    ),
]
COMMON: Final = (DossierNotFound, StaleDossier, StatusNotAllowing, OtherCentreDecides)


class ReasonRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    reason: Words


class ExtensionRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`promised_at` is the new promised moment, in working hours; `apology` replaces the form's words."""

    reason: Words
    promised_at: Moment
    apology: Words | None = None


def acting(principal: Principal) -> Officer:
    return Officer(principal.centre, Caller.CENTRE_LEADER in principal.callers)


async def _answer(once: Once, work: Awaitable[DossierFile]) -> Response[DossierView]:
    return await once(DossierView.of, work, etag=version_of)


def _move(
    path: str, operation_id: str, summary: str, *refusals: type[Refusal], leader_only: bool = False
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """The decorator of a move: only its words and refusals differ."""
    callers = (Caller.CENTRE_LEADER,) if leader_only else OFFICERS
    return post(
        f"/v1/staff/dossiers/{{number:str}}/{path}",
        operation_id=operation_id,
        summary=summary,
        tags=["staff"],
        opt=open_to(*callers),
        status_code=200,
        responses=problems(*COMMON, *refusals),
    )


@_move(
    "accept",
    "acceptRegisteredDossier",
    "Accept a registered dossier",
    ProcedureNotFound,
    CalendarNotDeclared,
)
async def accept_registered(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Its clock starts, and it is promised for a moment."""
    return await _answer(
        once,
        operations.receive(
            number=known_number(number),
            by=acting(principal),
            expected_version=expected_version,
            now=now,
        ),
    )


@_move("start", "startDossier", "Begin to process a dossier")
async def start_dossier(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """From accepted (2) to processing (4)."""
    return await _answer(
        once,
        operations.decide(
            number=known_number(number),
            move=Move.START,
            by=acting(principal),
            reason=None,
            expected_version=expected_version,
            now=now,
        ),
    )


@_move("refuse", "refuseDossier", "Refuse to accept a registered dossier (form 03)", ReasonMissing)
async def refuse_dossier(
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Only what is registered can be refused; what was accepted is stopped instead."""
    return await _answer(once, _decided(Move.REFUSE, number, data, principal, expected_version, now))


@_move("withdraw", "withdrawDossier", "Confirm that the applicant withdraws a dossier", ReasonMissing)
async def withdraw_dossier(
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """The officer confirms what the applicant asked for; there is no way back."""
    return await _answer(once, _decided(Move.WITHDRAW, number, data, principal, expected_version, now))


@_move("stop", "stopDossier", "Stop processing a dossier (form 05)", ReasonMissing)
async def stop_dossier(
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """There is no way back."""
    return await _answer(once, _decided(Move.STOP, number, data, principal, expected_version, now))


def _decided(
    move: Move,
    number: str,
    data: ReasonRequest,
    principal: Principal,
    expected_version: int,
    now: datetime,
) -> Awaitable[DossierFile]:
    return operations.decide(
        number=known_number(number),
        move=move,
        by=acting(principal),
        reason=Reason(data.reason),
        expected_version=expected_version,
        now=now,
    )


@_move(
    "supplement",
    "requestSupplement",
    "Ask for a supplement (form 02)",
    SecondSupplement,
    ReasonMissing,
)
async def request_supplement(
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """The clock stands still until it is there. A second request counts as late in the national score,
    stops no clock, and needs a centre leader.
    """
    return await _answer(
        once,
        operations.request_supplement(
            number=known_number(number),
            by=acting(principal),
            reason=Reason(data.reason),
            expected_version=expected_version,
            now=now,
        ),
    )


@_move(
    "supplement-received",
    "receiveSupplement",
    "Note that the supplement is complete",
    ProcedureNotFound,
    CalendarNotDeclared,
)
async def receive_supplement(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Back to where it was; the promised moment moves by the pause, and the old one is kept."""
    return await _answer(
        once,
        operations.receive_supplement(
            number=known_number(number),
            by=acting(principal),
            expected_version=expected_version,
            now=now,
        ),
    )


@_move("payment-due", "demandPayment", "Say which financial duty comes first", ReasonMissing)
async def demand_payment(
    request: MotcuaRequest,
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """The clock stands still meanwhile, where the deployment says so."""
    return await _answer(
        once,
        operations.demand_payment(
            number=known_number(number),
            by=acting(principal),
            reason=Reason(data.reason),
            stops_clock=request.app.state.settings.payment_stops_clock,
            expected_version=expected_version,
            now=now,
        ),
    )


@_move("payment-received", "notePayment", "Note that the duty is fulfilled", CalendarNotDeclared)
async def note_payment(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Work goes on."""
    return await _answer(
        once,
        operations.note_payment(
            number=known_number(number),
            by=acting(principal),
            expected_version=expected_version,
            now=now,
        ),
    )


@_move(
    "extend",
    "extendDossier",
    "Say sorry and promise a later moment (form 04)",
    SecondExtension,
    NewDateNotValid,
    ReasonMissing,
    CalendarNotDeclared,
)
async def extend_dossier(
    number: FromPath[str],
    data: JSONBody[ExtensionRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Once; a second time needs a centre leader and is flagged."""
    return await _answer(
        once,
        operations.extend(
            number=known_number(number),
            by=acting(principal),
            reason=Reason(data.reason, apology=data.apology),
            promised_at=data.promised_at.astimezone(UTC),
            expected_version=expected_version,
            now=now,
        ),
    )


@_move(
    "correct", "correctDossier", "Recall a result that is not yet returned", ReasonMissing, leader_only=True
)
async def correct_dossier(
    number: FromPath[str],
    data: JSONBody[ReasonRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """From done (9) back to processing (4), by a centre leader."""
    return await _answer(
        once,
        operations.correct(
            number=known_number(number),
            by=acting(principal),
            reason=Reason(data.reason),
            expected_version=expected_version,
            now=now,
        ),
    )


dossier_moves_router: Final = Router(
    path="/",
    route_handlers=[
        accept_registered,
        start_dossier,
        refuse_dossier,
        withdraw_dossier,
        stop_dossier,
        request_supplement,
        receive_supplement,
        demand_payment,
        note_payment,
        extend_dossier,
        correct_dossier,
    ],
)
