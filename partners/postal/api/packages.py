"""Packages in the partner's own hands: many at once, and a seal that is replaced."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.errors import Refusal
from app.custody import queries as packages
from app.custody.errors import (
    NotTheCustodian,
    PackageClosed,
    PackageNotFound,
    PackageQuarantined,
    SameParty,
    SealUsed,
)
from app.custody.steps import Party
from app.home_service import operations
from app.home_service.facts import Seal
from app.http.access import open_to
from app.http.body import Moment
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.rounds.errors import CourierNotFound
from partners.postal import scopes
from partners.postal.api.events import CustodyView, PartyInput, party, two_parties

MOST_BAGS: Final = 200


class ToteRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`broken` names the bags of the tote whose seals were found broken."""

    seals: Annotated[list[Seal], msgspec.Meta(min_length=1, max_length=MOST_BAGS)]
    giver: PartyInput
    receiver: PartyInput
    occurred_at: Moment
    broken: Annotated[list[Seal], msgspec.Meta(max_length=MOST_BAGS)] = []


class BagResult(msgspec.Struct, omit_defaults=True):
    """`handed_over`, `duplicate` when it had been, or `rejected` with a stable code."""

    seal: str
    outcome: str
    reason: str | None = None


class ToteResult(msgspec.Struct):
    results: list[BagResult]


class ResealRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Who has the bag, and who else saw it done."""

    new_seal: Seal
    holder: PartyInput
    witness: PartyInput
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
    occurred_at: Moment


@post(
    "/v1/partner/handovers",
    operation_id="handOverTote",
    summary="A tote of packages changes hands",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.CUSTODY_WRITE),
    status_code=200,
    responses=problems(PackageNotFound, CourierNotFound),
)
async def hand_over_tote(
    data: JSONBody[ToteRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[ToteResult]:
    """One change of hands per bag, each by itself: all of them, or the answer names those that stayed."""
    giver, receiver = await two_parties(data.giver, data.receiver, principal.id)
    return await once_required.alone(ToteResult, lambda: _each(data, giver, receiver, now))


async def _each(data: ToteRequest, giver: Party, receiver: Party, now: datetime) -> list[BagResult]:
    return [await _hand(seal, data, giver, receiver, now) for seal in dict.fromkeys(data.seals)]


async def _hand(seal: str, data: ToteRequest, giver: Party, receiver: Party, now: datetime) -> BagResult:
    try:
        await operations.hand_over(
            seal_number=seal,
            giver=giver,
            receiver=receiver,
            seal_state="broken" if seal in data.broken else "intact",
            occurred_at=data.occurred_at,
            now=now,
        )
    except NotTheCustodian as refusal:
        if await _was_handed(seal, giver, receiver, data.occurred_at):
            return BagResult(seal, "duplicate")
        return BagResult(seal, "rejected", refusal.code)
    except Refusal as refusal:
        return BagResult(seal, "rejected", refusal.code)
    return BagResult(seal, "handed_over")


async def _was_handed(seal: str, giver: Party, receiver: Party, at: datetime) -> bool:
    """A tote whose answer was lost is sent again: what it had moved is not refused."""
    last = (await packages.chain((await packages.by_seal(seal)).id))[-1]
    hands = (last.giver_kind, last.giver_id), (last.receiver_kind, last.receiver_id)
    return (*hands, last.occurred_at) == (giver, receiver, at)


@post(
    "/v1/partner/packages/{seal:str}/reseal",
    operation_id="resealPackage",
    summary="A seal is replaced",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.CUSTODY_WRITE),
    status_code=201,
    responses=problems(
        PackageNotFound,
        NotTheCustodian,
        SameParty,
        SealUsed,
        PackageQuarantined,
        PackageClosed,
        CourierNotFound,
    ),
)
async def reseal_package(
    seal: FromPath[str],
    data: JSONBody[ResealRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[CustodyView]:
    """The old number is closed for ever; the papers go on under the new one, which names the old."""
    return await once_required(
        CustodyView.of,
        operations.reseal(
            seal_number=seal,
            new_seal_number=data.new_seal,
            holder=await party(data.holder, principal.id),
            witness=await party(data.witness, principal.id),
            reason=data.reason.strip(),
            occurred_at=data.occurred_at,
            now=now,
        ),
        status=201,
    )


package_handlers: Final[list[Any]] = [hand_over_tote, reseal_package]
