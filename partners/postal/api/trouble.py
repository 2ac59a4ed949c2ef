"""What goes wrong with a courier, as the partner's dispatcher says it."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.home_service import operations
from app.home_service.operations.trouble import Trouble
from app.home_service.reassigning import Dispatched
from app.http.body import Moment, served_day
from app.http.once import Once
from app.http.principals import Principal
from app.rounds.errors import CourierNotFound, RunNotFound, TroubleNotValid
from partners.postal import scopes
from partners.postal.api.couriers import known_id
from partners.postal.api.routes import writes


class TroubleRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`minutes` behind the plan, for `late` only; `absent` and `vehicle` end the courier's day."""

    kind: Trouble
    occurred_at: Moment
    minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] | None = None


class TroubleView(msgspec.Struct):
    """The tasks somebody else does now, and those nobody can do in their window."""

    moved: list[uuid.UUID]
    at_risk: list[uuid.UUID]

    @classmethod
    def of(cls, found: Dispatched) -> "TroubleView":
        return cls(found.moved, found.at_risk)


@writes(
    "/v1/partner/runs/{day:date}/{courier:str}/trouble",
    operation_id="reportTrouble",
    summary="A courier is late, does not come, or cannot go on",
    scope=scopes.COURIERS_WRITE,
    refuses=(CourierNotFound, RunNotFound, TroubleNotValid),
    status_code=200,
)
async def report_trouble(
    day: FromPath[date],
    courier: FromPath[str],
    data: JSONBody[TroubleRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[TroubleView]:
    """Doors ahead go to other couriers of the same skills, at times that keep every window. What fits
    nowhere is at risk: a supervisor and the citizen are told. Packages stay with who has them.
    """
    return await once_required(
        TroubleView.of,
        operations.report_trouble(
            partner_id=principal.id,
            courier=known_id(courier),
            day=served_day(day),
            kind=data.kind,
            minutes=data.minutes,
            occurred_at=data.occurred_at,
            now=now,
        ),
    )


trouble_handlers: Final[list[Any]] = [report_trouble]
