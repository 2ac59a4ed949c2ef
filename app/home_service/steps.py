"""What the operations on home visits share."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from app.core import journal, outbox
from app.core.clock import local
from app.core.database import in_transaction
from app.home_service.errors import HomeVisitNotFound
from app.home_service.events import HomeVisitAssigned, HomeVisitFact
from app.home_service.queries import COLUMNS, HomeVisitRow, windows
from app.home_service.states import Kind, State
from app.rounds import queries as rounds
from app.rounds import steps as round_steps

ALTERNATIVES: Final = 5
ALTERNATIVE_DAYS: Final = timedelta(days=7)


async def locked(home_visit_id: uuid.UUID, *, citizen_id: uuid.UUID | None = None) -> HomeVisitRow:
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM home_visit WHERE id = $1"
        " AND ($2::uuid IS NULL OR citizen_id = $2) FOR UPDATE",
        home_visit_id,
        citizen_id,
    )
    if row is None:
        raise HomeVisitNotFound
    return HomeVisitRow(*row)


async def set_state(visit: HomeVisitRow, state: State) -> HomeVisitRow:
    row = await in_transaction().fetchrow(
        f"UPDATE home_visit SET state = $2, version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        visit.id,
        state.value,
    )
    return HomeVisitRow(*row)


async def give_to_courier(visit: HomeVisitRow, *, now: datetime) -> HomeVisitRow:
    """Assign the nearest able courier who did not decline it; without one the visit stays confirmed,
    names nobody, and somebody must look.
    """
    declined = await round_steps.who_declined(visit.id)
    courier = await round_steps.assign(visit.id, visit.wanted(), not_to=declined)
    if courier is None:
        await in_transaction().execute("UPDATE home_visit SET courier_id = NULL WHERE id = $1", visit.id)
        await journal.write(
            "home_visit.without_courier", object_kind="home_visit", object_id=visit.id, at=now
        )
        return visit._replace(courier_id=None)
    row = await in_transaction().fetchrow(
        "UPDATE home_visit SET state = $2, courier_id = $3, version = version + 1 WHERE id = $1"
        f" RETURNING {COLUMNS}",
        visit.id,
        State.ASSIGNED.value,
        courier.id,
    )
    visit = HomeVisitRow(*row)
    await tell(HomeVisitAssigned, visit, now=now)
    return visit


async def tell(kind: type[HomeVisitFact], visit: HomeVisitRow, *, now: datetime) -> None:
    """The fact, naming the partner whose courier it is, and the journal line."""
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    await outbox.record(
        kind(
            occurred_at=now,
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            visit_kind=visit.kind,
            version=visit.version,
            partner_id=courier.partner_id if courier else None,
            courier_id=visit.courier_id,
        )
    )
    await journal.write(kind.kind, object_kind="home_visit", object_id=visit.id, at=now)


async def alternatives(
    kind: Kind, procedure_code: str, *, lat: float, lon: float, commune: str, now: datetime
) -> list[dict[str, str]]:
    """Windows that can still be kept at this address, for whoever just missed one."""
    found = await windows(
        kind=kind,
        procedure_code=procedure_code,
        lat=lat,
        lon=lon,
        commune=commune,
        start=now,
        end=now + ALTERNATIVE_DAYS,
        now=now,
    )
    return [
        {
            "id": str(slot.id),
            "starts_at": local(slot.starts_at).isoformat(),
            "ends_at": local(slot.ends_at).isoformat(),
        }
        for slot in found.windows[:ALTERNATIVES]
    ]
