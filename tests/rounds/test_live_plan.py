"""The plan of a day as it is stored, read and changed: real tables, and the checker's word for it."""

import random
import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.home_service import operations
from app.rounds import plans
from app.rounds.blocks import Block, blocks_of
from tests.rounds.conftest import HOA_LU, PARTNER, Hire
from tests.rounds.placing import asked, faults, order, place, stored, take_out


@pytest.fixture
def later(day: date) -> date:
    """A day whose blocks are not due to be published."""
    return day + timedelta(days=3)


async def shift(
    day: date, now: datetime, *, name: str = "tu", start: int = 7, end: int = 18, bag: int = 30
):
    return await operations.put_shift(
        partner_id=PARTNER,
        external_id=name,
        day=day,
        starts_at=at_local(day, start),
        ends_at=at_local(day, end),
        capacity=30,
        now=now,
    )


@pytest.mark.parametrize(
    ("start", "end", "blocks"),
    [
        pytest.param((7, 0), (18, 0), [("morning", (7, 0), (12, 0)), ("afternoon", (13, 15), (18, 0))]),
        pytest.param((7, 0), (13, 15), [("morning", (7, 0), (13, 15))]),
        pytest.param((12, 0), (18, 0), [("afternoon", (12, 0), (18, 0))]),
        pytest.param((13, 0), (17, 0), [("afternoon", (13, 0), (17, 0))]),
    ],
)
def test_a_shift_over_the_lunch_is_two_blocks(
    start: tuple[int, int], end: tuple[int, int], blocks: list[tuple[str, tuple[int, int], tuple[int, int]]]
) -> None:
    day = date(2026, 11, 30)

    found = blocks_of(day, at_local(day, *start), at_local(day, *end))

    assert [tuple(each) for each in found] == [
        (Block(name), at_local(day, *opens), at_local(day, *closes)) for name, opens, closes in blocks
    ]


async def test_a_shift_said_again_changes_no_duty(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    first = await stored(later, now)
    await shift(later, now)

    again = await stored(later, now)

    assert [duty.state for duty in first.duties] == ["planned", "planned"]
    assert again.duties == first.duties


async def test_a_block_that_begins_within_twelve_hours_is_told_at_once(hire: Hire, later: date) -> None:
    now = at_local(later, 7) - timedelta(hours=12)
    await hire("tu")
    await shift(later, now, start=7)

    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT block, state FROM duty WHERE date = $1 ORDER BY starts_at", later)
    assert [tuple(row) for row in rows] == [("morning", "published"), ("afternoon", "planned")]


async def test_what_is_placed_is_what_is_read_back(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await hire("ha", lat=20.35)
    for name in ("tu", "ha"):
        await shift(later, now, name=name)
    chance = random.Random(1)
    made = None
    for _ in range(25):
        what = asked(lat=HOA_LU[0] + chance.uniform(-0.1, 0.1), lon=HOA_LU[1] + chance.uniform(-0.1, 0.1))
        made = await place(later, now, hour=chance.choice([8, 10, 14, 16]), what=what) or made

    assert made is not None
    read = await stored(later, now)
    assert faults(read) == []
    assert order(read) == order(made)
    assert read.head == made.head
    assert sum(len(stops) for stops in read.rounds) == len(made.stops) > 10


async def test_another_process_reads_only_what_changed_and_sees_the_same(
    hire: Hire, later: date, now: datetime
) -> None:
    """Promises made elsewhere, taken out and put back: reading the change equals reading it all."""
    chance = random.Random(2)
    for name, lat in (("tu", 20.26), ("ha", 20.3), ("mai", 20.2)):
        await hire(name, lat=lat)
        await shift(later, now, name=name)
    await plans.at([later], now=now)
    for step in range(40):
        seen = (await plans.at([later], now=now))[later]
        if step % 4 == 3 and seen.stops:
            await take_out(day=later, home_visit_id=chance.choice(seen.stops).home_visit_id, now=now)
        else:
            what = asked(lat=HOA_LU[0] + chance.uniform(-0.1, 0.1))
            await place(later, now, hour=chance.choice([8, 10, 14, 16]), what=what)
            if step % 2:
                plans._days[later] = seen  # this process heard nothing of it
        delta = (await plans.at([later], now=now))[later]
        whole = await stored(later, now)
        assert order(delta) == order(whole)
        assert faults(delta) == faults(whole) == []
        assert delta.head == whole.head


async def test_what_a_shorter_shift_cannot_keep_goes_to_a_colleague(
    hire: Hire, later: date, now: datetime
) -> None:
    tu = await hire("tu")
    await shift(later, now)
    for hour in (8, 10, 14, 16, 16):
        assert await place(later, now, hour=hour)
    ha = await hire("ha", lat=20.3)
    await shift(later, now, name="ha")

    await shift(later, now, end=15)

    day = await stored(later, now)
    by_courier = {row.courier_id: 0 for row in day.duties}
    for duty, row in enumerate(day.duties):
        by_courier[row.courier_id] += len(day.rounds[duty])
    assert faults(day) == []
    assert by_courier == {tu.id: 3, ha.id: 2}


async def test_what_fits_nowhere_is_at_risk_until_somebody_comes(
    hire: Hire, later: date, now: datetime
) -> None:
    await hire("tu")
    await shift(later, now)
    for hour in (8, 14):
        assert await place(later, now, hour=hour)

    await shift(later, now, end=12)
    alone = await stored(later, now)
    await hire("ha", lat=20.3)
    await shift(later, now, name="ha")
    with_ha = await stored(later, now)

    assert [alone.stops[number].at_risk_because for number in alone.adrift] == ["shift_changed"]
    assert with_ha.adrift == []
    assert faults(with_ha) == []


async def test_a_courier_who_leaves_gives_everything_up(hire: Hire, later: date, now: datetime) -> None:
    await hire("tu")
    await shift(later, now)
    assert await place(later, now)

    await hire("tu", active=False)

    day = await stored(later, now)
    assert (day.duties, len(day.adrift)) == ((), 1)


async def test_nobody_is_asked_to_do_what_they_may_not(hire: Hire, later: date, now: datetime) -> None:
    tu = await hire("tu", skills=("collection", "1.001699"))
    await shift(later, now)

    assert await place(later, now, what=asked(procedures=["1.001699", "1.004194"])) is None
    assert await place(later, now, what=asked(not_by=[tu.id])) is None
    assert await place(later, now, what=asked(not_by=[uuid.uuid4()]))


async def test_nothing_is_inserted_into_the_past(hire: Hire, later: date, now: datetime) -> None:
    """At half past nine Tú is presumed where the plan says, and goes on from there."""
    await hire("tu")
    await shift(later, now)
    first = await place(later, now, hour=8, what=asked(lat=20.26))
    assert first is not None
    half_past_nine = at_local(later, 9, 30)

    second = await place(later, half_past_nine, hour=8, what=asked(lat=20.262))

    assert second is not None
    visits = next(iter(order(second).values()))
    assert visits == [stop.home_visit_id for stop in second.stops]
    assert faults(await stored(later, half_past_nine)) == []
    assert await place(later, half_past_nine + timedelta(minutes=9), hour=8, what=asked(lat=20.4)) is None
