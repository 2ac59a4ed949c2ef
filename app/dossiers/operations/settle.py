"""Say which commune an old one is now; the old one stays beside it."""

from datetime import datetime

from app.centres import queries as centres
from app.core import journal
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.dossiers import residence
from app.dossiers.errors import CommuneNotACandidate
from app.dossiers.queries import DossierRow
from app.dossiers.residence import Residence


@operation
async def settle_residence(*, dossier: DossierRow, commune: str, now: datetime) -> Residence:
    """Answer with a commune's code of today. The same answer again changes nothing.

    Raises `ResidenceUnknown`, and `CommuneNotACandidate` for one that took over no part of the old one.
    """
    today = local_date(now)
    connection = in_transaction()
    # Two answers at once: the second sees what the first has said.
    await connection.execute("SELECT 1 FROM dossier_residence WHERE dossier_id = $1 FOR UPDATE", dossier.id)
    known = await residence.of_dossier(dossier.id, on=today)
    chosen = await centres.unit_on(commune, on=today)
    possible = await residence.possible_for(known, on=today)
    if chosen is None or chosen.id not in possible:
        raise CommuneNotACandidate
    if known.now is not None and known.now.id == chosen.id:
        return known
    await connection.execute(
        "UPDATE dossier_residence SET current_unit_id = $2, answered_at = $3, answered_by = $4"
        " WHERE dossier_id = $1",
        dossier.id,
        chosen.id,
        now,
        current_actor.get().id,
    )
    await journal.write(
        "dossier.residence_settled",
        object_kind="dossier",
        object_id=dossier.id,
        at=now,
        detail={"number": dossier.number, "unit": str(chosen.id)},
    )
    return await residence.of_dossier(dossier.id, on=today)
