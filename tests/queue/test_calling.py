"""Calling: forty counters at once, nobody twice, nobody left; and one ticket at a counter."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest

from app.core.database import DB, fetch_value
from app.queue import operations
from app.queue.errors import CounterBusy, SeriesFull, StaleTicket, TicketState
from app.queue.queries import TicketRow
from app.queue.states import MOVES, OVER, Move, State
from tests.queue.conftest import MINH, Hall, walk_in

COUNTERS = 40
TICKETS = 400


@pytest.fixture
def now(at_noon: datetime) -> datetime:
    return at_noon


async def add_counters(hall: Hall, count: int, now: datetime) -> list[uuid.UUID]:
    """More desks than the sample has, for a crowd."""
    counters = [uuid.uuid4() for _ in range(count)]
    assert DB.pool is not None
    for n, counter_id in enumerate(counters):
        await DB.pool.execute(
            "INSERT INTO counter (id, centre_id, number, label_vi, label_en)"
            " VALUES ($1, $2, $3, 'Quầy', 'Counter')",
            counter_id,
            hall.centre_id,
            500 + n,
        )
        await DB.pool.execute(
            "INSERT INTO counter_pool (counter_id, pool_id, centre_id) VALUES ($1, $2, $3)",
            counter_id,
            hall.pool_id,
            hall.centre_id,
        )
        await operations.open_counter(
            counter_id=counter_id, centre_id=hall.centre_id, officer_id=MINH, now=now
        )
    return counters


async def test_forty_counters_call_four_hundred_tickets_nobody_twice_nobody_left(
    hall: Hall, now: datetime
) -> None:
    order = [(await walk_in(hall, now + timedelta(seconds=n))).number for n in range(TICKETS)]
    counters = await add_counters(hall, COUNTERS, now)
    called: list[str] = []

    async def serve(counter_id: uuid.UUID) -> None:
        while True:
            ticket = await operations.call_next(counter_id=counter_id, centre_id=hall.centre_id, now=now)
            if ticket is None:
                return
            called.append(ticket.number)
            for move in (Move.START, Move.FINISH):
                ticket = await operations.move(
                    ticket_id=ticket.id,
                    centre_id=hall.centre_id,
                    move=move,
                    expected_version=ticket.version,
                    now=now,
                )

    await asyncio.gather(*(serve(counter_id) for counter_id in counters))

    assert sorted(called) == sorted(order)
    displacement = max(abs(called.index(number) - n) for n, number in enumerate(order))
    assert displacement <= 2 * COUNTERS


async def test_two_officers_pressing_at_once_at_one_counter_get_one_ticket(
    open_hall: Hall, now: datetime
) -> None:
    for _ in range(3):
        await walk_in(open_hall, now)

    answers = await asyncio.gather(
        *(
            operations.call_next(counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now)
            for _ in range(6)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, TicketRow) for answer in answers) == 1
    assert sum(isinstance(answer, CounterBusy) for answer in answers) == 5


async def test_five_hundred_requests_against_a_cap_of_a_hundred_give_a_hundred_numbers(
    hall: Hall, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queue.rules.SERIES_CAP", 100)

    answers = await asyncio.gather(*(walk_in(hall, now) for _ in range(520)), return_exceptions=True)

    numbers = [answer.number for answer in answers if isinstance(answer, TicketRow)]
    assert len(numbers) == len(set(numbers)) == 100
    assert sum(isinstance(answer, SeriesFull) for answer in answers) == 420


async def test_priority_is_called_before_who_came_a_minute_earlier(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now - timedelta(minutes=1))
    elderly = await walk_in(open_hall, now, priority="NCT")

    first = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )

    assert first is not None
    assert first.id == elderly.id


async def test_nobody_starves_behind_priority(open_hall: Hall, now: datetime) -> None:
    waiting_long = await walk_in(open_hall, now - timedelta(minutes=16))
    await walk_in(open_hall, now, priority="NCT")

    first = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )

    assert first is not None
    assert first.id == waiting_long.id


async def test_a_stale_screen_changes_nothing(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now)
    ticket = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )
    assert ticket is not None

    with pytest.raises(StaleTicket):
        await operations.move(
            ticket_id=ticket.id,
            centre_id=open_hall.centre_id,
            move=Move.START,
            expected_version=ticket.version - 1,
            now=now,
        )
    assert await fetch_value("SELECT state FROM ticket WHERE id = $1", ticket.id) == "called"


@pytest.mark.parametrize("move", [Move.FINISH, Move.RESUME, Move.NO_SHOW, Move.START])
async def test_what_the_table_does_not_allow_is_refused(hall: Hall, now: datetime, move: Move) -> None:
    ticket = await walk_in(hall, now)

    with pytest.raises(TicketState):
        await operations.move(
            ticket_id=ticket.id,
            centre_id=hall.centre_id,
            move=move,
            expected_version=ticket.version,
            now=now,
        )


def test_nothing_follows_an_end() -> None:
    assert not [state for state, _ in MOVES if state in OVER]
    assert {state for state, _ in MOVES} | OVER == set(State)
