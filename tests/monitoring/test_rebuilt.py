"""The live figures and those rebuilt from the append-only events are the same, to the last unit."""

import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.appointments import operations as appointments
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB, fetch, fetch_value
from app.http.principals import Caller
from app.monitoring import queries
from app.queue import operations
from app.queue.errors import CounterBusy, HolderAway, ReturnGone, TicketState, TooSoonToRecall
from app.queue.queries import COLUMNS, TicketRow
from app.queue.states import MOVES, OVER, Move
from tests.queue.conftest import Hall, expected, make_due, walk_in
from tests.queue.test_moves import act


@pytest.fixture
def morning() -> datetime:
    """Nine in the morning: a day lived at random ends before its midnight."""
    return at_local(local_date(current_time()), 9)


SignIn = Callable[..., Awaitable[Any]]
GROUPS = [None, None, None, "NCT"]
NINE = datetime.fromisoformat("2026-11-25T09:00:00+07:00")
LEFT_OUT = {Move.UNDO_CHECK_IN}  # of appointments; a test of its own is below


async def a_random_day(hall: Hall, now: datetime, chance: random.Random) -> datetime:
    """People come, are called and moved about as the table of moves allows; the moment it ends."""
    moment = now
    for _ in range(40):
        moment += timedelta(seconds=chance.randint(5, 240))
        if chance.random() < 0.6:
            await walk_in(hall, moment, priority=chance.choice(GROUPS))
        with contextlib.suppress(CounterBusy):
            await operations.call_next(
                counter_id=chance.choice(hall.counters), centre_id=hall.centre_id, now=moment
            )
        await move_somebody(hall, moment, chance, anywhere=True)
    return moment


async def move_somebody(
    hall: Hall, moment: datetime, chance: random.Random, *, anywhere: bool = False
) -> None:
    """One move the table allows, of somebody who is still here; sent on within the group, or `anywhere`."""
    here = await fetch(f"SELECT {COLUMNS} FROM ticket WHERE state <> ALL($1) ORDER BY id", sorted(OVER))
    if not here:
        return
    ticket = TicketRow(*chance.choice(here))
    possible = [move for state, move in MOVES if state == ticket.state and move not in LEFT_OUT]
    if anywhere:
        pools = await fetch(
            "SELECT id FROM pool WHERE centre_id = $1 AND kind = 'counter' ORDER BY id", hall.centre_id
        )
        hall = hall._replace(pool_id=chance.choice(pools)["id"])
    # Too soon to recall, or a counter that holds somebody: a refusal that changes nothing.
    with contextlib.suppress(TooSoonToRecall, CounterBusy, TicketState, HolderAway):
        await act(ticket, chance.choice(possible), hall, moment)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happened_the_events_tell_the_same_day_as_the_tickets(
    open_hall: Hall, morning: datetime, seed: int
) -> None:
    ended = await a_random_day(open_hall, morning, random.Random(seed))
    days = {"first": local_date(morning), "last": local_date(ended)}

    live = await queries.indicators(open_hall.centre_id, **days, now=ended)
    rebuilt = await queries.indicators(open_hall.centre_id, **days, now=ended, rebuilt=True)

    assert live == rebuilt
    assert live.whole.tickets > 5
    assert live.whole.within_target.denominator > 0


async def answer_or_come_back(hall: Hall, moment: datetime, chance: random.Random) -> None:
    """Somebody who was offered a time answers, or somebody who went away is back."""
    here = await fetch(
        f"SELECT {COLUMNS} FROM ticket WHERE state = 'waiting' AND return_state IN ('offered', 'agreed')"
        " ORDER BY id"
    )
    if not here:
        return
    ticket = TicketRow(*chance.choice(here))
    with contextlib.suppress(ReturnGone, TicketState):
        if ticket.return_state == "offered":
            accept = chance.random() < 0.8
            await operations.answer_return(
                ticket_id=ticket.id, centre_id=hall.centre_id, accept=accept, now=moment
            )
        else:
            await operations.come_back(ticket_id=ticket.id, centre_id=hall.centre_id, now=moment)


@pytest.mark.parametrize("seed", range(4))
async def test_a_day_on_which_people_went_away_and_came_back_is_told_the_same(
    open_hall: Hall, seed: int
) -> None:
    chance = random.Random(seed)
    moment = NINE
    await plan_the_day(open_hall)
    for _ in range(60):
        moment += timedelta(seconds=chance.randint(5, 120))
        await walk_in(open_hall, moment, priority=chance.choice(GROUPS))
        await answer_or_come_back(open_hall, moment, chance)
        with contextlib.suppress(CounterBusy):
            await operations.call_next(
                counter_id=chance.choice(open_hall.counters), centre_id=open_hall.centre_id, now=moment
            )
        await move_somebody(open_hall, moment, chance)
        if chance.random() < 0.1:
            await operations.give_up_late_returns(now=moment)
    days = {"first": local_date(NINE), "last": local_date(NINE)}

    live = await queries.indicators(open_hall.centre_id, **days, now=moment)
    rebuilt = await queries.indicators(open_hall.centre_id, **days, now=moment, rebuilt=True)

    assert live == rebuilt
    assert await fetch_value("SELECT count(*) FROM ticket WHERE return_state = 'back'") > 0
    assert await fetch_value("SELECT count(*) FROM ticket WHERE return_state = 'agreed'") > 0
    broken = await fetch(
        "SELECT slot.id FROM slot LEFT JOIN ticket ON ticket.return_slot_id = slot.id GROUP BY slot.id"
        " HAVING taken_walkin <> count(ticket.id)"
    )
    assert broken == []


