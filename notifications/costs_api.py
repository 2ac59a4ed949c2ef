"""What messages cost, for a centre's leader and for the province."""

import uuid
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency

from app.centres.errors import CentreNotFound
from app.core.clock import at_local, local, local_date
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.monitoring.api import Centre, From, To, centre_looked_at
from app.monitoring.errors import PeriodNotValid
from app.monitoring.queries import check_period
from notifications import costs
from notifications.costs import Cost


class Amount(msgspec.Struct):
    """What a provider told, in its currency."""

    currency: str
    amount: str


class CostView(msgspec.Struct):
    """`calls` are those a provider took, `unpriced` those of SMS it has told no price of."""

    messages: int
    calls: int
    segments: int
    unpriced: int
    amounts: list[Amount]

    @classmethod
    def of(cls, cost: Cost) -> "CostView":
        amounts = [Amount(currency, amount) for currency, amount in cost.amounts]
        return cls(cost.messages, cost.calls, cost.segments, cost.unpriced, amounts)


class CentreCost(msgspec.Struct):
    """No centre: what belongs to none, codes above all."""

    centre_id: uuid.UUID | None
    cost: CostView


class TemplateCost(msgspec.Struct):
    template: str
    cost: CostView


class ChannelCost(msgspec.Struct):
    channel: str
    cost: CostView


class DayCost(msgspec.Struct):
    date: date
    cost: CostView


class CostsView(msgspec.Struct):
    """The same calls in all and divided; `centre_id` is null where they are the province's."""

    first: date
    last: date
    as_of: datetime
    centre_id: uuid.UUID | None
    total: CostView
    by_centre: list[CentreCost]
    by_template: list[TemplateCost]
    by_channel: list[ChannelCost]
    by_day: list[DayCost]


@get(
    "/v1/staff/message-costs",
    operation_id="getMessageCosts",
    summary="What messages cost, by centre, template, channel and day",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER, Caller.MONITOR),
    responses=problems(CentreNotFound, PeriodNotValid),
)
async def get_message_costs(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    centre: Centre = None,
    first: From = None,
    last: To = None,
) -> Response[CostsView]:
    """At most a quarter of a year; a monitor who names no centre sees all of the province's."""
    start = first or local_date(now)
    end = last or start
    check_period(first=start, last=end)
    province = centre is None and Caller.MONITOR in principal.callers
    whose = None if province else await centre_looked_at(centre, principal)
    found = await costs.count(
        start=at_local(start, 0), end=at_local(end + timedelta(days=1), 0), centre_id=whose
    )
    view = CostsView(
        first=start,
        last=end,
        as_of=local(now),
        centre_id=whose,
        total=CostView.of(found.total),
        by_centre=[CentreCost(each, CostView.of(cost)) for each, cost in found.by_centre],
        by_template=[TemplateCost(each, CostView.of(cost)) for each, cost in found.by_template],
        by_channel=[ChannelCost(each, CostView.of(cost)) for each, cost in found.by_channel],
        by_day=[DayCost(each, CostView.of(cost)) for each, cost in found.by_day],
    )
    return Response(view, headers={"Cache-Control": "no-store"})


costs_router: Final = Router(path="/", route_handlers=[get_message_costs])
