"""Whose turn it is: priority first and never for ever, late-comers at the tail, others for a reason."""

import asyncio
import uuid
from datetime import datetime, timedelta

import httpx
import pytest

from app.appointments import operations as appointments
from app.appointments.errors import OutsideCheckInWindow
from app.core.clock import at_local, local_date
from app.core.database import fetch, fetch_value
from app.http.principals import Caller
from app.queue import operations, queries, rules
from app.queue.errors import CounterBusy, PutBackOnce, ServedElsewhere, TicketState
from app.queue.queries import IssuedTicket, TicketRow
from app.queue.states import Move, State
from tests.conftest import SignIn
from tests.queue.conftest import Hall, expected, put, walk_in
from tests.queue.test_calling import add_counters
from tests.queue.test_moves import act, events

MINUTE = timedelta(minutes=1)


async def call(hall: Hall, now: datetime) -> TicketRow:
    """The next at the first counter, who is served at once."""
    ticket = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert ticket is not None
    for move in (Move.START, Move.FINISH):
        ticket = await act(ticket, move, hall, now)
    return ticket


async def test_after_two_with_priority_comes_somebody_without(open_hall: Hall, now: datetime) -> None:
    for n in range(3):
        await walk_in(open_hall, now + n * timedelta(seconds=1))
    for n in range(5):
        await walk_in(open_hall, now + timedelta(seconds=10 + n), priority="NCT")

    calls = [await call(open_hall, now + MINUTE) for _ in range(8)]

    assert "".join(ticket.ticket_class[0] for ticket in calls) == "ppwppwpw"
    assert [ticket.turn for ticket in calls[:6]] == ["due", "due", "after_priority"] * 2
    assert calls[7].turn == "due"


async def test_many_with_priority_and_nobody_else_do_not_wait_for_nobody(
    open_hall: Hall, now: datetime
) -> None:
    for n in range(4):
        await walk_in(open_hall, now + n * timedelta(seconds=1), priority="NCT")

    assert [(await call(open_hall, now + MINUTE)).ticket_class for _ in range(4)] == ["priority"] * 4


async def test_with_twelve_counters_at_once_a_third_of_the_calls_is_without_priority(
    hall: Hall, now: datetime
) -> None:
    for n in range(90):
        await walk_in(hall, now + n * timedelta(seconds=1), priority="NCT")
    for n in range(40):
        await walk_in(hall, now + n * timedelta(seconds=1))
    counters = await add_counters(hall, 12, now)
    called: list[TicketRow] = []

    async def serve(counter_id: uuid.UUID) -> list[str]:
        mine = []
        for _ in range(6):
            ticket = await operations.call_next(
                counter_id=counter_id, centre_id=hall.centre_id, now=now + 2 * MINUTE
            )
            assert ticket is not None
            mine.append(ticket.ticket_class)
            called.append(ticket)
            for move in (Move.START, Move.FINISH):
                ticket = await act(ticket, move, hall, now + 2 * MINUTE)
        return mine

    per_counter = await asyncio.gather(*(serve(counter_id) for counter_id in counters))

    assert len({ticket.id for ticket in called}) == 12 * 6
    assert all(classes == ["priority", "priority", "walk_in"] * 2 for classes in per_counter)


async def test_whoever_priority_pushes_past_the_target_is_told_of(open_hall: Hall, now: datetime) -> None:
    # Both wait for long; the one with priority came a little later, and is due before.
    pushed = await walk_in(open_hall, now)
    await walk_in(open_hall, now + 10 * MINUTE, priority="NCT")

    first = await call(open_hall, now + 16 * MINUTE)
    second = await call(open_hall, now + 20 * MINUTE)

    assert (first.ticket_class, second.id) == ("priority", pushed.id)
    told = await fetch(
        "SELECT payload->>'number' AS number, (payload->>'others')::int AS others FROM outbox"
        " WHERE kind = 'ticket.priority_passed_target' ORDER BY seq"
    )
    assert [tuple(row) for row in told] == [(first.number, 1), (second.number, 1)]


async def test_who_is_called_within_the_target_alarms_nobody(open_hall: Hall, now: datetime) -> None:
    now = at_local(local_date(now), 9)  # forty minutes before and a quarter of an hour after are its day
    await walk_in(open_hall, now)
    await walk_in(open_hall, now + 10 * MINUTE, priority="NCT")
    # Long, and not because of priority: nobody passed this one.
    await walk_in(open_hall, now - 40 * MINUTE)

    for n in range(3):
        await call(open_hall, now + (12 + n) * MINUTE)

    assert (
        await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'ticket.priority_passed_target'") == 0
    )


async def late(hall: Hall, now: datetime, *, minutes: int) -> tuple[IssuedTicket, uuid.UUID, datetime]:
    """Somebody with an appointment checks in at the desk so many minutes after it."""
    appointment = await expected(hall, now)
    moment = appointment.starts_at + minutes * MINUTE
    issued = await operations.check_in(
        reference=appointment.reference, centre_id=hall.centre_id, late_too=True, now=moment
    )
    return issued, appointment.id, moment


