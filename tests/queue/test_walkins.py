"""How many just came is known by pool, for whoever shares the later hours of the day."""

from datetime import datetime

from app.core.clock import local_date
from app.core.database import DB
from app.queue import operations, queries
from jobs import schedules
from tests.queue.conftest import Hall, expected, make_due, walk_in


async def test_those_who_came_without_an_appointment_are_counted_by_pool(hall: Hall, now: datetime) -> None:
    for _ in range(3):
        await walk_in(hall, now)
    appointment = await expected(hall, now)
    await make_due(appointment)
    await operations.check_in(now=now, appointment_id=appointment.id)

    assert await queries.walkins_on(local_date(now)) == {hall.pool_id: 3}


async def test_the_schedule_shares_places_and_opens_days_as_often_as_it_likes(
    hall: Hall, now: datetime
) -> None:
    assert DB.pool is not None
    await expected(hall, now)
    await walk_in(hall, now)
    before = await DB.pool.fetch("SELECT * FROM slot ORDER BY id")

    for _ in range(2):
        await schedules.share_what_is_unsold({})
        await schedules.share_what_is_spare({})
        await schedules.open_from_templates({})

    assert await DB.pool.fetch("SELECT * FROM slot ORDER BY id") == before
