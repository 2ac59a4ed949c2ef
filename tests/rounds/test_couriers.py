"""Couriers as their partner tells us, and visits given to them, with real commits."""

import asyncio
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from app.home_service import operations
from app.rounds import queries
from app.rounds.errors import CourierNotFound, ShiftNotValid
from tests.rounds.conftest import PARTNER, Hire


async def put_shift(day: date, now: datetime, **facts: Any) -> queries.ShiftRow:
    usual: dict[str, Any] = {"starts_at": at_local(day, 7), "ends_at": at_local(day, 17), "capacity": 3}
    return await operations.put_shift(
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
