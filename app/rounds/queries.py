"""What can be asked about couriers and their days."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row
from app.rounds import live, plans
from app.rounds.errors import CourierNotFound


class CourierRow(NamedTuple):
    """A courier of a partner."""

    id: uuid.UUID
    partner_id: uuid.UUID
    external_id: str
    given_name: str
    phone: str
    skills: Sequence[str]
    lat: float
    lon: float
    active: bool
    version: int


class ShiftRow(NamedTuple):
    """A courier's working time on one day."""

    id: uuid.UUID
    courier_id: uuid.UUID
    date: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    version: int


class PlannedStop(NamedTuple):
    """A visit with its place in its courier's day, and when work there starts or was planned to."""

    home_visit_id: uuid.UUID
    sequence: int
    eta: datetime
    lat: float
    lon: float
    done: bool


# Couriers come back into signal at the post office when their block ends; then reports are due.
REPORTS_AWAITED: Final = timedelta(hours=2)

COURIER: Final = ", ".join(CourierRow._fields)
SHIFT: Final = ", ".join(ShiftRow._fields)


async def courier(partner_id: uuid.UUID, external_id: str) -> CourierRow:
    row = await fetch_row(
        f"SELECT {COURIER} FROM courier WHERE partner_id = $1 AND external_id = $2",
        partner_id,
        external_id,
    )
    if row is None:
        raise CourierNotFound
    return CourierRow(*row)


async def courier_by_id(courier_id: uuid.UUID) -> CourierRow | None:
    row = await fetch_row(f"SELECT {COURIER} FROM courier WHERE id = $1", courier_id)
    return None if row is None else CourierRow(*row)


async def couriers_by_id(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CourierRow]:
    """The couriers there are of these."""
    rows = await fetch(f"SELECT {COURIER} FROM courier WHERE id = ANY($1)", list(ids))
    return {row["id"]: CourierRow(*row) for row in rows}


async def external_ids(partner_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """A partner's own ids of its couriers."""
    rows = await fetch("SELECT id, external_id FROM courier WHERE partner_id = $1", partner_id)
    return {row["id"]: row["external_id"] for row in rows}


async def eta_of(home_visit_id: uuid.UUID, day: date, *, now: datetime) -> datetime | None:
    """When work at a visit's door is expected to start; None for a visit in no round."""
    plan = (await plans.at([day], now=now)).get(day)
    if plan is None:
        return None
    for duty in range(len(plan.duties)):
        visits = plan.visits_of(duty)
        if home_visit_id in visits:
            return plan.etas(duty)[visits.index(home_visit_id)]
    return None


async def round_of(row: CourierRow, day: date, *, now: datetime) -> list[PlannedStop]:
    """A courier's doors of a day in order, done or not. Who took a visit over has it where it was."""
    known = await plans.at([day], now=now)
    etas: dict[uuid.UUID, datetime] = {}
    for plan in known.values():
        for duty in range(len(plan.duties)):
            etas.update(zip(plan.visits_of(duty), plan.etas(duty), strict=True))
    rows = await fetch(
        "SELECT home_visit_id, starts_at, lat, lon, state = 'active' AS active FROM assignment"
        " WHERE courier_id = $1 AND date = $2 AND state IN ('active', 'done')",
        row.id,
        day,
    )
    planned = sorted(
        (etas.get(stop["home_visit_id"], stop["starts_at"]), stop["home_visit_id"], stop) for stop in rows
    )
    return [
        PlannedStop(stop["home_visit_id"], sequence, eta, stop["lat"], stop["lon"], not stop["active"])
        for sequence, (eta, _, stop) in enumerate(planned, start=1)
    ]


async def couriers_on(partner_id: uuid.UUID, day: date) -> list[CourierRow]:
    """A partner's couriers who have something to do on a day, by their own ids."""
    rows = await fetch(
        f"SELECT {COURIER} FROM courier WHERE partner_id = $1 AND EXISTS (SELECT FROM assignment"
        " WHERE courier_id = courier.id AND date = $2 AND state IN ('active', 'done'))"
        " ORDER BY external_id",
        partner_id,
        day,
    )
    return [CourierRow(*row) for row in rows]


async def duties_to_publish(*, now: datetime) -> list[uuid.UUID]:
    """Duties that begin soon enough for their citizens to be told, the first to begin first."""
    rules = await live.planning_rules()
    rows = await fetch(
        "SELECT id FROM duty WHERE state = 'planned' AND starts_at <= $1 AND ends_at > $2"
        " ORDER BY starts_at, id",
        now + rules.published_before,
        now,
    )
    return [row["id"] for row in rows]


async def duties_to_close(*, now: datetime, at_most: int) -> list[uuid.UUID]:
    """Duties whose block is over, with nothing open or open for too long, the first to end first."""
    rows = await fetch(
        "SELECT id FROM duty WHERE state IN ('planned', 'published', 'started') AND ends_at <= $1"
        " AND (ends_at <= $2 OR NOT EXISTS (SELECT FROM round_stop"
        "      WHERE round_stop.duty_id = duty.id AND round_stop.lock <> 'done'))"
        " ORDER BY ends_at, id LIMIT $3",
        now,
        now - REPORTS_AWAITED,
        at_most,
    )
    return [row["id"] for row in rows]


async def duties_of_partner(partner_id: uuid.UUID, day: date) -> list[uuid.UUID]:
    """The duties of a partner's couriers on a day that are not told yet."""
    rows = await fetch(
        "SELECT duty.id FROM duty JOIN courier ON courier.id = duty.courier_id"
        " WHERE courier.partner_id = $1 AND duty.date = $2 AND duty.state = 'planned'"
        " ORDER BY duty.starts_at, duty.id",
        partner_id,
        day,
    )
    return [row["id"] for row in rows]
