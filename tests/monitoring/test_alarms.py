"""Alarms: at ten minutes, at fifteen, and when whoever comes now would wait too long."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import local_date
from app.core.database import DB, fetch, fetch_value
from app.http.principals import Caller
from app.monitoring import operations, queries
from app.monitoring.alarms import Action, Cause, Kind, PoolNow, Waiting, judge, quicker_pools
from app.monitoring.state_of_halls import busy_centres
from app.queue import operations as queue
from app.queue.queries import TicketRow
from app.queue.states import Move
from tests.queue.conftest import Hall, walk_in
from tests.queue.test_moves import act

SignIn = Callable[..., Awaitable[Any]]
NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DESK, TERM = uuid.UUID(int=5), uuid.UUID(int=6)


@pytest.fixture
def now(at_noon: datetime) -> datetime:
    return at_noon


def a_pool(
    *waited: timedelta,
    p80: int = 5,
    over_for: timedelta | None = None,
    closed: bool = True,
    counters: int = 2,
) -> PoolNow:
    return PoolNow(
        pool_id=uuid.UUID(int=1),
        waiting=[Waiting(uuid.UUID(int=n), f"A{n}", NOW - wait) for n, wait in enumerate(waited, 101)],
        p80_minutes=p80,
        over_since=None if over_for is None else NOW - over_for,
        open_counters=counters,
        closed=[DESK] if closed else [],
        standby=[TERM],
        quicker=[],
    )


def kinds(pool: PoolNow) -> list[Kind]:
    return [alarm.kind for alarm in judge(pool, now=NOW)]


def test_ten_minutes_warn_and_a_second_over_fifteen_is_too_long() -> None:
    assert kinds(a_pool(10 * MINUTE - SECOND)) == []
    assert kinds(a_pool(10 * MINUTE)) == [Kind.WAIT_10]
    assert kinds(a_pool(15 * MINUTE)) == [Kind.WAIT_10]
    assert kinds(a_pool(15 * MINUTE + SECOND)) == [Kind.WAIT_10, Kind.WAIT_15]


def test_a_forecast_has_to_stand_for_ten_minutes_before_it_is_told() -> None:
    assert kinds(a_pool(p80=20, over_for=9 * MINUTE)) == []
    assert kinds(a_pool(p80=20, over_for=10 * MINUTE)) == [Kind.FORECAST]


def test_it_names_who_waits_longest_why_and_what_can_be_done() -> None:
    (alarm,) = judge(a_pool(3 * MINUTE, 12 * MINUTE, 11 * MINUTE), now=NOW)

    assert alarm.ticket is not None
    assert (alarm.ticket.number, alarm.minutes) == ("A102", 12.0)
    assert alarm.cause is Cause.COUNTERS_CLOSED
    assert [each.action for each in alarm.proposals] == [
        Action.OPEN_COUNTER,
        Action.ACTIVATE_STANDBY,
        Action.HOME_SERVICE,
    ]
    busy = judge(a_pool(12 * MINUTE, closed=False), now=NOW)[0]
    assert busy.cause is Cause.ALL_BUSY
    assert [each.action for each in busy.proposals] == [Action.HOME_SERVICE]
    assert judge(a_pool(12 * MINUTE, counters=0), now=NOW)[0].cause is Cause.NO_COUNTER


@given(st.lists(st.integers(0, 60)), st.integers(0, 60))
def test_only_a_pool_that_is_clearly_quicker_is_proposed(others: list[int], own: int) -> None:
    pools = [(uuid.UUID(int=n), p80) for n, p80 in enumerate(others)]

    found = quicker_pools(own, pools)

    waits = [dict(pools)[pool_id] for pool_id in found]
    assert waits == sorted(waits)
    assert all(wait + 5 <= own for wait in waits)
    assert len(found) == sum(p80 + 5 <= own for p80 in others)


async def test_an_alarm_is_raised_once_follows_who_waits_and_ends_by_itself(
    hall: Hall, now: datetime
) -> None:
    first = await walk_in(hall, now)
    second = await walk_in(hall, now + 4 * MINUTE)
    for n in range(3):
        await operations.watch(centre_id=hall.centre_id, now=now + 11 * MINUTE + n * SECOND)
    (raised,) = await queries.alarms_of(hall.centre_id, on=local_date(now), standing=True)
    assert (raised.kind, raised.number, raised.raised_at) == ("wait_10", first.number, now + 11 * MINUTE)
    assert raised.cause == Cause.NO_COUNTER
    assert await busy_centres(now=now) == [hall.centre_id]

    called = await open_and_call(hall, now + 12 * MINUTE)
    await operations.watch(centre_id=hall.centre_id, now=now + 15 * MINUTE)
    (still,) = await queries.alarms_of(hall.centre_id, on=local_date(now), standing=True)
    assert (still.id, still.number) == (raised.id, second.number)

    await act(called, Move.NO_SHOW, hall, now + 16 * MINUTE)
    await open_and_call(hall, now + 16 * MINUTE)
    await operations.watch(centre_id=hall.centre_id, now=now + 16 * MINUTE)

    assert await queries.alarms_of(hall.centre_id, on=local_date(now), standing=True) == []
    (over,) = await queries.alarms_of(hall.centre_id, on=local_date(now))
    assert over.cleared_at == now + 16 * MINUTE
    facts = await fetch("SELECT kind FROM outbox WHERE subject = $1 ORDER BY seq", f"queue_alarm:{over.id}")
    assert [row["kind"] for row in facts] == ["queue_alarm.raised", "queue_alarm.cleared"]


async def open_and_call(hall: Hall, moment: datetime) -> TicketRow:
    """By an officer of the centre's roster, wherever it has one."""
    assert DB.pool is not None
    officer_id = await DB.pool.fetchval(
        "SELECT officer_id FROM shift WHERE centre_id = $1 AND kind = 'official' LIMIT 1", hall.centre_id
    )
    desk = {"counter_id": hall.counters[0], "centre_id": hall.centre_id, "now": moment}
    await queue.open_counter(**desk, officer_id=officer_id)
    called = await queue.call_next(**desk)
    assert called is not None
    return called


