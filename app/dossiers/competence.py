"""Who decides a dossier (thẩm quyền giải quyết) that may be handed in anywhere in the province.

Since 1 July 2025 a person hands in at whichever centre they like, whatever their residence (tiếp nhận không
phụ thuộc địa giới hành chính, Decree 118/2025/NĐ-CP); what needs a look at the place is handed in where it
is decided (plan, task V.1). Both stand in the catalogue, version by version.
"""

import uuid
from datetime import date
from typing import NamedTuple

from app.centres import queries as centres
from app.centres.queries import CentreRow, UnitRow
from app.dossiers.errors import (
    CommuneNeeded,
    CompetentCentreUnknown,
    OnlyWhereDecided,
    SiteInspectionNeeded,
)
from app.procedures.queries import ProcedureRow

COMMUNE = "commune"


class Competence(NamedTuple):
    """Who decides, when that is not who receives; and the commune the matter is of, when it was said."""

    centre_id: uuid.UUID | None
    unit: UnitRow | None


async def competence(
    receiving: CentreRow, procedure: ProcedureRow, *, commune: str | None, on: date
) -> Competence:
    """Who decides a dossier received here on the day; `commune` is the official code of that day.

    The level that decides is the procedure's of the day. Without a commune it is that of the centre; the
    province's centre belongs to none, and has to be told one.

    Raises `CommuneUnknown`, `CommuneNeeded`, `CompetentCentreUnknown`; `SiteInspectionNeeded` and
    `OnlyWhereDecided` where it cannot be handed in here.
    """
    unit = None if commune is None else await centres.commune_on(commune, on=on)
    if unit is None and receiving.tier == procedure.level:
        return Competence(None, None)
    place = unit or await centres.any_unit(receiving.unit_id)
    deciding = None if place is None else await centres.centre_above(place, tier=procedure.level, on=on)
    if deciding is None and unit is None and procedure.level == COMMUNE:
        raise CommuneNeeded
    if deciding is not None and deciding.id == receiving.id:
        return Competence(None, unit)
    if not procedure.receive_anywhere:
        refusal = SiteInspectionNeeded if procedure.site_inspection else OnlyWhereDecided
        raise refusal(**_told(deciding))
    if deciding is None:
        raise CompetentCentreUnknown
    return Competence(deciding.id, unit)


def _told(deciding: CentreRow | None) -> dict[str, object]:
    if deciding is None:
        return {
            "competent_centre_id": None,
            "name_vi": "xã, phường của người nộp",
            "name_en": "their commune",
        }
    return {
        "competent_centre_id": deciding.id,
        "name_vi": deciding.name_vi,
        "name_en": deciding.name_en,
    }
