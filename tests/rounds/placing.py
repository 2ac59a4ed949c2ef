"""Doors of a day put into its rounds as a promise does it, without a visit around them."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from app.core.clock import at_local
from app.core.operation import operation
from app.rounds import live, plans
from app.rounds.blocks import required
from app.rounds.day import Asked, Day
from app.rounds.planning.checker import Violation, violations
from tests.rounds.conftest import HOA_LU

PROCEDURE = "1.001699"
COMMUNE = "14638"
SERVICE = 22 * 60 + 90


def asked(
    *,
    lat: float = HOA_LU[0],
    lon: float = HOA_LU[1],
    procedures: Sequence[str] = (PROCEDURE,),
    commune: str = COMMUNE,
    not_by: Sequence[uuid.UUID] = (),
    service: int = SERVICE,
) -> Asked:
    return Asked(lat, lon, service, required("collection", procedures, commune, not_by=not_by))


@operation
async def _place(*, day: date, hour: int, what: Asked, now: datetime) -> Day | None:
    held = await live.locked([day], now=now, asked=what.skills)
    if day not in held:
        return None
    window = (at_local(day, hour), at_local(day, hour + 2))
    placed = held[day].placed(held[day].stop_row(uuid.uuid4(), what, *window))
    if placed is None:
        return None
    made = await live.add(placed, now=now)
    await live.record_promise(made, placed, window, because="promised", now=now)
    return made


async def place(day: date, now: datetime, *, hour: int = 8, what: Asked | None = None) -> Day | None:
    """One more door in the two hours from `hour`; None when no round can keep it."""
    made = await _place(day=day, hour=hour, what=what or asked(), now=now)
    if made is not None:
        plans.keep(made)
    return made


@operation
async def take_out(*, day: date, home_visit_id: uuid.UUID, now: datetime) -> None:
    await live.locked([day], now=now)
    await live.take_out(home_visit_id, now=now)


async def stored(day: date, now: datetime) -> Day:
    """The day as the tables have it, nothing remembered."""
    plans.forget()
    return (await plans.at([day], now=now))[day]


def faults(day: Day) -> list[Violation]:
    return violations(day.problem, day.plan)


def order(day: Day) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The visits of every duty that has some."""
    return {row.id: day.visits_of(duty) for duty, row in enumerate(day.duties) if day.rounds[duty]}
