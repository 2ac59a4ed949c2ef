"""Several procedures in one ticket: timed, one after the other, exactly one while serving."""

import asyncio
import uuid
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.clock import local_date
from app.http.principals import Caller
from app.procedures import queries as procedures
from app.queue import operations, queries
from app.queue.errors import (
    CounterBusy,
    NotServedHere,
    PeriodNotFound,
    ServedElsewhere,
    StaleTicket,
    TicketState,
)
from app.queue.queries import Served, TicketRow
from app.queue.states import Move, State
from tests.conftest import SignIn
from tests.queue.conftest import Hall, put, walk_in
from tests.queue.test_moves import act

MINUTE = timedelta(minutes=1)


async def serving(hall: Hall, now: datetime) -> TicketRow:
    """Somebody at the first counter, whose service begins now."""
    await walk_in(hall, now)
    called = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert called is not None
    return await act(called, Move.START, hall, now)


async def add(ticket: TicketRow, code: str, hall: Hall, now: datetime) -> Served:
    return await operations.add_procedure(
        ticket_id=ticket.id,
        centre_id=hall.centre_id,
        code=code,
        expected_version=ticket.version,
        now=now,
    )


async def another_here(hall: Hall, now: datetime) -> str:
    """A second procedure of the same group of counters."""
    offered = await procedures.offered_by(hall.centre_id, on=local_date(now))
    codes = await procedures.codes_of_pool(hall.pool_id)
    return next(code for code in codes if code in offered and code != hall.code)


async def elsewhere(hall: Hall, now: datetime) -> str:
    """A procedure this centre does, at other counters."""
    offered = await procedures.offered_by(hall.centre_id, on=local_date(now))
    for code in offered:
        pools = await procedures.pools_serving(hall.centre_id, [code])
        if pools and hall.pool_id not in pools:
            return code
    raise LookupError("Every procedure is served by the one group.")


async def spans(ticket: TicketRow) -> list[tuple[str, timedelta | None]]:
    """Each period's procedure and length, in order."""
    return [
        (row.procedure_code, row.ended_at - row.started_at if row.ended_at else None)
        for row in await queries.periods_of(ticket.id)
    ]


async def test_each_procedure_has_its_own_time(open_hall: Hall, now: datetime) -> None:
    second = await another_here(open_hall, now)
    ticket = await serving(open_hall, now)

    served = await add(ticket, second, open_hall, now + 6 * MINUTE)
    await act(served.ticket, Move.FINISH, open_hall, now + 10 * MINUTE)

    assert await spans(ticket) == [(open_hall.code, 6 * MINUTE), (second, 4 * MINUTE)]
    assert list(served.ticket.procedure_codes) == [open_hall.code, second]
    assert served.ticket.p50_minutes > ticket.p50_minutes


async def test_a_pause_ends_the_time_and_taking_up_begins_the_same_procedure_again(
    open_hall: Hall, now: datetime
) -> None:
    ticket = await serving(open_hall, now)

    ticket = await act(ticket, Move.PARK, open_hall, now + 3 * MINUTE)
    assert await spans(ticket) == [(open_hall.code, 3 * MINUTE)]
    ticket = await act(ticket, Move.RESUME, open_hall, now + 20 * MINUTE)
    ticket = await act(ticket, Move.TRANSFER, open_hall, now + 22 * MINUTE)

    assert await spans(ticket) == [(open_hall.code, 3 * MINUTE), (open_hall.code, 2 * MINUTE)]


async def test_two_officers_who_go_on_at_once_open_one_period(open_hall: Hall, now: datetime) -> None:
    second = await another_here(open_hall, now)
    ticket = await serving(open_hall, now)

    answers = await asyncio.gather(
        *(add(ticket, second, open_hall, now + MINUTE) for _ in range(6)), return_exceptions=True
    )

    assert sum(isinstance(answer, Served) for answer in answers) == 1
    assert sum(isinstance(answer, StaleTicket) for answer in answers) == 5
    assert await spans(ticket) == [(open_hall.code, MINUTE), (second, None)]


