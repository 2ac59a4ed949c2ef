"""Money between couriers, the post office and the centres: handed in, paid over, and the day's balance."""

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.home_service import operations as home_service
from app.home_service.errors import HomeVisitNotFound
from app.home_service.views import bill_view
from app.http.body import ShortText, served_day
from app.http.once import Once
from app.http.principals import Principal
from app.payments import operations, settlement
from app.payments.cases import CaseRow
from app.payments.errors import (
    CaseNeedsMoney,
    DayNotYet,
    MoneyCaseNotFound,
    NothingRemitted,
    NothingToRefund,
)
from app.payments.rules import Purse
from app.payments.settlement import Settlement
from app.payments.views import BillView, SettlementView, SomeVnd, Vnd
from app.rounds import queries as rounds
from app.rounds.errors import CourierNotFound
from partners.postal import scopes
from partners.postal.api.routes import reads, writes

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class RemittanceRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Cash of one courier's day as it was counted; `slip` is the post office's own number of it."""

    date: date
    courier: Id
    state_vnd: Vnd = 0
    postage_vnd: Vnd = 0
    slip: Id


class CentrePaymentRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """State fees paid into a centre's account; `reference` is the bank's."""

    date: date
    centre_id: uuid.UUID
    amount_vnd: SomeVnd
    reference: Id


class RefundRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`courier` gives it back from what they carry; without one, the post office does."""

    task_id: uuid.UUID
    kind: Literal["state", "postage"]
    courier: Id | None = None
    reference: Id


class CloseRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    note: ShortText


class CaseView(msgspec.Struct):
    id: uuid.UUID
    code: str
    kind: str
    amount_vnd: int
    date: date
    task_id: uuid.UUID | None
    state: str
    closed_because: str

    @classmethod
    def of(cls, case: CaseRow) -> "CaseView":
        return cls(
            case.id,
            case.kind,
            case.purse,
            case.amount_vnd,
            case.day,
            case.home_visit_id,
            case.state,
            case.closed_because,
        )


async def _day_view(principal: Principal) -> Callable[[Settlement], SettlementView]:
    """A day as the partner reads it, with its own ids of its couriers."""
    names = await rounds.external_ids(principal.id)
    return lambda day: SettlementView.of(day, names)


@reads(
    "/v1/partner/settlements/{day:date}",
    operation_id="getSettlement",
    summary="Our couriers' money of a day",
    scope=scopes.SETTLEMENTS_READ,
)
async def get_settlement(day: FromPath[date], principal: NamedDependency[Principal]) -> SettlementView:
    """By courier and by centre; it balances to zero or every reason why not is named."""
    view = await _day_view(principal)
    return view(await settlement.of_day(principal.id, served_day(day)))


@writes(
    "/v1/partner/remittances",
    operation_id="remitCash",
    summary="A courier hands in the cash of a day",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(CourierNotFound, DayNotYet, NothingRemitted),
)
async def remit_cash(
    data: JSONBody[RemittanceRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[SettlementView]:
    """As it was counted: more or less than was reported opens a case; the day as it stands then."""
    return await once_required(
        await _day_view(principal),
        operations.remit(
            partner_id=principal.id,
            courier=data.courier,
            day=served_day(data.date),
            amounts={Purse.STATE: data.state_vnd, Purse.POSTAGE: data.postage_vnd},
            slip=data.slip,
            now=now,
        ),
        status=201,
    )


@writes(
    "/v1/partner/centre-payments",
    operation_id="payCentre",
    summary="State fees go to a centre's account",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(CentreNotFound, DayNotYet),
)
async def pay_centre(
    data: JSONBody[CentrePaymentRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[SettlementView]:
    """Booked as told; what is still to be paid is each centre's `closing_vnd`."""
    centre = await centres.any_centre(data.centre_id)
    return await once_required(
        await _day_view(principal),
        operations.pay_centre(
            partner_id=principal.id,
            centre_id=centre.id,
            day=served_day(data.date),
            amount_vnd=data.amount_vnd,
            reference=data.reference,
            now=now,
        ),
        status=201,
    )


@writes(
    "/v1/partner/money-cases/{case_id:uuid}/close",
    operation_id="closeMoneyCase",
    summary="Answer for a difference",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(MoneyCaseNotFound, CaseNeedsMoney),
    status_code=200,
)
async def close_case(
    case_id: FromPath[uuid.UUID],
    data: JSONBody[CloseRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[CaseView]:
    """Missing cash is made good by the enterprise, cash too much set apart, a used receipt explained."""
    return await once_required(
        CaseView.of,
        operations.close_case(partner_id=principal.id, case_id=case_id, note=data.note, now=now),
    )


@writes(
    "/v1/partner/refunds",
    operation_id="refundHomeVisit",
    summary="Give back what is owed to a citizen",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(HomeVisitNotFound, CourierNotFound, NothingToRefund),
)
async def refund(
    data: JSONBody[RefundRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[BillView]:
    """All that is owed back of one purse, by the post office or from the cash of a courier of today."""
    return await once_required(
        bill_view,
        home_service.refund_by_partner(
            home_visit_id=data.task_id,
            partner_id=principal.id,
            purse=Purse(data.kind),
            courier=data.courier,
            reference=data.reference,
            now=now,
        ),
        status=201,
    )


settlement_handlers: Final[list[Any]] = [get_settlement, remit_cash, pay_centre, close_case, refund]
