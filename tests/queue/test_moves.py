"""The table of moves, played whole against the database: what it allows happens, and nothing else does."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest

from app.core.database import DB, fetch, fetch_row, fetch_value
from app.queue import operations, queries
from app.queue.errors import (
    CounterBusy,
    CounterNotOpen,
    NotServedHere,
    StaleTicket,
    TicketNotFound,
    TicketState,
    TooSoonToRecall,
)
from app.queue.queries import COLUMNS, TicketRow
from app.queue.states import AT_A_COUNTER, MOVES, Move, State
from tests.queue.conftest import MINH, Hall, expected, put, walk_in

LATER = timedelta(minutes=1)


async def act(ticket: TicketRow, move: Move, hall: Hall, now: datetime) -> TicketRow:
    """The move as its own call of the API makes it."""
    if move is Move.TRANSFER:
        return await operations.transfer(
            ticket_id=ticket.id,
            centre_id=hall.centre_id,
            pool_id=hall.pool_id,
            expected_version=ticket.version,
            now=now,
        )
    return await operations.move(
        ticket_id=ticket.id,
        centre_id=hall.centre_id,
        move=move,
        counter_id=hall.counters[0] if move is Move.RESUME else None,
        expected_version=ticket.version,
        now=now,
    )


async def seen(ticket_id: uuid.UUID) -> tuple[object, ...]:
    """Everything that could change: the row, its events, its journal and its facts."""
    row = await fetch_row(f"SELECT {COLUMNS} FROM ticket WHERE id = $1", ticket_id)
    assert row is not None
    return (
        *row,
        await fetch_value("SELECT count(*) FROM queue_event WHERE ticket_id = $1", ticket_id),
        await fetch_value("SELECT count(*) FROM journal WHERE object_id = $1", str(ticket_id)),
        await fetch_value("SELECT count(*) FROM outbox WHERE subject = $1", f"ticket:{ticket_id}"),
    )


@pytest.mark.parametrize("state", State)
async def test_what_the_table_says_happens_and_what_it_does_not_say_changes_nothing(
    open_hall: Hall, now: datetime, state: State
) -> None:
    at = open_hall.counters[0] if state in AT_A_COUNTER else None
    for move in Move:
        if move is Move.UNDO_CHECK_IN and state is State.WAITING:
            continue  # a walk-in was never checked in; its own test is below
        ticket = await put(await walk_in(open_hall, now), state, at)
        before = await seen(ticket.id)

        if (state, move) in MOVES:
            changed = await act(ticket, move, open_hall, now + LATER)
            assert changed.state == MOVES[state, move]
            assert changed.version == ticket.version + 1
            assert changed.number == ticket.number
            assert await queries.by_id(ticket.id) == changed
        else:
            with pytest.raises(TicketState) as refused:
                await act(ticket, move, open_hall, now + LATER)
            assert refused.value.facts == {"state": state, "version": ticket.version}
            assert await seen(ticket.id) == before

        assert DB.pool is not None
        await DB.pool.execute("DELETE FROM ticket_period WHERE ticket_id = $1", ticket.id)
        await DB.pool.execute("DELETE FROM ticket WHERE id = $1", ticket.id)


async def test_of_eight_officers_who_finish_one_ticket_one_does(open_hall: Hall, now: datetime) -> None:
    ticket = await put(await walk_in(open_hall, now), State.SERVING, open_hall.counters[0])

    answers = await asyncio.gather(
        *(act(ticket, Move.FINISH, open_hall, now) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(answer, TicketRow) for answer in answers) == 1
    assert sum(isinstance(answer, TicketState) for answer in answers) == 7
    assert await events(ticket) == ["issued", "finished"]


async def test_finish_and_park_pressed_together_leave_one_outcome(open_hall: Hall, now: datetime) -> None:
    for _ in range(10):
        ticket = await put(await walk_in(open_hall, now), State.SERVING, open_hall.counters[0])

        answers = await asyncio.gather(
            act(ticket, Move.FINISH, open_hall, now),
            act(ticket, Move.PARK, open_hall, now),
            return_exceptions=True,
        )

        won = [answer for answer in answers if isinstance(answer, TicketRow)]
        assert len(won) == 1
        assert sum(isinstance(answer, TicketState | StaleTicket) for answer in answers) == 1
        assert await queries.by_id(ticket.id) == won[0]


async def events(ticket: TicketRow) -> list[str]:
    rows = await fetch("SELECT type FROM queue_event WHERE ticket_id = $1 ORDER BY seq", ticket.id)
    return [row["type"] for row in rows]


async def test_the_first_call_stays_the_end_of_the_wait(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now)
    counter_id = open_hall.counters[0]
    called = await operations.call_next(counter_id=counter_id, centre_id=open_hall.centre_id, now=now)
    assert called is not None

    again = await act(called, Move.RECALL, open_hall, now + LATER)

    assert again.first_called_at == now
    assert again.last_called_at == now + LATER
    assert again.calls == 2
    assert await events(called) == ["issued", "called", "recalled"]


async def test_a_second_press_of_recall_is_too_soon(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now)
    called = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )
    assert called is not None
    before = await seen(called.id)

    with pytest.raises(TooSoonToRecall):
        await act(called, Move.RECALL, open_hall, now + timedelta(seconds=14))
    assert await seen(called.id) == before


async def test_a_ticket_that_goes_on_keeps_its_number_and_is_due_at_once(
    open_hall: Hall, now: datetime
) -> None:
    assert DB.pool is not None
    other = await DB.pool.fetchval(
        "SELECT id FROM pool WHERE centre_id = $1 AND kind = 'counter' AND id <> $2 LIMIT 1",
        open_hall.centre_id,
        open_hall.pool_id,
    )
    ticket = await put(await walk_in(open_hall, now), State.SERVING, open_hall.counters[0])

    moved = await operations.transfer(
        ticket_id=ticket.id,
        centre_id=open_hall.centre_id,
        pool_id=other,
        expected_version=ticket.version,
        now=now + LATER,
    )

    assert (moved.number, moved.pool_id, moved.counter_id) == (ticket.number, other, None)
    assert moved.call_by == now + LATER
    assert await queries.by_id(ticket.id) == moved


async def test_a_ticket_does_not_go_on_to_another_centre(open_hall: Hall, now: datetime) -> None:
    assert DB.pool is not None
    foreign = await DB.pool.fetchval(
        "SELECT id FROM pool WHERE centre_id <> $1 AND kind = 'counter' LIMIT 1", open_hall.centre_id
    )
    ticket = await walk_in(open_hall, now)

    with pytest.raises(NotServedHere):
        await operations.transfer(
            ticket_id=ticket.id,
            centre_id=open_hall.centre_id,
            pool_id=foreign,
            expected_version=ticket.version,
            now=now,
        )
    with pytest.raises(TicketNotFound):
        await operations.move(
            ticket_id=ticket.id,
            centre_id=uuid.uuid4(),
            move=Move.LEAVE,
            expected_version=ticket.version,
            now=now,
        )
    assert await queries.by_id(ticket.id) == ticket


async def test_a_walk_in_was_never_checked_in(hall: Hall, now: datetime) -> None:
    ticket = await walk_in(hall, now)

    with pytest.raises(TicketState):
        await act(ticket, Move.UNDO_CHECK_IN, hall, now)
    assert await queries.by_id(ticket.id) == ticket


async def test_only_an_open_counter_calls_and_one_with_somebody_does_not_close(
    hall: Hall, now: datetime
) -> None:
    counter_id, officer_id = hall.counters[0], MINH
    desk = {"counter_id": counter_id, "centre_id": hall.centre_id, "now": now}
    ticket = await walk_in(hall, now)
    with pytest.raises(CounterNotOpen):
        await operations.call_next(**desk)
    await operations.pause_counter(**desk, officer_id=officer_id)
    with pytest.raises(CounterNotOpen):
        await operations.call_next(**desk)

    await operations.open_counter(**desk, officer_id=officer_id)
    called = await operations.call_next(**desk)

    assert called is not None
    assert called.id == ticket.id
    with pytest.raises(CounterBusy) as busy:
        await operations.close_counter(**desk, officer_id=officer_id)
    assert busy.value.facts["ticket_id"] == ticket.id
    assert busy.value.facts["number"] == ticket.number
    await operations.pause_counter(**desk, officer_id=officer_id)
    assert (await act(called, Move.START, hall, now)).state == State.SERVING


async def test_what_happens_at_one_counter_is_written_down_in_order(open_hall: Hall, now: datetime) -> None:
    appointment = await expected(open_hall, now)
    opens = appointment.starts_at
    issued = await operations.check_in(reference=appointment.reference, now=opens)
    ticket = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=opens
    )
    assert ticket is not None
    assert ticket.id == issued.ticket.id

    for n, move in enumerate((Move.START, Move.PARK, Move.RESUME, Move.FINISH), start=1):
        ticket = await act(ticket, move, open_hall, opens + n * LATER)

    assert await events(ticket) == ["issued", "called", "started", "parked", "resumed", "finished"]
    facts = await fetch("SELECT kind FROM outbox WHERE subject = $1 ORDER BY id", f"ticket:{ticket.id}")
    assert [row["kind"] for row in facts] == ["ticket.issued", "ticket.called", "ticket.finished"]
    state = await fetch_value("SELECT state FROM appointment WHERE id = $1", appointment.id)
    assert state == "served"