async def test_twelve_minutes_late_is_a_walk_in_at_the_tail_counted_from_check_in(
    open_hall: Hall, now: datetime
) -> None:
    issued, appointment_id, moment = await late(open_hall, now, minutes=12)

    ticket = issued.ticket
    assert (ticket.ticket_class, ticket.is_late) == ("walk_in", True)
    assert (ticket.wait_from, ticket.call_by) == (moment, moment + 15 * MINUTE)
    assert await fetch_value("SELECT state FROM appointment WHERE id = $1", appointment_id) == "arrived"
    why = rules.reason(kind=rules.TicketClass.WALK_IN, due=ticket.call_by, now=moment, is_late=True)
    assert "Trễ hẹn" in why.vi
    assert "Late" in why.en


async def test_ten_minutes_late_is_on_time(open_hall: Hall, now: datetime) -> None:
    issued, _, moment = await late(open_hall, now, minutes=10)

    assert (issued.ticket.ticket_class, issued.ticket.is_late) == ("appointment", False)
    assert issued.ticket.wait_from == moment


async def test_who_comes_after_being_marked_as_missed_has_come_after_all(
    open_hall: Hall, now: datetime
) -> None:
    appointment = await expected(open_hall, now)
    moment = appointment.starts_at + 25 * MINUTE
    assert await appointments.miss_overdue(now=moment) == 1
    desk = {"reference": appointment.reference, "centre_id": open_hall.centre_id, "now": moment}

    with pytest.raises(OutsideCheckInWindow):
        await operations.check_in(appointment_id=appointment.id, now=moment)
    answers = await asyncio.gather(*(operations.check_in(**desk, late_too=True) for _ in range(5)))

    assert len({issued.ticket.id for issued in answers}) == 1
    state = "SELECT state FROM appointment WHERE id = $1"
    assert await fetch_value(state, appointment.id) == "arrived"
    await call(open_hall, moment)
    assert await fetch_value(state, appointment.id) == "served"


async def test_the_day_after_is_too_late(open_hall: Hall, now: datetime) -> None:
    appointment = await expected(open_hall, now)

    with pytest.raises(OutsideCheckInWindow):
        await operations.check_in(
            reference=appointment.reference,
            centre_id=open_hall.centre_id,
            late_too=True,
            now=appointment.starts_at + timedelta(days=1),
        )


async def missed(hall: Hall, now: datetime) -> TicketRow:
    """Somebody who was called at `now` and did not come."""
    await walk_in(hall, now)
    called = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert called is not None
    return await act(called, Move.NO_SHOW, hall, now + MINUTE)


async def test_a_missed_number_is_put_back_once_at_the_tail_and_rests_after_its_call(
    open_hall: Hall, now: datetime
) -> None:
    ticket = await missed(open_hall, now)
    other = await walk_in(open_hall, now + MINUTE)

    back = await act(ticket, Move.PUT_BACK, open_hall, now + 2 * MINUTE)

    assert (back.state, back.call_by, back.ended_at) == (State.WAITING, now + 17 * MINUTE, None)
    assert (await call(open_hall, now + 3 * MINUTE)).id == other.id
    desk = {"counter_id": open_hall.counters[0], "centre_id": open_hall.centre_id}
    assert await operations.call_next(**desk, now=now + timedelta(minutes=4, seconds=59)) is None
    again = await operations.call_next(**desk, now=now + 5 * MINUTE)
    assert again is not None
    assert (again.id, again.calls, again.first_called_at) == (ticket.id, 2, now)
    gone = await act(again, Move.NO_SHOW, open_hall, now + 6 * MINUTE)
    with pytest.raises(PutBackOnce):
        await act(gone, Move.PUT_BACK, open_hall, now + 7 * MINUTE)
    assert (await events(ticket))[3:] == ["put_back", "called", "missed"]


async def test_a_missed_number_is_not_put_back_another_day(open_hall: Hall, now: datetime) -> None:
    ticket = await missed(open_hall, now)

    with pytest.raises(PutBackOnce):
        await act(ticket, Move.PUT_BACK, open_hall, now + timedelta(days=1))
    assert await queries.by_id(ticket.id) == ticket


async def test_who_was_put_aside_goes_back_as_often_as_needed_and_is_due_at_once(
    open_hall: Hall, now: datetime
) -> None:
    moment, ticket = now, await walk_in(open_hall, now)
    for _ in range(3):
        found = await operations.call_next(
            counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=moment
        )
        assert found is not None
        ticket = await act(found, Move.PARK, open_hall, moment)
        ticket = await act(ticket, Move.PUT_BACK, open_hall, moment)
        assert (ticket.call_by, ticket.eligible_at) == (moment, moment + 5 * MINUTE)
        moment += 6 * MINUTE

    assert ticket.put_backs == 0


