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
    """One dossier with everything a form may say of it; `officers` are names by id."""

    dossier: DossierRow
    centre: CentreRow
    place: str
    procedure: ProcedureRow | None
    components: Sequence[ComponentRow]
    trail: Sequence[TrailRow]
    hands: Sequence[ChainLink]
    officers: dict[str, str]
    citizen_number: str | None
    line: int

    @property
    def accepted_on(self) -> date:
        return local_date(self.dossier.accepted_at)

    @property
    def procedure_name(self) -> str:
        return self.dossier.procedure_code if self.procedure is None else self.procedure.name_vi


async def record_of(dossier: DossierRow) -> Record:
    """Everything about it; the parts agree while the dossier is kept still."""
    accepted_on = local_date(dossier.accepted_at)
    centre = await centres.any_centre(dossier.centre_id)
    unit = await centres.any_unit(centre.unit_id)
    trail = await records.trail(dossier.id)
    hands = [] if dossier.package_id is None else await custody.chain(dossier.package_id)
    return Record(
        dossier=dossier,
        centre=centre,
        place="" if unit is None else unit.name_vi,
        procedure=await procedures.by_code(dossier.procedure_code, on=accepted_on),
        components=await records.components(dossier.id),
        trail=trail,
        hands=hands,
        officers=await _names({step.actor_id for step in trail if step.actor_kind == "officer"}),
        citizen_number=await records.citizen_number(dossier.id),
        line=await records.register_line(dossier.id, centre_id=dossier.centre_id, day=accepted_on),
    )


async def _names(officer_ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for officer_id in sorted(officer_ids):
        row = await staff.officer(uuid.UUID(officer_id))
        if row is not None:
            found[officer_id] = row.name
    return found
