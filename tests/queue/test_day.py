"""The end of a day: nobody is left waiting, nobody is sent away too early, and twice is once."""

import asyncio
import uuid
from datetime import datetime, timedelta

import msgspec
import pytest

from app.appointments import operations as appointments
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB, fetch, fetch_value
from app.queue import day, history, operations, queries
from app.queue.errors import DayNotOver, StillServing
from app.queue.operations.day import DayClosed
from app.queue.queries import TicketRow
from app.queue.states import Move, State
from jobs.schedules import close_days
from tests.queue.conftest import MINH, Hall, put, walk_in
from tests.queue.test_moves import act

HOUR = timedelta(hours=1)
NOTHING = DayClosed(0, 0, 0, 0, ())


@pytest.fixture
def now() -> datetime:
    """Ten in the morning of a Wednesday."""
    return datetime.fromisoformat("2026-11-25T10:00:00+07:00")


async def close(hall: Hall, now: datetime, *, of: datetime | None = None) -> DayClosed:
    return await operations.close_day(centre_id=hall.centre_id, day=local_date(of or now), now=now)


def evening(now: datetime) -> datetime:
    """Long after every hour of the day."""
    return at_local(local_date(now), 21)


async def states(hall: Hall) -> list[str]:
    rows = await fetch("SELECT state FROM counter_state WHERE centre_id = $1", hall.centre_id)
    return sorted({row["state"] for row in rows})


async def test_who_still_waits_at_the_end_has_left_and_is_counted(open_hall: Hall, now: datetime) -> None:
    waiting = await walk_in(open_hall, now)
    parked = await put(await walk_in(open_hall, now), State.PARKED, None)
    done = await put(await walk_in(open_hall, now), State.DONE, None)

    found = await close(open_hall, evening(now))

    assert found == DayClosed(1, 1, 0, len(open_hall.counters), ())
    for ticket in (waiting, parked):
        row = await queries.by_id(ticket.id)
        assert row is not None
        assert (row.state, row.ended_at) == (State.LEFT, evening(now))
        told = await queries.events_of(ticket.id)
        assert (told[-1].type, told[-1].data["reason"]) == ("left", "end_of_day")
        story = history.story(told)
        assert story is not None
        assert (story.state, story.ended_at) == (State.LEFT, evening(now))
    assert await queries.by_id(done.id) == done
    assert await states(open_hall) == ["closed"]
    data = await fetch_value("SELECT data FROM queue_event WHERE type = 'day_closed'")
    assert msgspec.json.decode(data)["waiting"] == 1


async def test_closing_twice_and_at_once_is_closing_once(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now)

    found = await asyncio.gather(*(close(open_hall, evening(now)) for _ in range(4)))

    assert sorted(one.waiting for one in found) == [0, 0, 0, 1]
    assert found.count(NOTHING) == 3
    assert await close(open_hall, evening(now) + HOUR) == NOTHING
    assert await fetch_value("SELECT count(*) FROM queue_event WHERE type = 'day_closed'") == 1
    assert await fetch_value("SELECT count(*) FROM queue_event WHERE type = 'left'") == 1


async def test_not_before_the_last_opening_has_ended(open_hall: Hall, now: datetime) -> None:
    late = at_local(local_date(now), 20)
    await appointments.publish_opening(
        centre_id=open_hall.centre_id,
        pool_id=open_hall.pool_id,
        starts_at=late,
        ends_at=late + 2 * HOUR,
        counters=1,
        now=now,
    )
    await walk_in(open_hall, now)

    with pytest.raises(DayNotOver) as early:
        await close(open_hall, evening(now))
    assert early.value.facts["closes_at"] == late + 2 * HOUR
    assert (await close(open_hall, late + 2 * HOUR)).waiting == 1


async def test_a_hall_that_works_past_its_hours_is_not_closed(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, evening(now))

    with pytest.raises(DayNotOver):
        await close(open_hall, evening(now) + timedelta(minutes=29))
    assert (await close(open_hall, evening(now) + timedelta(minutes=30))).waiting == 1


@pytest.mark.parametrize("state", [State.CALLED, State.SERVING])
async def test_not_while_somebody_is_served_and_after_midnight_only_that_one_stays(
    open_hall: Hall, now: datetime, state: State
) -> None:
    waiting = await walk_in(open_hall, now)
    held = await put(await walk_in(open_hall, now), state, open_hall.counters[0])

    with pytest.raises(StillServing) as busy:
        await close(open_hall, evening(now))
    assert busy.value.facts["numbers"] == [held.number]
    assert await queries.by_id(waiting.id) == waiting

    found = await close(open_hall, evening(now) + 4 * HOUR, of=now)

    assert (found.waiting, found.still_open) == (1, (held.number,))
    assert await queries.by_id(held.id) == held
    rows = await fetch("SELECT counter_id FROM counter_state WHERE state = 'open'")
    assert [row["counter_id"] for row in rows] == [open_hall.counters[0]]


async def test_a_counter_opened_this_morning_survives_the_end_of_yesterday(
    hall: Hall, now: datetime
) -> None:
    await walk_in(hall, now - timedelta(days=1))
    await operations.open_counter(
        counter_id=hall.counters[0], centre_id=hall.centre_id, officer_id=MINH, now=now
    )

    found = await close(hall, now + HOUR, of=now - timedelta(days=1))

    assert (found.waiting, found.counters) == (1, 0)
    assert await states(hall) == ["open"]


async def test_who_had_an_appointment_and_was_never_served_is_counted(
    open_hall: Hall, now: datetime
) -> None:
    ticket = await walk_in(open_hall, now)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE ticket SET appointment_id = $2 WHERE id = $1", ticket.id, uuid.uuid4())

    assert (await close(open_hall, evening(now))).not_served == 1


async def test_calling_and_closing_at_once_leave_nobody_called_at_a_closed_counter(
    open_hall: Hall, now: datetime
) -> None:
    counter_id = open_hall.counters[0]
    for n in range(6):
        moment = evening(now) + n * HOUR / 10
        await operations.open_counter(
            counter_id=counter_id, centre_id=open_hall.centre_id, officer_id=MINH, now=now
        )
        ticket = await walk_in(open_hall, now)

        called, closed = await asyncio.gather(
            operations.call_next(counter_id=counter_id, centre_id=open_hall.centre_id, now=now),
            close(open_hall, moment),
            return_exceptions=True,
        )

        row = await queries.by_id(ticket.id)
        assert row is not None
        if isinstance(called, TicketRow):
            assert isinstance(closed, StillServing)
            assert row.state == State.CALLED
            await act(called, Move.NO_SHOW, open_hall, now)
            await put(called, State.LEFT, None)
        else:
            assert row.state == State.LEFT
            assert await states(open_hall) == ["closed"]


async def test_the_schedule_closes_what_is_over_and_leaves_what_is_not(hall: Hall) -> None:
    moment = current_time()
    over = await walk_in(hall, moment - timedelta(days=1))
    await close_days({})
    today = await walk_in(hall, moment)

    await close_days({})

    found = [await queries.by_id(ticket.id) for ticket in (over, today)]
    assert [row.state for row in found if row] == [State.LEFT, State.WAITING]
    assert await day.not_closed(now=moment) == [(hall.centre_id, local_date(moment))]
