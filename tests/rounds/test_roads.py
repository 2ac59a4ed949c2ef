"""What couriers drove becomes another version of the roads; no promise is broken by a version."""

import asyncio
import random
import uuid
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from app.core.database import DB, fetch_value
from app.rounds import plans, roads
from app.rounds.learning import Leg
from app.rounds.planning.checker import violations
from app.rounds.travel_model import FIRST
from app.rounds.zones import Pair, zone_of
from tests.rounds.conftest import HOA_LU, Hire
from tests.rounds.placing import asked, faults, place, stored
from tests.rounds.test_live_plan import shift

HERE = zone_of(*HOA_LU)
PAIR: Pair = (HERE, HERE)


def legs(ratio: float, count: int = 400) -> list[Leg]:
    return [Leg(PAIR, 600.0, 600.0 * ratio)] * count


@pytest.fixture
def later(day: date) -> date:
    return day + timedelta(days=3)


async def test_nothing_driven_makes_no_version(database: object, now: datetime) -> None:
    assert await roads.learn_roads(legs=[], now=now) == FIRST.version
    assert await fetch_value("SELECT count(*) FROM travel_model") == 0


async def test_the_same_roads_twice_are_one_version(database: object, now: datetime) -> None:
    first = await roads.learn_roads(legs=legs(1.5), now=now)
    again = await roads.learn_roads(legs=legs(1.5), now=now)
    hardly = await roads.learn_roads(legs=legs(1.505), now=now)
    another = await roads.learn_roads(legs=legs(1.8), now=now)
    assert (first, again, hardly, another) == (2, 2, 2, 3)


async def test_two_nights_at_once_make_one_version(database: object, now: datetime) -> None:
    found = await asyncio.gather(*(roads.learn_roads(legs=legs(1.5), now=now) for _ in range(6)))
    assert found == [2] * 6


async def test_a_version_is_used_as_it_was_learned(database: object, now: datetime) -> None:
    await roads.learn_roads(legs=legs(1.6, 10_000), now=now)
    model = await roads.model_in_force()
    ends = [np.float64(each) for each in (*HOA_LU, HOA_LU[0] + 0.03, HOA_LU[1])]
    assert int(model.seconds(*ends)) == pytest.approx(1.6 * int(FIRST.seconds(*ends)), rel=0.01)  # type: ignore[arg-type]


async def test_a_day_begins_with_the_version_in_force(hire: Hire, later: date, now: datetime) -> None:
    version = await roads.learn_roads(legs=legs(1.5), now=now)
    await hire("tu")
    await shift(later, now)
    assert (await stored(later, now)).model.version == version


async def test_a_day_whose_promises_can_be_kept_moves_on(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    assert await place(later, now, what=asked(lat=HOA_LU[0] + 0.01)) is not None

    version = await roads.learn_roads(legs=legs(1.3), now=now)
    behind = await roads.days_behind(version, now=now)
    moved = [await roads.move_day(day=each, version=version, now=now) for each in behind]

    assert later in behind
    assert all(each.moved and not each.in_doubt for each in moved)
    day = await stored(later, now)
    assert day.model.version == version
    assert faults(day) == []
    assert await roads.days_behind(version, now=now) == []


async def test_a_day_whose_promises_would_break_stays_and_says_whose(
    hire: Hire, later: date, now: datetime
) -> None:
    await hire("tu")
    await shift(later, now)
    kept: list[uuid.UUID] = []
    some = random.Random(3)
    for _ in range(40):
        lat, lon = (where + some.uniform(-0.03, 0.03) for where in HOA_LU)
        made = await place(later, now, hour=some.choice([8, 10]), what=asked(lat=lat, lon=lon))
        kept += [made.stops[-1].home_visit_id] if made is not None else []

    version = await roads.learn_roads(legs=legs(2.5, 100_000), now=now)
    moved = await roads.move_day(day=later, version=version, now=now)

    assert len(kept) >= 3
    assert not moved.moved
    assert moved.in_doubt
    assert set(moved.in_doubt) <= set(kept)
    day = await stored(later, now)
    assert day.model.version == FIRST.version
    assert faults(day) == []


async def test_whoever_remembers_the_day_sees_the_new_roads(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    await place(later, now)
    before = (await plans.at([later], now=now))[later]
    version = await roads.learn_roads(legs=legs(1.3), now=now)
    await roads.move_day(day=later, version=version, now=now)

    after = (await plans.at([later], now=now))[later]

    assert (before.model.version, after.model.version) == (FIRST.version, version)
    assert after.visits_of(0) == before.visits_of(0)
    assert violations(after.problem, after.plan) == []
    assert DB.pool is not None
