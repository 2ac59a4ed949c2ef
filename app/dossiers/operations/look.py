"""Look for papers somebody need not hand in again, before they are asked for."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.operation import operation
from app.dossiers.components import citizen_index
from app.dossiers.operations.accept import source_of
from app.dossiers.reuse import Person, Proposal, proposals
from app.procedures import queries as procedures
from app.procedures.errors import ProcedureNotFound
from app.procedures.queries import ProcedureRow


class Found(NamedTuple):
    """The procedure as it stands today, and what is there already."""

    procedure: ProcedureRow
    proposals: Sequence[Proposal]


@operation
async def look_for_papers(
    *,
    centre_id: uuid.UUID,
    procedure_code: str,
    ticket_id: uuid.UUID | None,
    seal: str | None,
    citizen_number: str | None,
    now: datetime,
) -> Found:
    """Of the person being served or whose package came; that somebody looked is a line of the journal.

    Raises `ProcedureNotFound`, `DossierSourceMissing`, `CitizenNumberNotAccepted`, and whatever makes the
    ticket or the package unusable: nobody is looked up who is not there.
    """
    procedure = await procedures.by_code(procedure_code, on=local_date(now))
    if procedure is None:
        raise ProcedureNotFound
    source = await source_of(centre_id, ticket_id, seal)
    person = Person(source.owner(source.tax_code), citizen_index(citizen_number))
    found = await proposals(procedure, person, now=now)
    await journal.write(
        "papers.looked_for",
        object_kind="ticket" if source.ticket_id else "package",
        object_id=source.ticket_id or source.package_id or "",
        at=now,
        detail={"procedure": procedure.code, "found": len(found)},
    )
    return Found(procedure, found)
