"""A day is learned from what happened in it; learning it twice changes nothing."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import at_local, local_date
from app.core.database import DB, fetch, fetch_row, fetch_value
from app.http.principals import Caller
from app.procedures import queries as procedures
from app.queue import learned, operations, queries
from app.queue.calibration import NEUTRAL, Share, next_factor
from app.queue.forecast import Duration
from app.queue.learning import Learned, learn, show_rate, shrunk
from app.queue.states import Move
from jobs import schedules
from tests.queue.conftest import MINH, Hall, expected, walk_in
from tests.queue.test_moves import act

SignIn = Callable[..., Awaitable[Any]]
MINUTE = timedelta(minutes=1)
TABLES = ("learned_duration", "show_count", "forecast_calibration", "capacity_advice")


@pytest.fixture
def yesterday(now: datetime) -> date:
    return local_date(now) - timedelta(days=1)


async def served(hall: Hall, day: date, minutes: Sequence[float]) -> None:
    """So many visits at the first counter, one after the other from eight on, each so long."""
    moment = at_local(day, 8)
    await operations.open_counter(
        counter_id=hall.counters[0], centre_id=hall.centre_id, officer_id=MINH, now=moment
    )
    for each in minutes:
        await walk_in(hall, moment)
        ticket = await operations.call_next(
            counter_id=hall.counters[0], centre_id=hall.centre_id, now=moment
        )
        assert ticket is not None
        ticket = await act(ticket, Move.START, hall, moment)
        moment += each * MINUTE
        await act(ticket, Move.FINISH, hall, moment)


async def waited(hall: Hall, day: date, *, minutes: float) -> int:
    """Ten come at once to one counter, and each is called so long after; how many were quoted a wait."""
    opens = at_local(day, 8)
    await operations.open_counter(
        counter_id=hall.counters[0], centre_id=hall.centre_id, officer_id=MINH, now=opens
    )
    for _ in range(10):
        await walk_in(hall, opens)
    quoted = await fetch_value(
        "SELECT count(*) FROM queue_event WHERE type = 'issued' AND (data->>'p80_minutes')::int > 0"
    )
    moment = opens
    for _ in range(10):
        ticket = await operations.call_next(
            counter_id=hall.counters[0], centre_id=hall.centre_id, now=moment
        )
        assert ticket is not None
        ticket = await act(ticket, Move.START, hall, moment)
        moment = opens + minutes * MINUTE
        await act(ticket, Move.FINISH, hall, moment)
    return int(quoted)


async def rows() -> list[list[tuple[object, ...]]]:
    return [
        [tuple(row) for row in await fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")]
        for table in TABLES
    ]


async def catalogue(hall: Hall, day: date) -> Duration:
    offer = (await procedures.offers(hall.centre_id, [hall.code], on=day))[hall.code]
    return Duration(float(offer.p50_minutes), float(offer.p80_minutes))


async def test_tomorrows_tickets_take_as_long_as_yesterdays_visits_did(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    minutes = [20.0, 24.0, 28.0] * 5
    await served(hall, yesterday, minutes)

    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)
    ticket = await walk_in(hall, now)

    told = shrunk(await catalogue(hall, yesterday), learn(None, minutes))
    assert ticket.p50_minutes == pytest.approx(told.p50)
    assert ticket.p80_minutes == pytest.approx(told.p80)
    assert ticket.p50_minutes > (await catalogue(hall, yesterday)).p50 + 3


async def test_a_time_marked_as_inaccurate_and_a_visit_still_open_teach_nothing(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    await served(hall, yesterday, [20.0, 30.0])
    first = await fetch_row("SELECT ticket_id, n FROM ticket_period ORDER BY started_at LIMIT 1")
    assert first is not None
    await operations.mark_inaccurate(
        ticket_id=first["ticket_id"], centre_id=hall.centre_id, n=first["n"], now=now
    )
    evening = at_local(yesterday, 16)
    await walk_in(hall, evening)
    open_one = await operations.call_next(
        counter_id=hall.counters[0], centre_id=hall.centre_id, now=evening
    )
    assert open_one is not None
    await act(open_one, Move.START, hall, evening)

    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)

    known = await learned.states(hall.centre_id, [hall.code], before=local_date(now))
    assert known == {hall.code: Learned(pytest.approx(math.log(30.0)), 0.0, 1)}


async def test_a_day_learned_twice_even_at_once_is_learned_once(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    before = yesterday - timedelta(days=1)
    await served(hall, before, [5.0, 9.0])
    await waited(hall, yesterday, minutes=30)
    await expected(hall, at_local(before, 9))

    for day in (before, yesterday):
        await operations.learn_day(centre_id=hall.centre_id, day=day, now=now)
    once = await rows()
    await asyncio.gather(
        *(operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now) for _ in range(4))
    )

    assert await rows() == once
    assert all(once)
    known = await learned.states(hall.centre_id, [hall.code], before=local_date(now))
    assert known[hall.code] == learn(None, [5.0, 9.0, 30.0])


async def test_a_day_knows_nothing_of_the_days_after_it(hall: Hall, now: datetime, yesterday: date) -> None:
    await served(hall, yesterday, [20.0] * 3)
    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)

    assert await learned.states(hall.centre_id, [hall.code], before=yesterday) == {}
    assert await learned.durations(hall.centre_id, [hall.code], on=yesterday) == {
        hall.code: await catalogue(hall, yesterday)
    }


@pytest.mark.parametrize(("minutes", "all_within"), [(600, False), (0, True)])
async def test_quotes_that_were_too_short_or_too_long_move_the_pools_factor(
    hall: Hall, now: datetime, yesterday: date, minutes: float, all_within: bool
) -> None:
    quoted = await waited(hall, yesterday, minutes=minutes)
    assert quoted >= 8

    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)

    day = Share(quoted, quoted if all_within else 0)
    found = (await learned.factors(hall.centre_id, before=local_date(now)))[hall.pool_id]
    assert found == pytest.approx(next_factor(NEUTRAL, day))
    assert (found < NEUTRAL) == all_within


async def test_a_factor_widens_what_is_quoted_the_next_morning(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    for back in range(8, 0, -1):
        day = local_date(now) - timedelta(days=back)
        await waited(hall, day, minutes=900)
        await operations.learn_day(centre_id=hall.centre_id, day=day, now=now)
    await operations.open_counter(
        counter_id=hall.counters[0], centre_id=hall.centre_id, officer_id=MINH, now=now
    )
    tickets = [await walk_in(hall, now) for _ in range(8)]

    wide = await queries.forecast_of(tickets[-1], now=now)
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM forecast_calibration")
    narrow = await queries.forecast_of(tickets[-1], now=now)

    assert wide.p50_minutes == narrow.p50_minutes
    assert wide.p80_minutes > narrow.p80_minutes


async def test_who_came_is_counted_by_channel_and_by_how_long_before_they_booked(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    booked = at_local(yesterday - timedelta(days=1), 9)
    came, _missed = await expected(hall, booked), await expected(hall, booked)
    await operations.check_in(
        appointment_id=came.id, citizen_id=came.citizen_id, now=came.starts_at - 5 * MINUTE
    )

    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)

    counted = await fetch("SELECT channel, lead, expected, came FROM show_count")
    assert [tuple(row) for row in counted] == [("online", "hours", 2, 1)]
    rates = await learned.show_rates(hall.centre_id, before=local_date(now))
    assert rates.whole == show_rate(expected=2, came=1)


async def test_the_night_learns_every_day_that_is_over_once_and_in_order(
    hall: Hall, now: datetime, yesterday: date
) -> None:
    before = yesterday - timedelta(days=1)
    await served(hall, yesterday, [20.0])
    await served(hall, before, [5.0])
    await served(hall, local_date(now), [7.0])

    waiting = await operations.days_to_learn(now=now, at_most=9)
    await schedules.learn_from_days({})

    assert waiting == [(hall.centre_id, before), (hall.centre_id, yesterday)]
    assert await operations.days_to_learn(now=now, at_most=9) == []
    known = await learned.states(hall.centre_id, [hall.code], before=local_date(now))
    assert known[hall.code] == learn(None, [5.0, 20.0])


async def test_a_shift_lead_reads_what_the_own_centre_could_promise(
    hall: Hall, now: datetime, yesterday: date, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await served(hall, yesterday, [10.0] * 35)
    await operations.learn_day(centre_id=hall.centre_id, day=yesterday, now=now)
    other = await fetch_value("SELECT id FROM centre WHERE id <> $1 LIMIT 1", hall.centre_id)
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=hall.centre_id)
    minh = await sign_in(Caller.OFFICER, centre_id=hall.centre_id)
    yen = await sign_in(Caller.MONITOR, centre_id=other)
    path = "/v1/staff/capacity-advice"

    own = await client.get(path, headers=ha.headers)
    foreign = await client.get(f"{path}?centre={other}", headers=ha.headers)
    officer = await client.get(path, headers=minh.headers)
    seen = await client.get(f"{path}?centre={hall.centre_id}", headers=yen.headers)

    assert (own.status_code, foreign.status_code, officer.status_code) == (200, 404, 403)
    assert seen.json()["pools"] == own.json()["pools"]
    pool = next(pool for pool in own.json()["pools"] if pool["pool_id"] == str(hall.pool_id))
    assert [hour["hour"] for hour in pool["hours"]] == [8, 9, 10, 11, 12, 13]
    first = pool["hours"][0]
    assert first["weekday"] == yesterday.isoweekday()
    assert (first["mean_minutes"], first["variation"], first["observations"]) == (10.0, 0.0, 35)
    assert first["counters"] == len(hall.counters)
    assert 0 < first["most_load"] < 1
    assert first["walk_in_share"] > 0.5
