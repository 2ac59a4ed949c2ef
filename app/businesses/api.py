"""Delegations over HTTP: of the caller, by a representative, and at the counter."""

import uuid
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from app.businesses import operations, queries
from app.businesses.errors import (
    BusinessNotFound,
    DelegationNotFound,
    DelegationNotValid,
    DelegationOverlap,
    RepresentativeNotToBeRevoked,
    TaxCodeCheckDigit,
    TaxCodeNotAccepted,
    TaxCodeOfPerson,
)
from app.businesses.rules import Role, business_code
from app.businesses.views import (
    LONGEST_TAX_CODE,
    DelegationList,
    DelegationView,
    GrantRequest,
    RegisterRequest,
    RevokeRequest,
    one_line,
    page,
    phone_of,
    version_of,
)
from app.core.clock import local_date
from app.core.errors import Invalid
from app.http.access import open_to
from app.http.lists import Cursor, Limit, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.identity.errors import PhoneNotAccepted

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
TAX_CODE_REFUSALS: Final = (TaxCodeNotAccepted, TaxCodeCheckDigit, TaxCodeOfPerson)


OfBusiness = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=LONGEST_TAX_CODE, description="The tax code of a business I act for."
    ),
]


async def business_acted_for(tax_code: str, *, principal: Principal, now: datetime) -> str:
    """The code as stored, when the caller acts for the business today.

    Raises `BusinessNotFound`, and what `business_code` raises.
    """
    code = business_code(tax_code)
    if not await queries.acts_for(principal.id, code, on=local_date(now)):
        raise BusinessNotFound
    return code


def _known(raw: str) -> str:
    """A spelling that cannot be a business's tax code names no business."""
    try:
        return business_code(raw)
    except Invalid:
        raise BusinessNotFound from None


@get(
    "/v1/me/delegations",
    operation_id="listMyDelegations",
    summary="The businesses I act for",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
)
async def list_mine(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DelegationList]:
    """Latest first, also those that are over; by those with status `current` I act today."""
    before = position_of(cursor, uuid.UUID)
    rows = await queries.of_person(principal.id, before=before, limit=limit + 1)
    return page(request, rows, limit=limit, now=now)


@get(
    "/v1/me/businesses/{tax_code:str}/delegations",
    operation_id="listDelegationsOfMyBusiness",
    summary="Who acts for a business I represent",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(BusinessNotFound),
)
async def list_of_business(
    request: MotcuaRequest,
    tax_code: FromPath[str],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DelegationList]:
    """For its representatives: everybody who may act for it or might, latest first."""
    code, today = _known(tax_code), local_date(now)
    if not await queries.acts_for(principal.id, code, on=today, role=Role.REPRESENTATIVE):
        raise BusinessNotFound
    rows = await queries.of_business(code, before=position_of(cursor, uuid.UUID), limit=limit + 1)
    return page(request, rows, limit=limit, now=now)


@post(
    "/v1/me/businesses/{tax_code:str}/delegations",
    operation_id="grantDelegation",
    summary="Let somebody act for a business I represent",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=201,
    responses=problems(BusinessNotFound, DelegationNotValid, DelegationOverlap, PhoneNotAccepted),
)
async def grant(
    tax_code: FromPath[str],
    data: JSONBody[GrantRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[DelegationView]:
    """The holder of the phone books for it and sees what it has, on those days, until it is revoked."""
    return await once_required(
        partial(DelegationView.of, now=now),
        operations.grant(
            tax_code=_known(tax_code),
            representative_id=principal.id,
            phone=phone_of(data.phone),
            period=data.period(),
            now=now,
        ),
        status=201,
        etag=version_of,
    )


@post(
    "/v1/me/delegations/{delegation_id:uuid}/revoke",
    operation_id="revokeDelegation",
    summary="End a delegation",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(DelegationNotFound, RepresentativeNotToBeRevoked),
)
async def revoke(
    delegation_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DelegationView]:
    """By a representative of the business or by the delegate, at once; a second one changes nothing."""
    return await once(
        partial(DelegationView.of, now=now),
        operations.revoke(delegation_id=delegation_id, citizen_id=principal.id, now=now),
        etag=version_of,
    )


@post(
    "/v1/staff/delegations",
    operation_id="registerDelegation",
    summary="Note who represents a business, from its papers",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=201,
    responses=problems(*TAX_CODE_REFUSALS, DelegationNotValid, DelegationOverlap, PhoneNotAccepted),
)
async def register(
    data: JSONBody[RegisterRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[DelegationView]:
    """What the officer saw on the paper named: its legal representative, or somebody it delegated."""
    return await once_required(
        partial(DelegationView.of, now=now),
        operations.register(
            tax_code=business_code(data.tax_code),
            name=one_line("name", data.name),
            phone=phone_of(data.phone),
            role=Role(data.role),
            reference=one_line("reference", data.reference),
            period=data.period(),
            centre_id=principal.centre,
            now=now,
        ),
        status=201,
        etag=version_of,
    )


@get(
    "/v1/staff/delegations",
    operation_id="listDelegationsOfBusiness",
    summary="Who acts for a business",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(*TAX_CODE_REFUSALS),
)
async def list_at_counter(
    request: MotcuaRequest,
    now: NamedDependency[datetime],
    tax_code: Annotated[str, QueryParameter(min_length=1, max_length=LONGEST_TAX_CODE)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DelegationList]:
    """Latest first, whichever centre noted it; nobody's phone in full."""
    code = business_code(tax_code)
    rows = await queries.of_business(code, before=position_of(cursor, uuid.UUID), limit=limit + 1)
    return page(request, rows, limit=limit, now=now)


@post(
    "/v1/staff/delegations/{delegation_id:uuid}/revoke",
    operation_id="revokeDelegationAtCounter",
    summary="End a delegation by the papers of the business",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(DelegationNotFound, DelegationNotValid),
)
async def revoke_at_counter(
    delegation_id: FromPath[uuid.UUID],
    data: JSONBody[RevokeRequest],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DelegationView]:
    """A representative's too, when another represents the business; a second one changes nothing."""
    return await once(
        partial(DelegationView.of, now=now),
        operations.revoke_at_counter(
            delegation_id=delegation_id, because=one_line("reason", data.reason), now=now
        ),
        etag=version_of,
    )


businesses_router: Final = Router(
    path="/",
    route_handlers=[
        list_mine,
        list_of_business,
        grant,
        revoke,
        register,
        list_at_counter,
        revoke_at_counter,
    ],
)