async def test_an_appointment_whose_number_is_put_back_was_not_missed(
    open_hall: Hall, now: datetime
) -> None:
    appointment = await expected(open_hall, now)
    opens = appointment.starts_at
    await operations.check_in(reference=appointment.reference, now=opens)
    called = await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=opens
    )
    assert called is not None
    state = "SELECT state FROM appointment WHERE id = $1"
    gone = await act(called, Move.NO_SHOW, open_hall, opens + MINUTE)
    assert await fetch_value(state, appointment.id) == "missed"

    await act(gone, Move.PUT_BACK, open_hall, opens + 2 * MINUTE)

    assert await fetch_value(state, appointment.id) == "arrived"


def test_a_number_is_called_three_times_and_after_being_put_back_three_times_more(
    now: datetime,
) -> None:
    assert not rules.may_recall(last_called_at=now, calls=3, now=now + MINUTE)
    assert rules.may_recall(last_called_at=now, calls=5, put_backs=1, now=now + MINUTE)
    assert not rules.may_recall(last_called_at=now, calls=6, put_backs=1, now=now + MINUTE)


async def choose(hall: Hall, ticket: TicketRow, now: datetime) -> TicketRow:
    return await operations.call_chosen(
        counter_id=hall.counters[0],
        centre_id=hall.centre_id,
        ticket_id=ticket.id,
        reason="Cháu nhỏ ốm",
        now=now,
    )


async def test_a_lead_calls_out_of_order_and_the_reason_is_kept(open_hall: Hall, now: datetime) -> None:
    await walk_in(open_hall, now)
    last = await walk_in(open_hall, now + MINUTE)

    called = await choose(open_hall, last, now + 2 * MINUTE)

    assert (called.id, called.state, called.turn, called.calls) == (last.id, "called", "picked", 1)
    told = (await queries.events_of(last.id))[-1]
    assert (told.type, told.data["turn"], told.data["reason"]) == ("called", "picked", "Cháu nhỏ ốm")
    facts = await fetch("SELECT kind FROM outbox WHERE subject = $1 ORDER BY seq", f"ticket:{last.id}")
    assert [row["kind"] for row in facts] == ["ticket.issued", "ticket.called"]


async def test_only_who_waits_today_for_these_counters_is_called_out_of_order(
    open_hall: Hall, now: datetime
) -> None:
    served = await put(await walk_in(open_hall, now), State.DONE, None)
    with pytest.raises(TicketState):
        await choose(open_hall, served, now)
    yesterdays = await walk_in(open_hall, now - timedelta(days=1))
    with pytest.raises(TicketState):
        await choose(open_hall, yesterdays, now)
    other = await fetch_value(
        "SELECT p.id FROM pool p WHERE centre_id = $1 AND kind = 'counter' AND NOT EXISTS"
        " (SELECT FROM counter_pool c WHERE c.pool_id = p.id AND c.counter_id = $2) LIMIT 1",
        open_hall.centre_id,
        open_hall.counters[0],
    )
    elsewhere = await operations.transfer(
        ticket_id=(waiting := await walk_in(open_hall, now)).id,
        centre_id=open_hall.centre_id,
        pool_id=other,
        expected_version=waiting.version,
        now=now,
    )
    with pytest.raises(ServedElsewhere) as refused:
        await choose(open_hall, elsewhere, now)
    assert [pool["id"] for pool in refused.value.facts["pools"]] == [str(other)]


async def test_two_leads_who_choose_one_person_get_one(hall: Hall, now: datetime) -> None:
    counters = await add_counters(hall, 6, now)
    ticket = await walk_in(hall, now)

    answers = await asyncio.gather(
        *(choose(hall._replace(counters=[counter_id]), ticket, now) for counter_id in counters),
        *(
            operations.call_next(counter_id=counter_id, centre_id=hall.centre_id, now=now)
            for counter_id in counters
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, TicketRow) for answer in answers) == 1
    assert all(
        answer is None or isinstance(answer, TicketRow | TicketState | CounterBusy) for answer in answers
    )


async def test_only_a_lead_may_choose_over_http(
    client: httpx.AsyncClient, sign_in: SignIn, open_hall: Hall, now: datetime
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=open_hall.centre_id)
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=open_hall.centre_id)
    await walk_in(open_hall, now)
    last = await walk_in(open_hall, now)
    url = f"/v1/staff/counters/{open_hall.counters[0]}/next"
    body = {"ticket_id": str(last.id), "reason": "Cháu nhỏ ốm"}

    assert (await client.post(url, headers=minh.headers, json=body)).status_code == 403
    assert (await client.post(url, headers=ha.headers, json=body | {"reason": ""})).status_code == 422
    gone = await client.post(url, headers=ha.headers, json=body | {"ticket_id": str(uuid.uuid4())})
    assert gone.status_code == 404
    chosen = await client.post(url, headers=ha.headers, json=body)
    assert chosen.status_code == 200, chosen.text
    assert chosen.json()["number"] == last.number
    busy = await client.post(url, headers=ha.headers, json=body)
    assert (busy.status_code, busy.json()["number"]) == (409, last.number)
    assert (await client.post(url, headers=minh.headers)).status_code == 409
    empty = minh.headers | {"Content-Type": "application/json"}
    assert (await client.post(url, headers=empty)).status_code == 409
    assert (await client.post(url, headers=minh.headers, json=[])).status_code == 422
