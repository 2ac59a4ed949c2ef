"""What the forecast is told of a hall: who is expected, what opens, and whose counters others share."""

import uuid
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest

from app.appointments import operations as appointments
from app.appointments.queries import AppointmentRow
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.procedures import queries as procedures
from app.queue import operations, prediction, queries, returns, rules
from app.queue.forecast import Duration, Forecast
from app.queue.rules import TicketClass
from tests.queue.conftest import MINH, Hall, expected, walk_in

MINUTE = timedelta(minutes=1)


class Crossing(NamedTuple):
    """Two pools and the counter that serves both."""

    hall: Hall
    other: Hall
    shared: uuid.UUID


@pytest.fixture
async def crossing(hall: Hall) -> Crossing:
    """The demo centre has one."""
    pools = await centres.pools_by_counter(hall.centre_id)
    shared, both = next((counter, served) for counter, served in pools.items() if len(served) > 1)
    found = []
    for pool_id in sorted(both):
        own = [
            code
            for code in await procedures.codes_of_pool(pool_id)
            if await procedures.pools_serving(hall.centre_id, [code]) == [pool_id]
            and await procedures.offers(hall.centre_id, [code], on=date(2026, 11, 24))
        ]
        counters = await centres.counter_ids_of_pool(pool_id)
        found.append(Hall(hall.centre_id, pool_id, counters, own[0]))
    return Crossing(found[0], found[1], shared)


@pytest.fixture
def morning(now: datetime) -> datetime:
    """Five to eight of tomorrow; `expected` makes its appointments for eight."""
    return at_local(local_date(now) + timedelta(days=1), 7, 55)


async def open_counters(hall: Hall, count: int, now: datetime) -> None:
    for counter_id in hall.counters[:count]:
        await operations.open_counter(
            counter_id=counter_id, centre_id=hall.centre_id, officer_id=MINH, now=now
        )


async def next_one(hall: Hall, now: datetime) -> Forecast:
    """What somebody who joins now has to expect."""
    found = await prediction.predict(hall.centre_id, [hall.pool_id], now=now)
    return found[hall.pool_id].forecast


async def booked(hall: Hall, now: datetime, count: int) -> list[AppointmentRow]:
    return [await expected(hall, now) for _ in range(count)]


async def busy(hall: Hall, count: int, now: datetime) -> None:
    """So many open counters, each calling somebody now."""
    await open_counters(hall, count, now)
    for counter_id in hall.counters[:count]:
        await walk_in(hall, now)
        assert await operations.call_next(counter_id=counter_id, centre_id=hall.centre_id, now=now)


async def test_those_expected_soon_are_ahead_of_who_walks_in(
    hall: Hall, now: datetime, morning: datetime
) -> None:
    await busy(hall, 1, morning)
    alone = await next_one(hall, morning)
    await booked(hall, now, 4)

    with_them = await next_one(hall, morning)

    assert with_them.p80_minutes > alone.p80_minutes + 5
    assert with_them.position == alone.position


async def test_who_has_checked_in_or_is_given_up_is_expected_no_more(
    hall: Hall, now: datetime, morning: datetime
) -> None:
    people = await booked(hall, now, 4)
    await busy(hall, 1, morning)
    waiting = await next_one(hall, morning)

    for one in people:
        await appointments.cancel(
            appointment_id=one.id, citizen_id=one.citizen_id, reason=None, now=morning - 10 * MINUTE
        )

    assert (await next_one(hall, morning)).p80_minutes < waiting.p80_minutes


async def test_who_has_a_free_counter_does_not_wait_whoever_is_expected(
    hall: Hall, now: datetime, morning: datetime
) -> None:
    await booked(hall, now, 4)
    await open_counters(hall, 1, morning)

    assert await next_one(hall, morning) == (0, 0, 1)


async def test_before_the_opening_the_wait_is_at_least_until_then(
    hall: Hall, now: datetime, morning: datetime
) -> None:
    await appointments.publish_opening(
        centre_id=hall.centre_id,
        pool_id=hall.pool_id,
        starts_at=morning + 5 * MINUTE,
        ends_at=morning + 65 * MINUTE,
        counters=2,
        now=now,
    )

    first = await next_one(hall, morning - 20 * MINUTE)

    assert first == (25, 25, 1)


async def test_a_paused_counter_calls_nobody(crossing: Crossing, now: datetime) -> None:
    hall = crossing.hall
    await busy(hall, 2, now)
    for _ in range(3):
        await walk_in(hall, now)
    both = await next_one(hall, now)

    await operations.pause_counter(
        counter_id=hall.counters[1], centre_id=hall.centre_id, officer_id=MINH, now=now
    )

    found = (await prediction.predict(hall.centre_id, [hall.pool_id], now=now))[hall.pool_id]
    assert found.open_counters == 1
    assert found.forecast.p50_minutes > both.p50_minutes


async def test_who_waits_for_a_shared_counter_in_another_pool_counts_by_chance(
    crossing: Crossing, now: datetime
) -> None:
    own = crossing.hall._replace(counters=[crossing.shared])
    await busy(own, 1, now)
    alone = await next_one(own, now)
    for _ in range(4):
        await walk_in(crossing.other, now)

    with_rivals = await next_one(own, now)

    assert with_rivals.p50_minutes > alone.p50_minutes + 5
    assert with_rivals.position == 1


async def test_a_ticket_holder_hears_only_of_those_due_earlier(hall: Hall, now: datetime) -> None:
    await busy(hall, 1, now)
    tickets = [await walk_in(hall, now + n * MINUTE) for n in range(4)]

    told = [await queries.forecast_of(ticket, now=now + 5 * MINUTE) for ticket in tickets]

    assert [one.position for one in told] == [1, 2, 3, 4]
    assert all(one.p50_minutes < other.p50_minutes for one, other in pairwise(told))


async def test_who_will_come_back_is_expected_and_not_waiting(hall: Hall, now: datetime) -> None:
    await busy(hall, 1, now)
    ticket = await walk_in(hall, now)
    returns_at = now + 40 * MINUTE
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE ticket SET ticket_class = 'returning', wait_from = $2, call_by = $3,"
        " returns_at = $2, return_state = 'agreed'"
        " WHERE id = $1",
        ticket.id,
        returns_at,
        rules.call_by(kind=TicketClass.RETURNING, waiting_from=returns_at),
    )

    found = await prediction.predict(hall.centre_id, [hall.pool_id], now=now)
    work = await prediction.work_for(
        Duration(8.0, 12.0), centre_id=hall.centre_id, pool_id=hall.pool_id, now=now
    )

    assert found[hall.pool_id].forecast.position == 1
    assert found[hall.pool_id].waiting == 0
    assert [(one.starts_in, one.show) for one in work.expected] == [(40.0, returns.COMES_BACK)]
    assert (len(work.serving), work.open_counters, work.waiting) == (1, 1, [])
