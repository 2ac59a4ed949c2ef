"""What the operations on home visits share."""

import uuid
from datetime import datetime
from typing import Final

from app.centres import queries as centres
from app.core import journal, outbox
from app.core.database import in_transaction
from app.home_service import windows
from app.home_service.errors import HomeVisitNotFound
from app.home_service.events import HomeVisitAssigned, HomeVisitFact
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import Kind, State
from app.home_service.windows import Place
from app.rounds import live
from app.rounds import queries as rounds
from app.rounds import steps as round_steps
from app.rounds.blocks import Lock
from app.rounds.day import Asked, Day

# What a state says of the stop in its round: on the way to it, or done with it.
PROGRESS: Final = {
    (Kind.COLLECTION, State.EN_ROUTE): Lock.POSITION,
    (Kind.COLLECTION, State.SEALED): Lock.DONE,
    (Kind.COLLECTION, State.FAILED): Lock.DONE,
    (Kind.DELIVERY, State.EN_ROUTE): Lock.POSITION,
    (Kind.DELIVERY, State.DELIVERED): Lock.DONE,
    (Kind.DELIVERY, State.ATTEMPT_FAILED): Lock.DONE,
    (Kind.ASSISTED_ONLINE, State.EN_ROUTE): Lock.POSITION,
    (Kind.ASSISTED_ONLINE, State.SUBMITTED): Lock.DONE,
    (Kind.ASSISTED_ONLINE, State.FAILED): Lock.DONE,
}


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


async def visits_of_duty(duty_id: uuid.UUID) -> list[HomeVisitRow]:
    """The visits of a round, locked by id."""
    columns = ", ".join(f"v.{name}" for name in COLUMNS.split(", "))
    rows = await in_transaction().fetch(
        f"SELECT {columns} FROM round_stop s JOIN home_visit v ON v.id = s.home_visit_id"
        " WHERE s.duty_id = $1 ORDER BY v.id FOR UPDATE OF v",
        duty_id,
    )
    return [HomeVisitRow(*row) for row in rows]


async def set_state(visit: HomeVisitRow, state: State) -> HomeVisitRow:
    """Where the visit stands; a courier under way or done with a door is known to the round as well."""
    row = await in_transaction().fetchrow(
        f"UPDATE home_visit SET state = $2, version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        visit.id,
        state.value,
    )
    lock = PROGRESS.get((Kind(visit.kind), state))
    if lock is not None:
        await round_steps.note_progress(visit.id, lock)
    return HomeVisitRow(*row)


async def place_of(visit: HomeVisitRow, *, now: datetime) -> Place:
    """Where its door is. A zone may have ended since: then its pool's own commune is asked for."""
    found = await windows.place_of(visit.lat, visit.lon, commune=visit.commune, now=now)
    if found is not None:
        return found
    zone = await centres.pool(visit.pool_id)
    assert zone is not None, "pools are never taken away"
    return Place(zone, visit.commune, visit.lat, visit.lon)


async def put_into_round(
    visit: HomeVisitRow, day: Day, asked: Asked, *, because: str, now: datetime
) -> Day | None:
    """Prove the visit's window in the rounds of its day, which the caller has locked, and write it there
    with all it rests on; None when no round can keep it. Whose round is told, is told of the visit too.
    """
    window = (visit.starts_at, visit.ends_at)
    placed = day.placed(day.stop_row(visit.id, asked, *window))
    if placed is None:
        return None
    made = await live.add(placed, now=now)
    await live.record_promise(made, placed, window, because=because, now=now)
    return made


async def name_courier(visit: HomeVisitRow, *, now: datetime) -> HomeVisitRow:
    """The visit is the courier's in whose round it is, once that round is told; until then nobody's."""
    courier = await round_steps.courier_told(visit.id)
    if courier is None:
        row = await in_transaction().fetchrow(
            "UPDATE home_visit SET courier_id = NULL, state = $2, version = version + 1"
            f" WHERE id = $1 AND courier_id IS NOT NULL RETURNING {COLUMNS}",
            visit.id,
            State.CONFIRMED.value,
        )
        return visit if row is None else HomeVisitRow(*row)
    if visit.courier_id == courier.id and visit.state != State.CONFIRMED:
        return visit
    await round_steps.assign(
        visit.id,
        courier.id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        lat=visit.lat,
        lon=visit.lon,
    )
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


async def tell(
    kind: type[HomeVisitFact], visit: HomeVisitRow, *, now: datetime, **particulars: uuid.UUID
) -> None:
    """The fact, naming the partner whose courier it is, and the journal line; `particulars` are its own."""
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
            **particulars,
        )
    )
    await journal.write(kind.kind, object_kind="home_visit", object_id=visit.id, at=now)