async def plan_the_day(hall: Hall) -> None:
    await appointments.publish_opening(
        centre_id=hall.centre_id,
        pool_id=hall.pool_id,
        starts_at=at_local(local_date(NINE), 8),
        ends_at=at_local(local_date(NINE), 17),
        counters=3,
        now=at_local(local_date(NINE), 7),
    )


async def test_who_came_back_waited_from_the_agreed_time_and_was_delayed_from_the_door(
    open_hall: Hall,
) -> None:
    await plan_the_day(open_hall)
    ticket = await walk_in(open_hall, NINE)
    while ticket.return_state != "offered":
        ticket = await walk_in(open_hall, NINE)
    named = {"ticket_id": ticket.id, "centre_id": open_hall.centre_id}
    agreed = await operations.answer_return(**named, accept=True, now=NINE)
    assert agreed.returns_at is not None
    at = agreed.returns_at + timedelta(minutes=1)
    await operations.come_back(**named, now=agreed.returns_at)
    await operations.call_chosen(**named, counter_id=open_hall.counters[0], reason="asked for", now=at)
    today = local_date(NINE)

    live = await queries.indicators(open_hall.centre_id, first=today, last=today, now=at)

    assert live.whole.wait.longest == 1.0
    assert live.whole.delay.longest == round((at - NINE) / timedelta(minutes=1), 1)
    assert live.whole.delay.longest > 10


async def test_who_went_away_for_good_has_left_and_adds_no_wait(open_hall: Hall) -> None:
    await plan_the_day(open_hall)
    ticket = await walk_in(open_hall, NINE)
    while ticket.return_state != "offered":
        ticket = await walk_in(open_hall, NINE)
    await operations.answer_return(
        ticket_id=ticket.id, centre_id=open_hall.centre_id, accept=True, now=NINE
    )
    today, evening = local_date(NINE), at_local(local_date(NINE), 21)
    before = await queries.indicators(open_hall.centre_id, first=today, last=today, now=evening)
    await operations.close_day(centre_id=open_hall.centre_id, day=today, now=evening)

    live = await queries.indicators(open_hall.centre_id, first=today, last=today, now=evening)
    rebuilt = await queries.indicators(
        open_hall.centre_id, first=today, last=today, now=evening, rebuilt=True
    )

    assert live == rebuilt
    assert before.whole.waiting == live.whole.tickets - 1
    assert live.whole.abandoned.numerator == live.whole.tickets
    assert live.whole.wait.n == live.whole.tickets - 1
    assert ticket.number not in {each.number for each in live.exceeded}


async def test_a_check_in_that_is_undone_is_no_visit_by_either_witness(
    open_hall: Hall, now: datetime
) -> None:
    appointment = await expected(open_hall, now)
    await make_due(appointment)
    issued = await operations.check_in(reference=appointment.reference, now=now)
    await act(issued.ticket, Move.UNDO_CHECK_IN, open_hall, now)
    today = local_date(now)

    live = await queries.indicators(open_hall.centre_id, first=today, last=today, now=now)
    rebuilt = await queries.indicators(open_hall.centre_id, first=today, last=today, now=now, rebuilt=True)

    assert live == rebuilt
    assert live.whole.tickets == 0


async def test_a_row_changed_beside_its_events_is_seen(open_hall: Hall, now: datetime) -> None:
    ticket = await walk_in(open_hall, now)
    await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now + timedelta(minutes=20)
    )
    assert DB.pool is not None
    await DB.pool.execute("UPDATE ticket SET first_called_at = issued_at")
    today = local_date(now)
    later = now + timedelta(minutes=21)

    live = await queries.indicators(open_hall.centre_id, first=today, last=today, now=later)
    rebuilt = await queries.indicators(
        open_hall.centre_id, first=today, last=today, now=later, rebuilt=True
    )

    assert live.whole.within_target.value == 1.0
    assert rebuilt.whole.within_target.value == 0.0
    assert [each.number for each in rebuilt.exceeded] == [ticket.number]


async def test_a_shift_lead_reads_the_own_centre_and_a_monitor_any(
    open_hall: Hall, now: datetime, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await walk_in(open_hall, now)
    other = await fetch_value("SELECT id FROM centre WHERE id <> $1 LIMIT 1", open_hall.centre_id)
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=open_hall.centre_id)
    yen = await sign_in(Caller.MONITOR, centre_id=other)

    own = await client.get("/v1/staff/indicators", headers=ha.headers)
    foreign = await client.get(f"/v1/staff/indicators?centre={other}", headers=ha.headers)
    seen = await client.get(f"/v1/staff/indicators?centre={open_hall.centre_id}", headers=yen.headers)
    unknown = await client.get(f"/v1/staff/indicators?centre={uuid.uuid4()}", headers=yen.headers)

    assert (own.status_code, foreign.status_code, seen.status_code, unknown.status_code) == (
        200,
        404,
        200,
        404,
    )
    assert own.json()["figures"]["tickets"] == 1
    assert own.json()["figures"]["within_target"] == {"numerator": 0, "denominator": 0, "value": None}
    assert seen.json()["figures"] == own.json()["figures"]


@pytest.mark.parametrize("period", ["from=2026-11-02&to=2026-11-01", "from=2026-01-01&to=2026-12-31"])
async def test_a_period_that_is_turned_round_or_too_long_is_refused(
    open_hall: Hall, client: httpx.AsyncClient, sign_in: SignIn, period: str
) -> None:
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=open_hall.centre_id)

    answer = await client.get(f"/v1/staff/indicators?{period}", headers=ha.headers)

    assert answer.status_code == 422
    assert answer.json()["code"] == "indicator_period_not_valid"
