"""Money of home visits at the centre: paid there, freed there, given back there, and the day's sheet."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.errors import Refusal
from app.home_service import operations
from app.home_service.errors import HomeVisitNotFound
from app.home_service.views import bill_view
from app.http.access import open_to
from app.http.body import served_day
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.payments import cases, settlement
from app.payments.errors import AmountDiffers, GroupUnknown, NothingOwed, NothingToRefund, ReceiptReused
from app.payments.rules import Purse
from app.payments.views import (
    BillView,
    CentreDayView,
    OwedHere,
    PartnerOfCentre,
    ReceiptNumber,
    SomeVnd,
)

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
LEADERS: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


class PaymentRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A state fee paid at the centre, with the centre's own receipt."""

    amount_vnd: SomeVnd
    receipt: ReceiptNumber


class WaiverRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The group whose paper was shown."""

    kind: Literal["state", "postage"]
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class RefundRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    reference: ReceiptNumber


def _at_visit(
    what: str, *, callers: tuple[Caller, ...], refuses: tuple[type[Refusal], ...], **said: Any
) -> post:
    """A route of a visit at its centre; `said` is its name and summary."""
    return post(
        f"/v1/staff/home-visits/{{home_visit_id:uuid}}/{what}",
        tags=["staff"],
        opt=open_to(*callers),
        status_code=201,
        responses=problems(HomeVisitNotFound, *refuses),
        **said,
    )


@_at_visit(
    "payments",
    operation_id="payHomeVisitAtCentre",
    summary="A citizen pays the fee of a home visit here",
    callers=OFFICERS,
    refuses=(NothingOwed, AmountDiffers, ReceiptReused),
)
async def pay_at_centre(
    home_visit_id: FromPath[uuid.UUID],
    data: JSONBody[PaymentRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[BillView]:
    """Exactly what is owed; the courier is shown that nothing is left to take."""
    return await once_required(
        bill_view,
        operations.pay_at_centre(
            home_visit_id=home_visit_id,
            centre_id=principal.centre,
            officer_id=principal.id,
            amount_vnd=data.amount_vnd,
            receipt=data.receipt,
            now=now,
        ),
        status=201,
    )


@_at_visit(
    "waivers",
    operation_id="waiveHomeVisit",
    summary="A citizen shows that they do not pay",
    callers=OFFICERS,
    refuses=(GroupUnknown,),
)
async def waive(
    home_visit_id: FromPath[uuid.UUID],
    data: JSONBody[WaiverRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[BillView]:
    """The lines the group is exempt from are owed no more."""
    return await once_required(
        bill_view,
        operations.free_of_payment(
            home_visit_id=home_visit_id,
            centre_id=principal.centre,
            purse=Purse(data.kind),
            group=data.group,
            now=now,
        ),
        status=201,
    )


@_at_visit(
    "refunds",
    operation_id="refundHomeVisitAtCentre",
    summary="Give back a fee that was paid here",
    callers=LEADERS,
    refuses=(NothingToRefund,),
)
async def refund(
    home_visit_id: FromPath[uuid.UUID],
    data: JSONBody[RefundRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[BillView]:
    """What was paid to this centre and is no longer due; what a courier took, the post gives back."""
    return await once_required(
        bill_view,
        operations.refund_at_centre(
            home_visit_id=home_visit_id, centre_id=principal.centre, reference=data.reference, now=now
        ),
        status=201,
    )


@get(
    "/v1/staff/settlements/{day:date}",
    operation_id="getCentreSettlement",
    summary="State fees of this centre's home visits",
    tags=["staff"],
    opt=open_to(*LEADERS),
)
async def centre_settlement(day: FromPath[date], principal: NamedDependency[Principal]) -> CentreDayView:
    """What was paid here, and what each partner took, paid over and still owes."""
    owed = await settlement.of_centre(principal.centre, served_day(day))
    return CentreDayView(
        date=day,
        paid_here_vnd=await settlement.paid_at_centre(principal.centre, day),
        partners=[PartnerOfCentre.of(partner_id, line) for partner_id, line in owed.items()],
        refunds_owed=[
            OwedHere(case.home_visit_id, case.amount_vnd, case.day)
            for case in await cases.at_centre(principal.centre)
        ],
    )


money_router: Final = Router(path="/", route_handlers=[pay_at_centre, waive, refund, centre_settlement])