async def test_what_another_counter_does_is_refused_naming_it(open_hall: Hall, now: datetime) -> None:
    code = await elsewhere(open_hall, now)
    ticket = await serving(open_hall, now)

    with pytest.raises(ServedElsewhere) as refused:
        await add(ticket, code, open_hall, now)

    named = {pool["id"] for pool in refused.value.facts["pools"]}
    assert named == {str(key) for key in await procedures.pools_serving(open_hall.centre_id, [code])}
    with pytest.raises(NotServedHere):
        await add(ticket, "9.999999", open_hall, now)
    assert await spans(ticket) == [(open_hall.code, None)]


@pytest.mark.parametrize("state", sorted(set(State) - {State.SERVING}))
async def test_only_who_is_being_served_goes_on_to_another_procedure(
    open_hall: Hall, now: datetime, state: State
) -> None:
    at = open_hall.counters[0] if state is State.CALLED else None
    ticket = await put(await walk_in(open_hall, now), state, at)

    with pytest.raises(TicketState):
        await add(ticket, open_hall.code, open_hall, now)


async def test_nobody_learns_from_a_time_that_was_said_to_be_wrong(open_hall: Hall, now: datetime) -> None:
    for length in (4, 90):
        ticket = await serving(open_hall, now)
        ticket = await act(ticket, Move.FINISH, open_hall, now + length * MINUTE)
    facts = {"ticket_id": ticket.id, "centre_id": open_hall.centre_id, "now": now}

    for _ in range(2):
        served = await operations.mark_inaccurate(**facts, n=1)
    with pytest.raises(PeriodNotFound):
        await operations.mark_inaccurate(**facts, n=2)

    assert [period.inaccurate for period in served.periods] == [True]
    assert await queries.minutes_taken(open_hall.centre_id, open_hall.code, since=now) == [4.0]


async def test_a_parked_ticket_is_taken_up_only_where_nobody_is(open_hall: Hall, now: datetime) -> None:
    parked = await put(await walk_in(open_hall, now), State.PARKED, None)
    held = await serving(open_hall, now)

    with pytest.raises(CounterBusy) as busy:
        await act(parked, Move.RESUME, open_hall, now)
    assert busy.value.facts["ticket_id"] == held.id
    assert await queries.by_id(parked.id) == parked


async def test_periods_over_http(
    client: httpx.AsyncClient, sign_in: SignIn, open_hall: Hall, now: datetime
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=open_hall.centre_id)
    stranger = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    second = await another_here(open_hall, now)
    ticket = await serving(open_hall, now)
    url = f"/v1/staff/tickets/{ticket.id}/periods"
    seen = minh.headers | {"If-Match": f'"{ticket.version}"'}

    assert (await client.post(url, headers=minh.headers, json={"procedure": second})).status_code == 428
    assert (
        await client.post(url, headers=stranger.headers | {"If-Match": '"1"'}, json={"procedure": second})
    ).status_code == 404
    added = await client.post(url, headers=seen, json={"procedure": second})
    assert added.status_code == 201, added.text
    assert added.headers["etag"] == f'"{ticket.version + 1}"'
    assert (await client.post(url, headers=seen, json={"procedure": second})).status_code == 412
    for n in ("0", "3", "99999999999999999999999", "-1"):
        answer = await client.post(f"{url}/{n}/inaccurate", headers=minh.headers)
        assert answer.status_code == 404, answer.text
    marked = await client.post(f"{url}/1/inaccurate", headers=minh.headers)
    assert marked.status_code == 200, marked.text
    listed = (await client.get(url, headers=minh.headers)).json()

    assert [(row["procedure"], row["inaccurate"]) for row in listed["periods"]] == [
        (open_hall.code, True),
        (second, False),
    ]
    assert listed["periods"][1]["ended_at"] is None
