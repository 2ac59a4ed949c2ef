"""Couriers as their partner tells us, and visits given to them, with real commits."""

import asyncio
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.rounds import operations, queries
from app.rounds.errors import CourierNotFound, ShiftNotValid
from tests.rounds.conftest import PARTNER, Hire, assign, door


async def put_shift(day: date, now: datetime, **facts: Any) -> queries.ShiftRow:
    usual: dict[str, Any] = {"starts_at": at_local(day, 7), "ends_at": at_local(day, 17), "capacity": 3}
    return await operations.upsert_shift(
        partner_id=PARTNER,
        external_id="tu",
        day=day,
        now=now,
        **(usual | facts),
    )


async def test_saying_a_courier_again_changes_them_and_keeps_who_they_are(hire: Hire) -> None:
    first = await hire("tu", skills=("collection",))
    second = await hire("tu", skills=("delivery", "collection", "delivery"), active=False)

    assert second.id == first.id
    assert second.version == first.version + 1
    assert (second.skills, second.active) == (["collection", "delivery"], False)


async def test_two_partners_may_use_the_same_name_for_different_couriers(hire: Hire) -> None:
    other = uuid.UUID(int=41)

    ours, theirs = await hire("tu"), await hire("tu", partner_id=other)

    assert ours.id != theirs.id
    assert (await queries.courier(other, "tu")).id == theirs.id


async def test_a_courier_said_eight_times_at_once_is_one(hire: Hire) -> None:
    rows = await asyncio.gather(*(hire("tu") for _ in range(8)))

    assert len({row.id for row in rows}) == 1


async def test_a_shift_said_again_is_the_same_shift(hire: Hire, day: date, now: datetime) -> None:
    await hire("tu")

    first = await put_shift(day, now)
    second = await put_shift(day, now, capacity=9)

    assert (second.id, second.version) == (first.id, first.version + 1)
    assert second.capacity == 9


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        pytest.param(timedelta(hours=7), timedelta(hours=7), id="empty"),
        pytest.param(timedelta(hours=9), timedelta(hours=8), id="backwards"),
        pytest.param(timedelta(hours=6), timedelta(hours=22, minutes=1), id="over-sixteen-hours"),
        pytest.param(timedelta(hours=-1), timedelta(hours=8), id="begins-the-day-before"),
        pytest.param(timedelta(hours=24), timedelta(hours=30), id="begins-the-day-after"),
    ],
)
async def test_a_shift_that_cannot_be_worked_is_refused(
    hire: Hire, day: date, now: datetime, starts: timedelta, ends: timedelta
) -> None:
    await hire("tu")
    midnight = at_local(day, 0)

    with pytest.raises(ShiftNotValid):
        await put_shift(day, now, starts_at=midnight + starts, ends_at=midnight + ends)


async def test_a_shift_of_somebody_unknown_is_refused(database: object, day: date, now: datetime) -> None:
    with pytest.raises(CourierNotFound):
        await put_shift(day, now)


async def test_the_nearest_is_sent_and_the_next_when_they_will_not_go(hire: Hire, day: date) -> None:
    near, far = await hire("tu", lat=20.27), await hire("ha", lat=20.35)
    visit = uuid.uuid4()

    first = await assign(home_visit_id=visit, wanted=door(day))
    second = await assign(home_visit_id=visit, wanted=door(day), not_to=[near.id])

    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (near.id, far.id)


async def test_a_visit_has_one_courier_and_remembers_the_others(hire: Hire, day: date) -> None:
    near = await hire("tu", lat=20.27)
    await hire("ha", lat=20.35)
    visit = uuid.uuid4()
    await assign(home_visit_id=visit, wanted=door(day))
    await assign(home_visit_id=visit, wanted=door(day), not_to=[near.id])

    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT generation, state, ended_because FROM assignment WHERE home_visit_id = $1"
        " ORDER BY generation",
        visit,
    )
    assert [tuple(row) for row in rows] == [(1, "ended", "reassigned"), (2, "active", "")]


async def test_when_nobody_else_can_go_the_visit_stays_with_who_has_it(hire: Hire, day: date) -> None:
    tu = await hire("tu")
    visit = uuid.uuid4()
    await assign(home_visit_id=visit, wanted=door(day))

    assert await assign(home_visit_id=visit, wanted=door(day), not_to=[tu.id]) is None

    assert [p.stop.home_visit_id for p in await queries.round_of(tu, day)] == [visit]


async def test_who_is_inactive_unskilled_or_off_that_day_is_not_sent(hire: Hire, day: date) -> None:
    await hire("tu", active=False)
    await hire("ha", skills=("collection", "1.004194"))

    assert await assign(home_visit_id=uuid.uuid4(), wanted=door(day)) is None
    assert await assign(home_visit_id=uuid.uuid4(), wanted=door(day + timedelta(days=1))) is None


async def test_a_capacity_of_three_holds_under_ten_at_once(hire: Hire, day: date) -> None:
    tu = await hire("tu", capacity=3)

    answers = await asyncio.gather(
        *(assign(home_visit_id=uuid.uuid4(), wanted=door(day)) for _ in range(10))
    )

    assert sum(answer is not None for answer in answers) == 3
    assert len(await queries.round_of(tu, day)) == 3


async def test_a_round_is_read_in_the_order_it_is_ridden(hire: Hire, day: date) -> None:
    tu = await hire("tu")
    afternoon, far, near = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    await assign(home_visit_id=afternoon, wanted=door(day, hour=14, lat=20.261))
    await assign(home_visit_id=far, wanted=door(day, lat=20.33))
    await assign(home_visit_id=near, wanted=door(day, lat=20.28))

    planned = await queries.round_of(tu, day)

    assert [p.stop.home_visit_id for p in planned] == [near, far, afternoon]
    assert await queries.round_of(tu, day + timedelta(days=1)) == []
