"""What a form is printed from, as it stands at the moment of printing."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from app.centres import queries as centres
from app.centres.queries import CentreRow
from app.core.clock import local_date
from app.custody import queries as custody
from app.custody.queries import ChainLink
from app.dossiers import records
from app.dossiers.queries import DossierRow
from app.dossiers.records import ComponentRow, TrailRow
from app.procedures import queries as procedures
from app.procedures.queries import ProcedureRow
from app.staff import queries as staff


class Record(NamedTuple):
    """One dossier with everything a form may say of it; `officers` are names by id.

    `centre` received it, `competent` decides it; `places` are their units' names by the centre's id.
    """

    dossier: DossierRow
    centre: CentreRow
    competent: CentreRow
    places: dict[uuid.UUID, str]
    procedure: ProcedureRow | None
    components: Sequence[ComponentRow]
    trail: Sequence[TrailRow]
    hands: Sequence[ChainLink]
    officers: dict[str, str]
    citizen_number: str | None
    line: int | None

    @property
    def was_accepted(self) -> bool:
        """What was only registered, or was refused, has been promised nothing."""
        return self.dossier.due_at is not None

    @property
    def accepted_on(self) -> date:
        return local_date(self.dossier.accepted_at)

    @property
    def procedure_name(self) -> str:
        return self.dossier.procedure_code if self.procedure is None else self.procedure.name_vi


async def record_of(dossier: DossierRow, *, decided_by: Sequence[str] = ()) -> Record:
    """Everything about it; the parts agree while the dossier is kept still.

    `decided_by` are officers' ids to be named besides those of its trail.
    """
    accepted_on = local_date(dossier.accepted_at)
    centre = await centres.any_centre(dossier.centre_id)
    competent = await centres.any_centre(dossier.processed_at)
    trail = await records.trail(dossier.id)
    hands = [] if dossier.package_id is None else await custody.chain(dossier.package_id)
    return Record(
        dossier=dossier,
        centre=centre,
        competent=competent,
        places={row.id: await _place(row) for row in (centre, competent)},
        procedure=await procedures.by_code(dossier.procedure_code, on=accepted_on),
        components=await records.components(dossier.id),
        trail=trail,
        hands=hands,
        officers=await _names(
            {
                *decided_by,
                *(step.actor_id for step in trail if step.actor_kind == "officer"),
                *(link.receiver_id for link in hands if link.receiver_kind == "officer"),
            }
        ),
        citizen_number=await records.citizen_number(dossier.id),
        line=await records.register_line(dossier.id, centre_id=dossier.centre_id, day=accepted_on),
    )


async def _place(centre: CentreRow) -> str:
    unit = await centres.any_unit(centre.unit_id)
    return "" if unit is None else unit.name_vi


async def _names(officer_ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for officer_id in sorted(officer_ids):
        row = await staff.officer(uuid.UUID(officer_id))
        if row is not None:
            found[officer_id] = row.name
    return found
