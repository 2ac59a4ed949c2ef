"""Whoever confirmed long ago is reminded: once for each time they were given, and never too late."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from app.appointments import operations
from app.appointments.events import AppointmentReminderDue
from app.appointments.operations.book import Who
from app.appointments.queries import AppointmentRow
from app.appointments.rules import BookingRules
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.core.outbox import decode
from tests.appointments.conftest import (
    GRAIN,
    Place,
    Publish,
    copies,
    make_centre,
    make_procedures,
)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Confirm = Callable[..., Awaitable[AppointmentRow]]


@pytest.fixture
async def place(database: object, now: datetime) -> Place:
    """It opens in five days at nine, so that the hour of the run decides nothing."""
    await make_procedures()
    return await make_centre(name="Hoa Lư", opens=at_local(local_date(now) + 5 * DAY, 9))


@pytest.fixture
async def confirm(publish: Publish, place: Place, now: datetime) -> Confirm:
    await publish()

    async def run(at: datetime = now, starts_at: datetime = place.opens) -> AppointmentRow:
        citizen = uuid.uuid4()
        held = await operations.book(
            centre_id=place.centre_id,
            starts_at=starts_at,
            items=copies(),
            citizen_id=citizen,
            contact=Who(name="Nguyễn Thị Lan", phone="+84912345678"),
            now=at,
        )
        return await operations.confirm(appointment_id=held.id, citizen_id=citizen, now=at)

    return run


async def reminded() -> list[AppointmentReminderDue]:
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT kind, payload FROM outbox WHERE kind = 'appointment.reminder_due' ORDER BY seq"
    )
    facts = [decode(row["kind"], row["payload"]) for row in rows]
    return [fact for fact in facts if isinstance(fact, AppointmentReminderDue)]


async def test_lan_is_reminded_a_day_before_and_once(confirm: Confirm, place: Place) -> None:
    row = await confirm()

    counts = [
        await operations.remind_due(now=place.opens - DAY + late)
        for late in (-MINUTE, timedelta(), MINUTE, 2 * MINUTE)
    ]

    (fact,) = await reminded()
    assert counts == [0, 1, 0, 0]
    assert (fact.appointment_id, fact.starts_at, fact.version) == (row.id, place.opens, row.version)


async def test_eight_who_look_at_once_remind_once(confirm: Confirm, place: Place) -> None:
    await confirm()

    counts = await asyncio.gather(*(operations.remind_due(now=place.opens - DAY) for _ in range(8)))

    assert sum(counts) == len(await reminded()) == 1


async def test_what_an_outage_left_out_is_caught_up_once_while_it_is_of_use(
    confirm: Confirm, place: Place
) -> None:
    await confirm()
    await confirm(starts_at=place.opens + GRAIN)

    # The first begins in just an hour, which is too late; the second a grain later.
    counts = [await operations.remind_due(now=place.opens - timedelta(hours=1)) for _ in range(2)]

    assert counts == [1, 0]
    assert [fact.starts_at for fact in await reminded()] == [place.opens + GRAIN]
    assert await operations.remind_due(now=place.opens + DAY) == 0


async def test_who_is_moved_after_the_reminder_is_reminded_of_the_new_time(
    confirm: Confirm, place: Place, publish: Publish
) -> None:
    row = await confirm()
    before = place.opens - DAY
    later = place._replace(opens=place.opens + 2 * DAY)
    await publish(at=later)
    await operations.remind_due(now=before)

    await operations.reschedule(
        appointment_id=row.id, citizen_id=row.citizen_id, starts_at=later.opens, now=before + MINUTE
    )
    counts = [await operations.remind_due(now=at) for at in (place.opens - 2 * MINUTE, later.opens - DAY)]

    assert counts == [0, 1]
    assert [fact.starts_at for fact in await reminded()] == [place.opens, later.opens]


async def test_who_confirmed_or_moved_within_the_day_before_knows_and_is_not_reminded(
    confirm: Confirm, place: Place
) -> None:
    late = place.opens - timedelta(hours=22)
    await confirm(at=late)
    moved = await confirm(starts_at=place.opens + GRAIN)
    await operations.reschedule(
        appointment_id=moved.id, citizen_id=moved.citizen_id, starts_at=place.opens + 3 * GRAIN, now=late
    )

    assert await operations.remind_due(now=place.opens - 20 * timedelta(hours=1)) == 0


async def test_nobody_is_reminded_of_a_hold_or_of_what_was_cancelled(
    confirm: Confirm, place: Place, now: datetime
) -> None:
    cancelled = await confirm()
    await operations.cancel(appointment_id=cancelled.id, citizen_id=cancelled.citizen_id, now=now + MINUTE)
    await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens + GRAIN,
        items=copies(),
        citizen_id=uuid.uuid4(),
        now=now,
    )

    assert await operations.remind_due(now=place.opens - DAY) == 0


@pytest.mark.parametrize(
    ("minutes", "at", "expected"), [(120, 121, 0), (120, 120, 1), (0, 120, 0), (30, 20, 1)]
)
async def test_each_centre_decides_how_long_before(
    confirm: Confirm, place: Place, now: datetime, minutes: int, at: int, expected: int
) -> None:
    await confirm()
    await operations.set_booking_rules(
        centre_id=place.centre_id,
        rules=BookingRules(reminder_minutes=minutes),
        valid_from=local_date(now),
        now=now,
    )

    assert await operations.remind_due(now=place.opens - at * MINUTE) == expected
