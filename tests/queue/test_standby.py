"""Who may sit at a counter, and a standby officer who takes one over."""

import asyncio
import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core.database import DB, fetch, fetch_row, fetch_value
from app.queue import history, operations, queries
from app.queue.errors import CounterTakenOver, OfficerAtAnotherCounter
from app.queue.queries import TicketRow
from app.queue.states import Move, State
from app.sample.files import sample_id
from app.staff import operations as staff
from app.staff.errors import NotOnRoster, NotOnStandby
from app.staff.queries import ShiftRow
from tests.queue.conftest import MINH, Hall, walk_in
from tests.queue.test_moves import act

HOA = sample_id("officer", "hoa")
HOAS_SHIFT = sample_id("shift", "hoa|2026-07-01")
BINH = sample_id("officer", "binh")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    """A Wednesday morning within every term of the sample."""
    return datetime.fromisoformat("2026-11-25T09:00:00+07:00")


async def open_for(officer_id: uuid.UUID, hall: Hall, now: datetime) -> queries.CounterRow:
    return await operations.open_counter(
        counter_id=hall.counters[0], centre_id=hall.centre_id, officer_id=officer_id, now=now
    )


async def take_over(
    hall: Hall, now: datetime, *, shift_id: uuid.UUID = HOAS_SHIFT, counter: int = 0
) -> ShiftRow:
    return await operations.activate_standby(
        shift_id=shift_id, centre_id=hall.centre_id, counter_id=hall.counters[counter], now=now
    )


async def sitting(counter_id: uuid.UUID) -> tuple[str, uuid.UUID]:
    row = await fetch_row("SELECT state, officer_id FROM counter_state WHERE counter_id = $1", counter_id)
    assert row is not None
    return row["state"], row["officer_id"]


async def another_standby(hall: Hall, now: datetime) -> uuid.UUID:
    """The term of a second standby officer of the centre."""
    assert DB.pool is not None
    officer_id = uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO officer (id, centre_id, name, role, active, created_at)"
        " VALUES ($1, $2, 'Lê Văn Tú', 'officer', true, $3)",
        officer_id,
        hall.centre_id,
        now,
    )
    shift = await staff.assign(
        officer_id=officer_id,
        centre_id=hall.centre_id,
        kind="standby",
        starts_on=date(2026, 7, 1),
        ends_on=date(2027, 6, 30),
        decision="Quyết định 6/QĐ",
        now=now,
    )
    return shift.id


async def test_a_counter_opens_for_an_official_within_the_term_and_nobody_else(
    hall: Hall, now: datetime
) -> None:
    assert (await open_for(MINH, hall, now)).state == "open"
    for officer_id, moment in (
        (uuid.uuid4(), now),
        (HOA, now),
        (MINH, now + timedelta(days=300)),  # his term is over, others' are not
    ):
        with pytest.raises(NotOnRoster):
            await open_for(officer_id, hall, moment)
    assert await sitting(hall.counters[0]) == ("open", MINH)


async def test_a_centre_without_a_roster_works_without_one(hall: Hall, now: datetime) -> None:
    assert (await open_for(uuid.uuid4(), hall, now.replace(year=2025))).state == "open"


async def test_a_standby_officer_takes_over_in_one_call_and_may_open_it_again(
    hall: Hall, now: datetime
) -> None:
    await open_for(MINH, hall, now)

    shift = await take_over(hall, now + MINUTE)

    assert shift.standing_in_at == [hall.counters[0]]
    assert await sitting(hall.counters[0]) == ("open", HOA)
    desk = {"counter_id": hall.counters[0], "centre_id": hall.centre_id, "officer_id": HOA}
    await operations.pause_counter(**desk, now=now + 2 * MINUTE)
    await operations.open_counter(**desk, now=now + 3 * MINUTE)
    with pytest.raises(NotOnRoster):
        await operations.open_counter(**desk, now=now + timedelta(days=1))
    with pytest.raises(NotOnStandby):
        await take_over(hall, now + timedelta(days=600))
    line = await fetch_row("SELECT detail FROM journal WHERE action = 'shift.standby_activated'")
    assert line is not None
    assert str(hall.counters[0]) in line["detail"]


