"""What only a sandbox offers to whoever tries their program: its clock, and a courier who walks."""

import uuid
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.custody.errors import NotTheCustodian, PackageClosed, PackageQuarantined
from app.home_service.errors import HomeVisitNotFound
from app.home_service.operations.report import Answer
from app.home_service.states import Reason, State
from app.http import body as strict
from app.http.access import open_to
from app.http.body import Moment
from app.http.limits import PartnerLimit
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from partners.postal import scopes
from partners.postal.api.events import EventBatch, apply_batch
from partners.postal.errors import ClockOnlyForward, ClockTooFar, NobodyAtTheCentre, NoWayThere
from partners.postal.sandbox import clock, walking
from partners.postal.sandbox.clock import Clock
from partners.postal.sandbox.walking import Walk, Walked


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What it shall be; never earlier than it is."""

    now: Moment


class ClockView(msgspec.Struct):
    """What it is here; `ahead_seconds` are those the clock was moved by, in all."""

    now: datetime
    ahead_seconds: int
    livemode: Literal[False] = False

    @classmethod
    def of(cls, found: Clock) -> "ClockView":
        return cls(local(found.now), int(found.ahead.total_seconds()))


class WalkRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`to` is the state to walk to, without it the natural end; `reason` why a visit or a try failed."""

    to: State | None = None
    reason: Reason = Reason.ABSENT


class WalkedView(msgspec.Struct, omit_defaults=True):
    """One report and its answer, and the visit's state since; hand-overs have no `event_id`."""

    type: str
    outcome: str
    state: str
    event_id: uuid.UUID | None = None
    reason: str | None = None

    @classmethod
    def of(cls, step: Walked) -> "WalkedView":
        return cls(step.type, step.outcome, step.state, step.event_id, step.reason)


class WalkView(msgspec.Struct):
    """`state` is short of `to` where a report was not applied: the last step says why."""

    task_id: uuid.UUID
    courier: str
    state: str
    steps: list[WalkedView]
    livemode: Literal[False] = False

    @classmethod
    def of(cls, walk: Walk) -> "WalkView":
        return cls(walk.task_id, walk.courier, walk.state, [WalkedView.of(step) for step in walk.steps])


@get(
    "/v1/partner/sandbox/clock",
    operation_id="getSandboxClock",
    summary="What time it is in the sandbox",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
)
async def get_clock() -> ClockView:
    """The same for every process of the sandbox and for every partner in it."""
    return ClockView.of(await clock.clock())


@put(
    "/v1/partner/sandbox/clock",
    operation_id="moveSandboxClock",
    summary="Move the sandbox's time forward",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_WRITE),
    responses=problems(ClockOnlyForward, ClockTooFar),
)
async def move_clock(data: JSONBody[ClockRequest]) -> ClockView:
    """For ever: there is no way back. What is due by then happens as it would have, within a minute."""
    return ClockView.of(await clock.move(data.now))


@post(
    "/v1/partner/sandbox/home-visits/{home_visit_id:uuid}/walk",
    operation_id="walkHomeVisit",
    summary="A courier of the sandbox walks a visit on",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_WRITE),
    status_code=200,
    responses=problems(
        HomeVisitNotFound, NoWayThere, NobodyAtTheCentre, NotTheCustodian, PackageQuarantined, PackageClosed
    ),
)
async def walk_visit(
    home_visit_id: FromPath[uuid.UUID],
    data: JSONBody[WalkRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[WalkView]:
    """Every report on the way is posted as a telephone posts it, in order, in the name of the courier the
    visit was given to; webhooks and the feed tell of it as of any other.
    """

    async def posted(event: dict[str, Any]) -> Answer:
        batch = strict.convert({"events": [event]}, EventBatch)
        (answer,) = await apply_batch(batch, principal.id, now)
        return answer

    return await once.alone(
        WalkView.of,
        lambda: walking.walk(
            partner_id=principal.id,
            home_visit_id=home_visit_id,
            to=data.to,
            reason=data.reason,
            post=posted,
            now=now,
        ),
    )


sandbox_router: Final = Router(
    path="/", route_handlers=[get_clock, move_clock, walk_visit], middleware=[PartnerLimit]
)
