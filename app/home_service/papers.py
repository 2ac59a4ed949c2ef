"""The published list a courier counts against, and who may give or take a bag beside the courier."""

import uuid
from collections.abc import Sequence
from typing import Any

from app.core.clock import local_date
from app.documents import queries as documents
from app.home_service.queries import HomeVisitRow
from app.home_service.rules import Needed
from app.identity import queries as identity
from app.procedures import queries as procedures


async def published(visit: HomeVisitRow) -> Sequence[Needed]:
    """Every paper of the visit's procedures, numbered through in their order, as tasks show them."""
    found = await procedures.by_codes(visit.procedure_codes, on=local_date(visit.starts_at))
    needed: list[Needed] = []
    for code in visit.procedure_codes:
        if code in found:
            needed += [
                Needed(
                    len(needed) + n,
                    paper.originals,
                    paper.copies,
                    required=not paper.optional and paper.reusable_from is None,
                )
                for n, paper in enumerate(found[code].papers, start=1)
            ]
    return needed


async def officer_of(visit: HomeVisitRow, named: object) -> uuid.UUID | None:
    """Who gives a result to the courier: an officer of the visit's centre, by id or by the name they
    sign in with; nobody else's word seals a result.
    """
    return await identity.officer_at(visit.centre_id, str(named))


async def is_proven(visit: HomeVisitRow, data: dict[str, Any]) -> bool:
    """The scan an authorisation names has arrived and was not rejected; a number is proof as it stands."""
    try:
        scan_id = uuid.UUID(str(data["authorisation"]))
    except ValueError:
        return True
    scans = await documents.of_home_visit(visit.id)
    return any(scan.id == scan_id and scan.state != "rejected" for scan in scans)