async def test_two_looking_at_once_raise_one_alarm(hall: Hall, now: datetime) -> None:
    await walk_in(hall, now)

    await asyncio.gather(
        *(operations.watch(centre_id=hall.centre_id, now=now + 16 * MINUTE) for _ in range(6))
    )

    assert await fetch_value("SELECT count(*) FROM queue_alarm") == 2  # at ten, and at fifteen
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'queue_alarm.raised'") == 2


async def test_a_forecast_that_stays_too_long_is_told_after_ten_minutes(hall: Hall, now: datetime) -> None:
    for _ in range(12):
        await walk_in(hall, now)
    await operations.watch(centre_id=hall.centre_id, now=now)
    assert await queries.alarms_of(hall.centre_id, on=local_date(now)) == []

    await operations.watch(centre_id=hall.centre_id, now=now + 10 * MINUTE)

    found = await queries.alarms_of(hall.centre_id, on=local_date(now))
    assert {alarm.kind for alarm in found} == {"wait_10", "forecast"}


async def test_a_shift_lead_reads_in_words_what_to_do_and_another_centre_nothing(
    hall: Hall, now: datetime, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    ticket = await walk_in(hall, now - 20 * MINUTE)
    await operations.watch(centre_id=hall.centre_id, now=now)
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=hall.centre_id)
    an = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())

    own = (await client.get("/v1/staff/alarms", headers=ha.headers)).json()["items"]
    foreign = (await client.get("/v1/staff/alarms", headers=an.headers)).json()["items"]

    assert {alarm["kind"] for alarm in own} >= {"wait_10", "wait_15"}
    told = next(alarm for alarm in own if alarm["kind"] == "wait_15")
    assert told["words_vi"] == f"Số {ticket.number} đã chờ 20 phút, quá mục tiêu 15 phút. Chưa mở quầy nào."
    assert told["words_en"].endswith("No counter is open.")
    assert told["proposals"][0]["action"] == "open_counter"
    assert told["proposals"][0]["words_vi"].startswith("Mở Quầy")
    assert foreign == []
