"""Fees of a dossier at the counter, over HTTP: taken with a receipt, waived with a paper, taken back."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.dossiers import queries as dossiers
from app.dossiers.api import known_number
from app.dossiers.errors import DossierNotFound
from app.http.access import open_to
from app.http.body import ShortText
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.payments import counter
from app.payments.counter import FeeRow
from app.payments.errors import FeeNotFound, FeeTakenBack, GroupUnknown, ReceiptReused
from app.payments.rules import Purse
from app.payments.views import ReceiptNumber, SomeVnd

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
LEADERS: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
Kind = Literal["state", "postage"]


class FeeRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Money taken at the counter, with the centre's own receipt. The state's and the post's are apart."""

    kind: Kind
    amount_vnd: SomeVnd
    receipt: ReceiptNumber


class FeeWaiver(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The group whose paper was shown."""

    kind: Kind
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class TakeBackRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    reason: ShortText


class FeeView(msgspec.Struct):
    id: uuid.UUID
    kind: str
    amount_vnd: int
    receipt: str | None
    group: str | None
    taken_at: datetime
    taken_back_at: datetime | None
    taken_back_because: str | None

    @classmethod
    def of(cls, row: FeeRow) -> "FeeView":
        return cls(
            id=row.id,
            kind=row.purse,
            amount_vnd=row.amount_vnd,
            receipt=row.receipt or None,
            group=row.exemption or None,
            taken_at=local(row.taken_at),
            taken_back_at=local(row.voided_at) if row.voided_at else None,
            taken_back_because=row.void_because or None,
        )


class FeeList(msgspec.Struct):
    """`paid` are the sums by kind, without what was taken back. In đồng."""

    items: list[FeeView]
    paid: dict[str, int]

    @classmethod
    def of(cls, rows: Sequence[FeeRow]) -> "FeeList":
        paid = {purse.value: 0 for purse in Purse}
        for row in rows:
            paid[row.purse] += 0 if row.voided_at else row.amount_vnd
        return cls([FeeView.of(row) for row in rows], paid)


@get(
    "/v1/staff/dossiers/{number:str}/fees",
    operation_id="listDossierFees",
    summary="What was paid for a dossier at the counter",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DossierNotFound),
)
async def list_fees(number: FromPath[str], principal: NamedDependency[Principal]) -> FeeList:
    """The oldest first; what was taken back stays to be read."""
    file = await dossiers.at_centre(known_number(number), centre_id=principal.centre)
    return FeeList.of(await counter.of_dossier(file.dossier.id))


@post(
    "/v1/staff/dossiers/{number:str}/fees",
    operation_id="takeDossierFee",
    summary="A fee is paid at the counter",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=201,
    responses=problems(DossierNotFound, ReceiptReused),
)
async def take_fee(
    number: FromPath[str],
    data: JSONBody[FeeRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[FeeView]:
    """The receipt's number stands for this payment from here on, at this centre, ever."""
    return await once_required(
        FeeView.of,
        counter.take_fee(
            number=known_number(number),
            centre_id=principal.centre,
            purse=Purse(data.kind),
            amount_vnd=data.amount_vnd,
            receipt=data.receipt,
            now=now,
        ),
        status=201,
    )


@post(
    "/v1/staff/dossiers/{number:str}/fee-waivers",
    operation_id="waiveDossierFee",
    summary="The applicant shows that they do not pay",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=201,
    responses=problems(DossierNotFound, GroupUnknown),
)
async def waive_fee(
    number: FromPath[str],
    data: JSONBody[FeeWaiver],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[FeeView]:
    """A line without money, so that it is known why nothing was taken."""
    return await once_required(
        FeeView.of,
        counter.waive_fee(
            number=known_number(number),
            centre_id=principal.centre,
            purse=Purse(data.kind),
            group=data.group,
            now=now,
        ),
        status=201,
    )


@post(
    "/v1/staff/dossiers/{number:str}/fees/{fee_id:uuid}/take-back",
    operation_id="takeBackDossierFee",
    summary="A fee was a mistake, or was given back",
    tags=["staff"],
    opt=open_to(*LEADERS),
    status_code=200,
    responses=problems(DossierNotFound, FeeNotFound, FeeTakenBack),
)
async def take_back(
    number: FromPath[str],
    fee_id: FromPath[uuid.UUID],
    data: JSONBody[TakeBackRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[FeeView]:
    """The line and its reason stay; its receipt number is spent."""
    return await once_required(
        FeeView.of,
        counter.take_back(
            number=known_number(number),
            centre_id=principal.centre,
            fee_id=fee_id,
            because=data.reason,
            now=now,
        ),
    )


counter_fees_router: Final = Router(path="/", route_handlers=[list_fees, take_fee, waive_fee, take_back])
