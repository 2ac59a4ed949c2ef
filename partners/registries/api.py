"""What an officer reads of a dossier's look-ups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.clock import local
from app.dossiers import queries as dossiers
from app.dossiers.api import known_number
from app.dossiers.errors import DossierNotFound
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from partners.registries import checks
from partners.registries.checks import CheckRow


class RegistryCheckView(msgspec.Struct):
    """`verdict` is null while the registry owes its answer."""

    registry: str
    verdict: str | None
    owed_at: datetime
    answered_at: datetime | None

    @classmethod
    def of(cls, row: CheckRow) -> "RegistryCheckView":
        answered = None if row.answered_at is None else local(row.answered_at)
        return cls(row.registry, row.verdict, local(row.owed_at), answered)


class RegistryChecks(msgspec.Struct):
    items: Sequence[RegistryCheckView]


@get(
    "/v1/staff/dossiers/{number:str}/registry-checks",
    operation_id="listRegistryChecks",
    summary="What registries said of a dossier's applicant",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    responses=problems(DossierNotFound),
)
async def list_registry_checks(
    number: FromPath[str], principal: NamedDependency[Principal]
) -> RegistryChecks:
    """The verdicts only: what a registry answered is not kept. A mismatch decides nothing by itself."""
    file = await dossiers.at_centre(known_number(number), centre_id=principal.centre)
    return RegistryChecks(
        [RegistryCheckView.of(row) for row in await checks.of_dossier(file.dossier.number)]
    )


registries_router: Final = Router(path="/", route_handlers=[list_registry_checks])
