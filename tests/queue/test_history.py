"""What happened is written once, stays, and every figure can be computed from it alone."""

import random
import uuid
from datetime import datetime, timedelta

import asyncpg
import pytest

from app.core.database import DB, fetch, fetch_row
from app.queue import history, operations, queries, states
from app.queue.errors import PutBackOnce, TooSoonToRecall
from app.queue.queries import TicketRow
from app.queue.states import MOVES, Move, State
from tests.queue.conftest import Hall, walk_in
from tests.queue.test_moves import act
from tests.queue.test_periods import another_here

EVENTS = ("UPDATE queue_event SET at = now()", "DELETE FROM queue_event", "TRUNCATE queue_event")


@pytest.mark.parametrize("statement", EVENTS)
async def test_an_event_is_never_changed_and_never_taken_away(
    hall: Hall, now: datetime, statement: str
) -> None:
    await walk_in(hall, now)
    assert DB.pool is not None

    with pytest.raises(asyncpg.RaiseError, match="append only"):
        await DB.pool.execute(statement)

    assert len(await fetch("SELECT seq FROM queue_event")) == 1


async def _played(hall: Hall, now: datetime, chance: random.Random) -> TicketRow:
    """A ticket that is called and then moved about as the table allows, a while between moves."""
    first = await walk_in(hall, now, priority=chance.choice([None, "NCT"]))
    ticket = await operations.call_next(
        counter_id=hall.counters[0], centre_id=hall.centre_id, now=now + timedelta(minutes=7)
    )
    assert ticket is not None
    assert ticket.id == first.id
    moment = now + timedelta(minutes=7)
    for _ in range(chance.randint(0, 16)):
        moment += timedelta(seconds=chance.randint(20, 900))
        ticket = await _moved(ticket, hall, moment, chance)
    return ticket


async def _moved(ticket: TicketRow, hall: Hall, moment: datetime, chance: random.Random) -> TicketRow:
    """Anything that may happen to a ticket now; as it was when nothing may, or not any more."""
    if ticket.state == State.WAITING and chance.random() < 0.7:
        called = await operations.call_next(
            counter_id=hall.counters[0], centre_id=hall.centre_id, now=moment
        )
        return called or ticket
    if ticket.state == State.SERVING and chance.random() < 0.3:
        served = await operations.add_procedure(
            ticket_id=ticket.id,
            centre_id=hall.centre_id,
            code=await another_here(hall, moment),
            expected_version=ticket.version,
            now=moment,
        )
        return served.ticket
    possible = [move for state, move in MOVES if state == ticket.state and move is not Move.UNDO_CHECK_IN]
    if not possible:
        return ticket
    try:
        return await act(ticket, chance.choice(possible), hall, moment)
    except (PutBackOnce, TooSoonToRecall):
        return ticket


@pytest.mark.parametrize("seed", range(24))
async def test_a_ticket_is_rebuilt_from_its_events_alone(open_hall: Hall, now: datetime, seed: int) -> None:
    ticket = await _played(open_hall, now, random.Random(seed))

    told = history.story(await queries.events_of(ticket.id))

    assert told is not None
    assert told.state == ticket.state
    assert (told.number, told.ticket_class, told.priority_group) == (
        ticket.number,
        ticket.ticket_class,
        ticket.priority_group,
    )
    assert (told.issued_at, told.wait_from) == (ticket.issued_at, ticket.wait_from)
    assert (told.calls, told.first_called_at) == (ticket.calls, ticket.first_called_at)
    assert told.waited == timedelta(minutes=7)
    assert told.ended_at == ticket.ended_at
    assert list(told.procedures) == list(ticket.procedure_codes)
    periods = await queries.periods_of(ticket.id)
    assert list(told.spans) == [
        (period.procedure_code, period.ended_at - period.started_at)
        for period in periods
        if period.ended_at
    ]
    assert sum(period.ended_at is None for period in periods) == (ticket.state == State.SERVING)


async def test_an_event_carries_what_a_figure_asks_about(open_hall: Hall, now: datetime) -> None:
    counter_id = open_hall.counters[0]
    issued = await walk_in(open_hall, now, priority="NCT")
    await operations.call_next(counter_id=counter_id, centre_id=open_hall.centre_id, now=now)
    sits = await fetch_row("SELECT officer_id FROM counter_state WHERE counter_id = $1", counter_id)
    assert sits is not None

    begun, called = await queries.events_of(issued.id)

    assert (begun.data["p50_minutes"], begun.data["p80_minutes"], begun.data["position"]) == (0, 0, 1)
    for event in (begun, called):
        assert event.data["number"] == issued.number
        assert event.data["ticket_class"] == "priority"
        assert event.data["priority_group"] == "NCT"
        assert event.data["procedures"] == [open_hall.code]
        assert datetime.fromisoformat(event.data["wait_from"]) == issued.wait_from
    assert called.data["officer"] == str(sits["officer_id"])
    assert "officer" not in begun.data
    pools = await fetch("SELECT DISTINCT pool_id FROM queue_event WHERE ticket_id = $1", issued.id)
    assert [row["pool_id"] for row in pools] == [open_hall.pool_id]


async def test_a_transfer_says_from_where_to_where_and_who_let_go(open_hall: Hall, now: datetime) -> None:
    assert DB.pool is not None
    other: uuid.UUID = await DB.pool.fetchval(
        "SELECT id FROM pool WHERE centre_id = $1 AND kind = 'counter' AND id <> $2 LIMIT 1",
        open_hall.centre_id,
        open_hall.pool_id,
    )
    await walk_in(open_hall, now)
    ticket = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )
    assert ticket is not None
    await operations.transfer(
        ticket_id=ticket.id,
        centre_id=open_hall.centre_id,
        pool_id=other,
        expected_version=ticket.version,
        now=now,
    )

    last = await fetch_row(
        "SELECT pool_id, counter_id, data->>'from_pool' AS came, data->>'to_pool' AS went"
        " FROM queue_event WHERE ticket_id = $1 ORDER BY seq DESC LIMIT 1",
        ticket.id,
    )

    assert last is not None
    assert (last["pool_id"], last["counter_id"]) == (other, open_hall.counters[0])
    assert (last["came"], last["went"]) == (str(open_hall.pool_id), str(other))


def test_every_state_a_move_leads_to_is_told_by_its_event() -> None:
    assert set(history.STATE_AFTER.values()) == set(states.State)
