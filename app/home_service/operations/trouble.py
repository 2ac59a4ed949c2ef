"""A courier in trouble: who comes instead, who is told, and whose promise nobody can keep any more."""

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.reassigning import CARRIED, TO_REACH, Dispatched, tell_whom_it_concerns
from app.home_service.states import Kind, State
from app.rounds import queries as rounds
from app.rounds import trouble
from app.rounds.errors import TroubleNotValid
from app.rounds.trouble import Ahead


class Trouble(StrEnum):
    """What can happen to a courier in the course of a day (trễ, vắng, hỏng xe)."""

    LATE = "late"
    ABSENT = "absent"
    VEHICLE = "vehicle"


@operation
async def report_trouble(
    *,
    partner_id: uuid.UUID,
    courier: str,
    day: date,
    kind: Trouble,
    minutes: int | None,
    occurred_at: datetime,
    now: datetime,
) -> Dispatched:
    """Find another round for every promise the courier can no longer keep, and tell whom it concerns.

    A package stays with its custodian: a delivery whose package is on the round is at risk until it has
    changed hands. Raises `CourierNotFound`, `RunNotFound` or `TroubleNotValid`.
    """
    if (kind is Trouble.LATE) != (minutes is not None):
        raise TroubleNotValid
    if minutes is not None and not 0 < minutes * 60 <= trouble.LATEST.total_seconds():
        raise TroubleNotValid
    row = await rounds.courier(partner_id, courier)
    visits = await _visits(row.id, day)
    ahead = _ahead(visits)
    if minutes is not None:
        shaken = await trouble.delay(
            row.id, day, ahead, by=timedelta(minutes=minutes), at=occurred_at, now=now
        )
    else:
        shaken = await trouble.withdraw(row.id, day, ahead, because=f"courier_{kind}", now=now)
    await journal.write(
        f"courier.{kind}",
        object_kind="courier",
        object_id=row.id,
        at=now,
        detail={"day": str(day), "minutes": minutes},
    )
    return await tell_whom_it_concerns(shaken, because=f"courier_{kind}", now=now)


def _ahead(visits: list[HomeVisitRow]) -> Ahead:
    deliveries = [visit for visit in visits if visit.kind == Kind.DELIVERY]
    carried = {visit.id for visit in deliveries if State(visit.state) in CARRIED}
    return Ahead(
        to_reach=[v.id for v in visits if State(v.state) in TO_REACH and v.id not in carried],
        carried=sorted(carried),
        ends={visit.id: visit.ends_at for visit in visits},
    )


async def _visits(courier_id: uuid.UUID, day: date) -> list[HomeVisitRow]:
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
