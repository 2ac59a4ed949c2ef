"""A courier in trouble: who comes instead, who is told, and whose promise nobody can keep any more."""

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service import incidents
from app.home_service.events import HomeVisitAtRisk, HomeVisitReassigned
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import BEFORE_THE_DOOR, Kind, State
from app.home_service.steps import name_courier, tell
from app.rounds import queries as rounds
from app.rounds import steps as round_steps
from app.rounds import trouble
from app.rounds.errors import TroubleNotValid
from app.rounds.shifts import Shaken
from app.rounds.trouble import Ahead

# Nobody is at the door yet, and nothing has changed hands there.
TO_REACH: Final = frozenset({*BEFORE_THE_DOOR, State.EN_ROUTE})
# A delivery on the round: the package is with its courier.
CARRIED: Final = frozenset({State.SEALED, State.EN_ROUTE, State.ATTEMPT_FAILED})


class Trouble(StrEnum):
    """What can happen to a courier in the course of a day (trễ, vắng, hỏng xe)."""

    LATE = "late"
    ABSENT = "absent"
    VEHICLE = "vehicle"


class Dispatched(NamedTuple):
    """The visits somebody else comes to, and those nobody can come to in time."""

    moved: list[uuid.UUID]
    at_risk: list[uuid.UUID]


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
    return await _tell(shaken, because=f"courier_{kind}", now=now)


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


async def _tell(shaken: Shaken, *, because: str, now: datetime) -> Dispatched:
    rows = await in_transaction().fetch(
        f"SELECT {COLUMNS} FROM home_visit WHERE id = ANY($1) ORDER BY id FOR UPDATE",
        sorted({*shaken.moved, *shaken.at_risk}),
    )
    told = Dispatched([], [])
    for visit in (HomeVisitRow(*row) for row in rows):
        if visit.id in shaken.at_risk:
            if await _escalate(visit, because=because, now=now):
                told.at_risk.append(visit.id)
        else:
            await _send_another(visit, now=now)
            told.moved.append(visit.id)
    return told


async def _send_another(visit: HomeVisitRow, *, now: datetime) -> None:
    """Whoever was on the way is not; the person hears who comes now, if a name was told before."""
    before = visit.courier_id
    if await round_steps.courier_told(visit.id) is None:
        await round_steps.end_assignment(visit.id, because="courier in trouble")
    visit = await name_courier(await _at_home_again(visit), now=now)
    if before is not None and visit.courier_id not in (before, None):
        await tell(HomeVisitReassigned, visit, now=now)


async def _escalate(visit: HomeVisitRow, *, because: str, now: datetime) -> bool:
    """Once for each time it falls at risk: a supervisor is called, the partner and the person are told."""
    since, why = await _risk(visit.id)
    if since != now:
        return False
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    if State(visit.state) in TO_REACH and why != "package_with_courier":
        await round_steps.end_assignment(visit.id, because="courier in trouble")
        visit = await name_courier(await _at_home_again(visit), now=now)
    await incidents.open_incident(visit, incidents.Kind.PROMISE_AT_RISK, event_id=None, now=now)
    await outbox.record(
        HomeVisitAtRisk(
            occurred_at=now,
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            visit_kind=visit.kind,
            version=visit.version,
            partner_id=None if courier is None else courier.partner_id,
            courier_id=None if courier is None else courier.id,
            reason=why or because,
        )
    )
    return True


async def _risk(home_visit_id: uuid.UUID) -> tuple[datetime | None, str]:
    row = await in_transaction().fetchrow(
        "SELECT at_risk_since, at_risk_because FROM round_stop WHERE home_visit_id = $1", home_visit_id
    )
    return (None, "") if row is None else (row[0], row[1])


async def _at_home_again(visit: HomeVisitRow) -> HomeVisitRow:
    """A visit somebody had set out for waits as before; its version says that something changed."""
    if visit.state != State.EN_ROUTE:
        return visit
    row = await in_transaction().fetchrow(
        f"UPDATE home_visit SET state = $2, version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        visit.id,
        State.CONFIRMED.value,
    )
    return HomeVisitRow(*row)