async def test_the_person_at_the_counter_goes_on_with_who_takes_over(hall: Hall, now: datetime) -> None:
    await open_for(MINH, hall, now)
    await walk_in(hall, now)
    called = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert called is not None
    ticket = await act(called, Move.START, hall, now)

    await take_over(hall, now + 4 * MINUTE)
    done = await act(ticket, Move.FINISH, hall, now + 10 * MINUTE)

    assert done.state == State.DONE
    assert [
        (row.officer_id, row.ended_at - row.started_at)
        for row in await queries.periods_of(ticket.id)
        if row.ended_at
    ] == [(MINH, 4 * MINUTE), (HOA, 6 * MINUTE)]
    told = history.story(await queries.events_of(ticket.id))
    assert told is not None
    assert [span.took for span in told.spans] == [4 * MINUTE, 6 * MINUTE]
    rows = await fetch(
        "SELECT type, data->>'officer' AS officer FROM queue_event WHERE ticket_id = $1 ORDER BY seq",
        ticket.id,
    )
    assert [tuple(row) for row in rows] == [
        ("issued", None),
        ("called", str(MINH)),
        ("started", str(MINH)),
        ("taken_over", str(HOA)),
        ("finished", str(HOA)),
    ]


async def test_two_leads_who_call_hoa_at_once_call_her_once(hall: Hall, now: datetime) -> None:
    answers = await asyncio.gather(*(take_over(hall, now) for _ in range(6)))

    assert all(answer == answers[0] for answer in answers)
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'shift.standby_activated'") == 1
    assert await fetch_value("SELECT count(*) FROM queue_event WHERE type = 'opened'") == 1


async def test_two_standby_officers_called_to_one_counter_at_once_are_one(
    hall: Hall, now: datetime
) -> None:
    other = await another_standby(hall, now)

    answers = await asyncio.gather(
        take_over(hall, now), take_over(hall, now, shift_id=other), return_exceptions=True
    )

    won = [answer for answer in answers if isinstance(answer, ShiftRow)]
    assert len(won) == 1
    assert sum(isinstance(answer, CounterTakenOver) for answer in answers) == 1
    assert await sitting(hall.counters[0]) == ("open", won[0].officer_id)
    # The one refused left nothing behind: no activation, no fact.
    assert await fetch_value("SELECT count(*) FROM standby_activation") == 1
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'shift.standby_activated'") == 1


async def test_one_officer_called_to_two_counters_at_once_sits_at_one(hall: Hall, now: datetime) -> None:
    all_counters = [row.id for row in await queries.counters(hall.centre_id)]
    two = hall._replace(counters=all_counters[:2])

    answers = await asyncio.gather(
        take_over(two, now), take_over(two, now, counter=1), return_exceptions=True
    )

    assert sum(isinstance(answer, ShiftRow) for answer in answers) == 1
    assert sum(isinstance(answer, OfficerAtAnotherCounter) for answer in answers) == 1
    assert await fetch_value("SELECT count(*) FROM counter_state WHERE state = 'open'") == 1


async def test_taking_over_while_the_person_is_done_leaves_no_time_running(
    hall: Hall, now: datetime
) -> None:
    for n in range(8):
        day = now + timedelta(days=n)
        await open_for(MINH, hall, day)
        await walk_in(hall, day)
        called = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=day)
        assert called is not None
        ticket = await act(called, Move.START, hall, day)

        answers = await asyncio.gather(
            act(ticket, Move.FINISH, hall, day + MINUTE), take_over(hall, day + MINUTE)
        )

        assert isinstance(answers[0], TicketRow)
        assert all(row.ended_at for row in await queries.periods_of(ticket.id))
        assert await sitting(hall.counters[0]) == ("open", HOA)


async def test_closing_and_calling_at_once_never_leave_somebody_at_a_closed_counter(
    hall: Hall, now: datetime
) -> None:
    desk = {"counter_id": hall.counters[0], "centre_id": hall.centre_id, "now": now}
    for _ in range(8):
        await open_for(BINH, hall, now)
        ticket = await walk_in(hall, now)

        called, _closed = await asyncio.gather(
            operations.call_next(**desk),
            operations.close_counter(**desk, officer_id=BINH),
            return_exceptions=True,
        )

        state, _ = await sitting(hall.counters[0])
        assert (state == "open") == isinstance(called, TicketRow)
        found = await queries.by_id(ticket.id)
        assert found is not None
        if isinstance(called, TicketRow):
            await act(called, Move.LEAVE, hall, now)
        else:
            await act(found, Move.LEAVE, hall, now)
