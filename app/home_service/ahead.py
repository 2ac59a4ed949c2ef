"""What is still ahead of a courier on a day: joined by whatever is told or concluded of them."""

import uuid
from collections.abc import Sequence
from datetime import date

from app.core.database import in_transaction
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import CARRIED, TO_REACH, Kind, State
from app.rounds.trouble import Ahead


def ahead_of(visits: Sequence[HomeVisitRow]) -> Ahead:
    """The visits by what can be done about them; a package stays with its custodian."""
    deliveries = [visit for visit in visits if visit.kind == Kind.DELIVERY]
    carried = {visit.id for visit in deliveries if State(visit.state) in CARRIED}
    return Ahead(
        to_reach=[v.id for v in visits if State(v.state) in TO_REACH and v.id not in carried],
        carried=sorted(carried),
        ends={visit.id: visit.ends_at for visit in visits},
    )


async def visits_of(courier_id: uuid.UUID, day: date) -> list[HomeVisitRow]:
    """The visits in the courier's rounds of a day that are not done, locked by id before the day is."""
    columns = ", ".join(f"v.{name}" for name in COLUMNS.split(", "))
    rows = await in_transaction().fetch(
        f"SELECT {columns} FROM duty JOIN round_stop s ON s.duty_id = duty.id"
        " JOIN home_visit v ON v.id = s.home_visit_id"
        " WHERE duty.courier_id = $1 AND duty.date = $2 AND s.lock <> 'done'"
        " ORDER BY v.id FOR UPDATE OF v",
        courier_id,
        day,
    )
    return [HomeVisitRow(*row) for row in rows]
