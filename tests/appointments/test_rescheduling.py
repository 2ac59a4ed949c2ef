"""Moving an appointment: all of it or nothing."""

import uuid
from datetime import datetime, timedelta

import pytest

from app.appointments import operations
from app.appointments.errors import AppointmentLimit, AppointmentNotFound, NotToBeMoved, SlotFull
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow, mine
from app.core.database import DB
from tests.appointments.conftest import (
    BIRTH,
    GRAIN,
    Place,
    Publish,
    copies,
    drift,
    let_holds_end,
    make_centre,
)


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


async def test_a_moved_appointment_keeps_its_id_and_reference_and_frees_its_old_place_after_a_rest(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)
    row = await confirmed(place, now)

    moved = await operations.reschedule(
        appointment_id=row.id,
        citizen_id=row.citizen_id,
        starts_at=place.opens + 3 * GRAIN,
        now=now,
    )

    assert (moved.id, moved.reference, moved.version) == (row.id, row.reference, row.version + 1)
    assert moved.starts_at == place.opens + 3 * GRAIN
    with pytest.raises(SlotFull):
        await confirmed(place, now)
    await let_holds_end()
    assert (await confirmed(place, now)).starts_at == place.opens
    assert await drift() == []


async def test_an_appointment_can_move_by_less_than_its_own_length(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=4)
    row = await confirmed(place, now, quantity=3)

    moved = await operations.reschedule(
        appointment_id=row.id, citizen_id=row.citizen_id, starts_at=place.opens + GRAIN, now=now
    )

    assert moved.ends_at == place.opens + 4 * GRAIN
    assert await drift() == []


async def test_a_move_to_a_full_time_leaves_the_original_untouched(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)
    row = await confirmed(place, now)
    await confirmed(place, now, at=place.opens + GRAIN)

    with pytest.raises(SlotFull) as refused:
        await operations.reschedule(
            appointment_id=row.id,
            citizen_id=row.citizen_id,
            starts_at=place.opens + GRAIN,
            now=now,
        )

    assert len(refused.value.facts["alternatives"]) >= 3
    assert await mine(row.id, citizen_id=row.citizen_id) == row
    assert await drift() == []


async def test_a_move_that_breaks_a_limit_leaves_the_original_untouched(
    place: Place, publish: Publish, now: datetime
) -> None:
    next_day = place._replace(opens=place.opens + timedelta(days=1))
    await publish()
    await publish(at=next_day)
    row = await confirmed(place, now)
    await operations.book(
        centre_id=place.centre_id,
        starts_at=next_day.opens,
        items=copies(),
        citizen_id=row.citizen_id,
        now=now,
    )

    with pytest.raises(AppointmentLimit):
        await operations.reschedule(
            appointment_id=row.id,
            citizen_id=row.citizen_id,
            starts_at=next_day.opens + GRAIN,
            now=now,
        )

    assert await mine(row.id, citizen_id=row.citizen_id) == row
    assert await drift() == []


async def test_a_move_within_two_hours_is_refused_and_a_cancel_is_not(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    row = await confirmed(place, now)
    late = place.opens - timedelta(minutes=30)

    with pytest.raises(NotToBeMoved):
        await operations.reschedule(
            appointment_id=row.id,
            citizen_id=row.citizen_id,
            starts_at=place.opens + 3 * GRAIN,
            now=late,
        )
    gone = await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=late)
    assert gone.state == "cancelled"


async def test_an_appointment_can_move_to_another_centre(
    place: Place, publish: Publish, now: datetime
) -> None:
    other = await make_centre(name="Tam Điệp", opens=place.opens)
    await publish()
    await publish(at=other, counters=1)
    row = await confirmed(place, now)

    moved = await operations.reschedule(
        appointment_id=row.id,
        citizen_id=row.citizen_id,
        starts_at=other.opens,
        centre_id=other.centre_id,
        now=now,
    )

    assert (moved.centre_id, moved.pool_id) == (other.centre_id, other.pool_id)
    assert await drift() == []


async def test_nobody_moves_somebody_elses(place: Place, publish: Publish, now: datetime) -> None:
    await publish()
    row = await confirmed(place, now)

    with pytest.raises(AppointmentNotFound):
        await operations.reschedule(
            appointment_id=row.id,
            citizen_id=uuid.uuid4(),
            starts_at=place.opens + GRAIN,
            now=now,
        )


async def test_a_hold_in_the_way_that_has_ended_does_not_stop_a_move(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish(counters=1, pool_id=place.wide_pool_id)
    row = await confirmed(place, now)
    await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens + GRAIN,
        items=[Item(BIRTH, 1)],
        citizen_id=uuid.uuid4(),
        now=now,
    )
    await DB.pool.execute("UPDATE appointment SET hold_expires_at = clock_timestamp() WHERE state = 'held'")

    moved = await operations.reschedule(
        appointment_id=row.id, citizen_id=row.citizen_id, starts_at=place.opens + GRAIN, now=now
    )

    assert moved.starts_at == place.opens + GRAIN
    assert await drift() == []
