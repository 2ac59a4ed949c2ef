"""Where the contract says so, a partner's dispatcher names the courier."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.home_service import operations
from app.home_service.errors import (
    CourierNotQualified,
    CourierOffDuty,
    HomeVisitNotFound,
    PartnerDoesNotAssign,
    VisitUnderWay,
    WouldBreakPromise,
)
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.rounds.errors import CourierNotFound
from partners.postal import scopes


class AssignRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`courier` is the partner's own id."""

    courier: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class AssignedView(msgspec.Struct):
    task_id: uuid.UUID
    courier: str
    state: str
    version: int


@post(
    "/v1/partner/tasks/{task_id:uuid}/assign",
    operation_id="assignTask",
    summary="Name the courier of a visit",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_WRITE),
    status_code=200,
    responses=problems(
        HomeVisitNotFound,
        CourierNotFound,
        PartnerDoesNotAssign,
        VisitUnderWay,
        CourierNotQualified,
        CourierOffDuty,
        WouldBreakPromise,
    ),
)
async def assign_task(
    task_id: FromPath[uuid.UUID],
    data: JSONBody[AssignRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[AssignedView]:
    """Only where the round of that courier keeps the window and every promise it holds already."""
    return await once(
        lambda visit: AssignedView(visit.id, data.courier, visit.state, visit.version),
        operations.assign_by_partner(
            partner_id=principal.id, home_visit_id=task_id, courier=data.courier, now=now
        ),
    )


dispatch_handlers: Final[list[Any]] = [assign_task]
