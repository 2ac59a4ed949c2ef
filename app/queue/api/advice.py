"""What a pool could promise, for those who publish its openings."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.queue import learned
from app.queue.views import CapacityAdviceView

RESPONSIBLE: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR)
Centre = Annotated[
    uuid.UUID | None,
    QueryParameter(description="The officer's own; a provincial monitor may name any."),
]


async def _centre(asked: uuid.UUID | None, principal: Principal) -> uuid.UUID:
    """The centre somebody may look at: a monitor sees the province, others their own."""
    if asked is None or asked == principal.centre_id:
        return principal.centre
    if Caller.MONITOR not in principal.callers:
        raise CentreNotFound
    return (await centres.any_centre(asked)).id


@get(
    "/v1/staff/capacity-advice",
    operation_id="getCapacityAdvice",
    summary="How many places could be promised online and kept for walk-ins",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
    responses=problems(CentreNotFound),
)
async def get_capacity_advice(
    principal: NamedDependency[Principal], now: NamedDependency[datetime], centre: Centre = None
) -> CapacityAdviceView:
    """By pool, weekday and hour, from the centre's own days; with every number it was computed from.

    Advice only: no cap and no floor changes by it.
    """
    looked_at = await _centre(centre, principal)
    pools = await centres.pools_of(looked_at, "counter")
    return CapacityAdviceView.of(looked_at, pools, await learned.advice(looked_at), as_of=now)


advice_handlers: Final[list[Any]] = [get_capacity_advice]
