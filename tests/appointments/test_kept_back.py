"""A confirmed place that is given up rests before the public may book it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import free_places, kept_back, needs, operations, rules
from app.appointments.errors import SlotFull
from app.appointments.queries import AppointmentRow
from app.core.database import DB
from tests.appointments.conftest import GRAIN, Place, Publish, copies, drift, let_holds_end

NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)


async def confirmed(
    place: Place, now: datetime, *, at: datetime | None = None, quantity: int = 1
) -> AppointmentRow:
    lan = uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id,
        starts_at=at or place.opens,
        items=copies(quantity),
        citizen_id=lan,
        now=now,
    )
    return await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)


async def cancel(row: AppointmentRow, now: datetime) -> AppointmentRow:
    return await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)


async def seats(place: Place, now: datetime, grains: int = 1) -> int:
    need = await needs.need_of(place.centre_id, copies(grains), starts_at=place.opens, now=now)
    found = await free_places.seats(need, start=place.opens, end=place.opens + timedelta(hours=4))
    return sum(each.seats for each in found)


async def kept() -> int:
    assert DB.pool is not None
    return int(
        await DB.pool.fetchval("SELECT count(*) FROM appointment WHERE citizen_id = $1", kept_back.NOBODY)
    )


@given(minutes=st.integers(-60, 20_000), draw=st.floats(0, 1, allow_nan=False))
def test_a_rest_is_a_few_minutes_and_leaves_time_to_come(minutes: int, draw: float) -> None:
    starts_at = NOON + timedelta(minutes=minutes)

    rest = rules.rest(starts_at, now=NOON, draw=draw)

    shortest, longest = rules.REST
    assert timedelta(0) <= rest <= longest
    if rest:
        assert NOON + rest <= starts_at - rules.TIME_TO_COME
    if minutes >= 30:
        assert rest >= shortest


async def test_a_cancelled_promise_can_be_booked_only_after_its_rest(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2)
    row = await confirmed(place, now, quantity=2)

    cancelled = await cancel(row, now)

    assert cancelled.state == "cancelled"
    assert await seats(place, now) == 0
    with pytest.raises(SlotFull):
        await confirmed(place, now, quantity=2)
    assert await drift() == []

    await let_holds_end()
    assert await seats(place, now) == 2
    assert (await confirmed(place, now, quantity=2)).starts_at == place.opens
    assert await drift() == []


async def test_each_place_has_a_moment_of_its_own_drawn_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=6, grains=1)
    rows = [await confirmed(place, now) for _ in range(6)]

    for row in rows:
        await cancel(row, now)
        await cancel(row, now)

    assert DB.pool is not None
    rests = [
        row["rest"]
        for row in await DB.pool.fetch(
            "SELECT hold_expires_at - clock_timestamp() AS rest FROM appointment WHERE state = 'held'"
        )
    ]
    assert len(rests) == 6
    assert len(set(rests)) == 6
    assert all(timedelta(minutes=1) < rest <= rules.REST[1] for rest in rests)


async def test_a_hold_given_up_and_a_place_whose_time_is_near_are_free_at_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    lan = uuid.uuid4()
    held = await operations.book(
        centre_id=place.centre_id, starts_at=place.opens, items=copies(), citizen_id=lan, now=now
    )
    await cancel(held, now)
    assert await seats(place, now) == 1

    row = await confirmed(place, now)
    await cancel(row, place.opens - rules.TIME_TO_COME)

    assert (await seats(place, now), await kept()) == (1, 0)
    assert await drift() == []


async def test_the_end_of_a_rest_is_told_to_nobody_and_leaves_no_row(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=3)
    await cancel(await confirmed(place, now, quantity=3), now)
    assert await kept() == 3
    await let_holds_end()

    assert await operations.expire_holds(now=now) == 3

    assert DB.pool is not None
    assert await kept() == 0
    assert await DB.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'appointment.expired'") == 0
    assert await drift() == []


async def test_a_moved_appointment_keeps_what_it_still_uses_and_the_rest_of_it_rests(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=3)
    row = await confirmed(place, now, quantity=2)

    await operations.reschedule(
        appointment_id=row.id, citizen_id=row.citizen_id, starts_at=place.opens + GRAIN, now=now
    )

    assert (await seats(place, now), await kept()) == (0, 1)
    assert await drift() == []
    await let_holds_end()
    assert await seats(place, now) == 1
