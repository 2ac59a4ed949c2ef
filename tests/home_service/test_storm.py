"""Many citizens at one moment: whoever is promised a window is in a round the checker accepts.

Two hundred here; `MOTCUA_LONG=1` makes it a thousand (`make test-races`).
"""

import asyncio
import os
import random
import uuid
from datetime import datetime
from typing import Any

from app.core.clock import local_date
from app.core.database import DB
from app.home_service import operations
from app.home_service.errors import WindowGone
from app.home_service.queries import VisitFile
from app.home_service.states import Kind
from app.rounds import plans, proof
from app.rounds.day import Day
from app.rounds.planning.checker import violations
from tests.home_service.conftest import DISABILITY, LAT, LON, Hire, Publish, Zone, ask, door

CITIZENS = 1000 if os.environ.get("MOTCUA_LONG") else 200
COURIERS = 6


async def stored(zone: Zone, now: datetime) -> Day:
    """The day as the tables have it."""
    plans.forget()
    day = local_date(zone.windows[0].starts_at)
    return (await plans.at([day], now=now))[day]


async def test_a_storm_of_citizens_at_once_is_promised_only_what_the_rounds_can_keep(
    publish: Publish, hire: Hire, now: datetime
) -> None:
    zone = await publish(places=200)
    for n in range(COURIERS):
        await hire(f"courier-{n}", lat=LAT + 0.01 * n, told=n % 2 == 0)
    chance = random.Random(5)

    async def citizen(n: int) -> Any:
        where = door(lat=LAT + chance.uniform(-0.05, 0.05), lon=LON + chance.uniform(-0.05, 0.05))
        return await operations.promise(
            citizen_id=uuid.uuid4(),
            kind=Kind.COLLECTION,
            procedure_codes=[DISABILITY],
            window_id=zone.windows[n % len(zone.windows)].id,
            door=where,
            dossier_number=None,
            now=now,
        )

    answers = await asyncio.gather(*(citizen(n) for n in range(CITIZENS)), return_exceptions=True)

    promised = {answer.visit.id for answer in answers if isinstance(answer, VisitFile)}
    refused = [answer for answer in answers if isinstance(answer, WindowGone)]
    assert len(promised) + len(refused) == CITIZENS
    assert len(promised) > 4 * COURIERS
    day = await stored(zone, now)
    assert violations(day.problem, day.plan) == []
    assert {stop.home_visit_id for stop in day.stops} == promised
    assert day.adrift == []
    await everything_is_told_alike(day)


async def everything_is_told_alike(day: Day) -> None:
    """Assignments follow the rounds that are told, and every promise can be proved again by itself."""
    assert DB.pool is not None
    given = {
        row["home_visit_id"]: row["courier_id"]
        for row in await DB.pool.fetch("SELECT home_visit_id, courier_id FROM assignment")
    }
    told = {
        stop: row.courier_id
        for duty, row in enumerate(day.duties)
        if row.state == "published"
        for stop in day.visits_of(duty)
    }
    assert given == told
    for stop in day.stops:
        for promise in await proof.promises_of(stop.home_visit_id):
            assert await proof.proved_again(promise) == []
            assert promise.starts_at <= stop.opens_at <= stop.closes_at < promise.ends_at


async def test_those_who_give_up_at_once_make_room_for_as_many(
    publish: Publish, hire: Hire, now: datetime
) -> None:
    zone = await publish(places=200)
    await hire("tu")
    asked = [ask(zone, now, window_id=zone.windows[n % 4].id) for n in range(40)]
    visits = [
        visit
        for visit in await asyncio.gather(*asked, return_exceptions=True)
        if not isinstance(visit, BaseException)
    ]

    await asyncio.gather(
        *(
            operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)
            for visit in visits
        )
    )
    assert (await stored(zone, now)).stops == ()
    again = await asyncio.gather(
        *(ask(zone, now, window_id=zone.windows[n % 4].id) for n in range(40)), return_exceptions=True
    )

    day = await stored(zone, now)
    assert violations(day.problem, day.plan) == []
    assert sum(not isinstance(each, BaseException) for each in again) == len(visits) > 8
