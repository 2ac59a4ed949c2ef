"""What keeps messages from leaving, and what a centre spends on them: seen, held, let go, budgeted."""

import uuid
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.core.clock import local
from app.core.errors import PreconditionFailed
from app.http.access import open_to
from app.http.body import ShortText
from app.http.principals import Caller, Principal
from app.http.problems import PreconditionRequired, problems
from app.http.versions import etag
from notifications import holds
from notifications.holds import Budget, Hold, HoldReasonNotValid, LeftAlone, reason_of
from notifications.limits import EVERYTHING, TEMPLATE
from notifications.wordings import operations as wordings
from notifications.wordings.errors import MessageTemplateNotFound

# Those who see the province; a centre's leader sees the same and the budget of their own centre only.
PROVINCE: Final = frozenset({Caller.MESSAGE_EDITOR, Caller.MONITOR})


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why nothing of it may leave; for colleagues, without names."""

    reason: ShortText


class BudgetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Segments a day, beyond which only what cannot wait leaves; a million is as good as no limit."""

    segments_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class HoldView(msgspec.Struct, kw_only=True):
    """What is held: `template` is the one wording, without it everything. What paused itself after three
    refusals was held by nobody. `waiting` messages are owed and do not leave.
    """

    template: str | None
    reason: str
    since: datetime
    held_by: uuid.UUID | None
    waiting: int

    @classmethod
    def of(cls, row: Hold) -> "HoldView":
        return cls(
            template=None if row.scope == EVERYTHING else row.scope.removeprefix(TEMPLATE),
            reason=row.reason,
            since=local(row.since),
            held_by=row.held_by,
            waiting=row.waiting,
        )


class WayLeftAlone(msgspec.Struct, kw_only=True):
    """A way that failed: nothing is tried on it before `open_until`; then one message tries."""

    way: str
    reason: str
    failures: int
    open_until: datetime

    @classmethod
    def of(cls, row: LeftAlone) -> "WayLeftAlone":
        return cls(way=row.way, reason=row.reason, failures=row.failures, open_until=local(row.open_until))


class BudgetView(msgspec.Struct, kw_only=True):
    """Segments a centre may send on a day, and has sent today. Without a budget nothing limits it."""

    centre_id: uuid.UUID
    segments_per_day: int | None
    segments_today: int
    percent: int | None
    version: int

    @classmethod
    def of(cls, row: Budget) -> "BudgetView":
        limit = row.segments_per_day
        return cls(
            centre_id=row.centre_id,
            segments_per_day=limit,
            segments_today=row.spent,
            percent=None if limit is None else row.spent * 100 // limit,
            version=row.version,
        )


class MessagesStanding(msgspec.Struct, kw_only=True):
    """Everything that keeps messages from leaving. `suppressed_phones` said no and get codes only."""

    everything_held: bool
    holds: list[HoldView]
    ways_left_alone: list[WayLeftAlone]
    suppressed_phones: int
    budgets: list[BudgetView]


@get(
    "/v1/staff/messages/standing",
    operation_id="getMessagesStanding",
    summary="What keeps messages from leaving",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.MONITOR, Caller.CENTRE_LEADER),
)
async def standing(
    principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> MessagesStanding:
    """Holds and ways are the province's; a centre's leader sees the budget of their own centre."""
    held = [HoldView.of(row) for row in await holds.holds()]
    return MessagesStanding(
        everything_held=any(each.template is None for each in held),
        holds=held,
        ways_left_alone=[WayLeftAlone.of(row) for row in await holds.ways_left_alone(now=now)],
        suppressed_phones=await holds.suppressed_phones(),
        budgets=[BudgetView.of(row) for row in await holds.budgets(centre_id=_whose(principal), now=now)],
    )


@put(
    "/v1/staff/messages/holds/everything",
    operation_id="holdAllMessages",
    summary="Let no message leave",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    responses=problems(HoldReasonNotValid),
)
async def hold_everything(
    data: JSONBody[HoldRequest], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> HoldView:
    """Codes too. What is owed waits, and expires when its time is over."""
    return HoldView.of(
        await holds.hold(scope=EVERYTHING, reason=reason_of(data.reason), officer_id=principal.id, now=now)
    )


@delete(
    "/v1/staff/messages/holds/everything",
    operation_id="letAllMessagesGo",
    summary="Let messages leave again",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    status_code=204,
)
async def let_everything_go(now: NamedDependency[datetime]) -> None:
    """Wordings that are held for themselves stay held."""
    await holds.let_go(scope=EVERYTHING, now=now)


@put(
    "/v1/staff/messages/holds/templates/{key:str}",
    operation_id="holdMessageTemplate",
    summary="Hold one wording back",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    responses=problems(HoldReasonNotValid, MessageTemplateNotFound),
)
async def hold_template(
    key: FromPath[str],
    data: JSONBody[HoldRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> HoldView:
    """What is owed in it waits, and expires when its time is over."""
    scope = f"{TEMPLATE}{wordings.known(key).code}"
    return HoldView.of(
        await holds.hold(scope=scope, reason=reason_of(data.reason), officer_id=principal.id, now=now)
    )


@delete(
    "/v1/staff/messages/holds/templates/{key:str}",
    operation_id="letMessageTemplateGo",
    summary="Let one wording leave again",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    status_code=204,
    responses=problems(MessageTemplateNotFound),
)
async def let_template_go(key: FromPath[str], now: NamedDependency[datetime]) -> None:
    """Whoever held it, or its own three refusals; mend the words first."""
    await holds.let_go(scope=f"{TEMPLATE}{wordings.known(key).code}", now=now)


@get(
    "/v1/staff/messages/budgets/{centre_id:uuid}",
    operation_id="getMessageBudget",
    summary="What a centre may spend on messages, and has spent today",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.MONITOR, Caller.CENTRE_LEADER),
    responses=problems(CentreNotFound),
)
async def get_budget(
    centre_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[BudgetView]:
    """Its version is the ETag, `"0"` where nobody set one."""
    await _own(centre_id, principal)
    return _told(await holds.budget_of(centre_id, now=now))


@put(
    "/v1/staff/messages/budgets/{centre_id:uuid}",
    operation_id="putMessageBudget",
    summary="Set what a centre may spend on messages a day",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.CENTRE_LEADER),
    responses=problems(CentreNotFound, PreconditionFailed, PreconditionRequired),
)
async def put_budget(
    centre_id: FromPath[uuid.UUID],
    data: JSONBody[BudgetRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
) -> Response[BudgetView]:
    """From now on, today included. The same again changes nothing."""
    await _own(centre_id, principal)
    return _told(
        await holds.put_budget(
            centre_id=centre_id,
            segments_per_day=data.segments_per_day,
            expected_version=expected_version,
            officer_id=principal.id,
            now=now,
        )
    )


def _whose(principal: Principal) -> uuid.UUID | None:
    """The one centre somebody sees, None for whoever sees the province."""
    return None if principal.callers & PROVINCE else principal.centre


async def _own(centre_id: uuid.UUID, principal: Principal) -> None:
    """Another centre's is not found."""
    if _whose(principal) not in {None, centre_id}:
        raise CentreNotFound
    await centres.any_centre(centre_id)


def _told(row: Budget) -> Response[BudgetView]:
    return Response(BudgetView.of(row), status_code=200, headers={"ETag": etag(row.version)})


holds_router: Final = Router(
    path="/",
    route_handlers=[
        standing,
        hold_everything,
        let_everything_go,
        hold_template,
        let_template_go,
        get_budget,
        put_budget,
    ],
)
