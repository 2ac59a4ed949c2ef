"""The commune of a dossier over HTTP: what it was called, which one it is now, and who says so."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.centres.units_api import UnitView
from app.core.clock import local, local_date
from app.dossiers import operations, queries, residence
from app.dossiers.api import OFFICERS, known_number
from app.dossiers.errors import CommuneNotACandidate, DossierNotFound, ResidenceUnknown
from app.dossiers.residence import Residence
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems


class ResidenceView(msgspec.Struct):
    """`then` stays, with what it belonged to. Without a `now`, one of the `candidates` is asked for."""

    address: str
    then: UnitView
    belonged_to: list[UnitView]
    now: UnitView | None
    candidates: list[UnitView]
    answered_at: datetime | None

    @classmethod
    def of(cls, row: Residence) -> "ResidenceView":
        return cls(
            address=row.address,
            then=UnitView.of(row.then),
            belonged_to=[UnitView.of(unit) for unit in row.belonged_to],
            now=None if row.now is None else UnitView.of(row.now),
            candidates=[UnitView.of(unit) for unit in row.candidates],
            answered_at=None if row.answered_at is None else local(row.answered_at),
        )


class ResidenceAnswer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The code of the commune it is today."""

    commune: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,5}$", max_length=5)]


REFUSALS: Final = (DossierNotFound, ResidenceUnknown)
NO_STORE: Final = {"Cache-Control": "no-store"}


@get(
    "/v1/staff/dossiers/{number:str}/residence",
    operation_id="getResidence",
    summary="The commune of a dossier, then and now",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(*REFUSALS),
)
async def get_residence(
    number: FromPath[str], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[ResidenceView]:
    """Also of a centre that has ended, where the people of its communes are now."""
    today = local_date(now)
    dossier = await residence.at_centre(known_number(number), centre_id=principal.centre, on=today)
    found = await residence.of_dossier(dossier.id, on=today)
    return Response(ResidenceView.of(found), headers=NO_STORE)


@post(
    "/v1/staff/dossiers/{number:str}/residence",
    operation_id="settleResidence",
    summary="Say which commune it is now",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(*REFUSALS, CommuneNotACandidate),
)
async def settle_residence(
    number: FromPath[str],
    data: JSONBody[ResidenceAnswer],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ResidenceView]:
    """As the applicant says. The old unit stays, and so do the figures of its year."""
    dossier = await residence.at_centre(
        known_number(number), centre_id=principal.centre, on=local_date(now)
    )
    return await once(
        ResidenceView.of,
        operations.settle_residence(dossier=dossier, commune=data.commune, now=now),
    )


@get(
    "/v1/dossiers/{number:str}/residence",
    operation_id="getMyResidence",
    summary="The commune of one of my dossiers, then and now",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(*REFUSALS),
)
async def get_my_residence(
    number: FromPath[str], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[ResidenceView]:
    """Where a commune was divided, I am asked which part is mine."""
    file = await queries.of_citizen(known_number(number), citizen_id=principal.id, on=local_date(now))
    found = await residence.of_dossier(file.dossier.id, on=local_date(now))
    return Response(ResidenceView.of(found), headers=NO_STORE)


@post(
    "/v1/dossiers/{number:str}/residence",
    operation_id="settleMyResidence",
    summary="Say which commune is mine now",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(*REFUSALS, CommuneNotACandidate),
)
async def settle_my_residence(
    number: FromPath[str],
    data: JSONBody[ResidenceAnswer],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ResidenceView]:
    """The old unit stays beside it."""
    file = await queries.of_citizen(known_number(number), citizen_id=principal.id, on=local_date(now))
    return await once(
        ResidenceView.of,
        operations.settle_residence(dossier=file.dossier, commune=data.commune, now=now),
    )


residence_router: Final = Router(
    path="/",
    route_handlers=[get_residence, settle_residence, get_my_residence, settle_my_residence],
)
