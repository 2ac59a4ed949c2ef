"""Going away and coming back: the offer, the answer, the place taken for it, and being here again."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.appointments import operations as appointments
from app.core.clock import at_local, local, local_date
from app.core.database import DB, fetch, fetch_row, fetch_value
from app.core.errors import Refusal
from app.queue import history, operations, queries
from app.queue.errors import (
    DayNotOver,
    HolderAway,
    NoReturnAgreed,
    NoReturnOffer,
    ReturnAnswered,
    ReturnGone,
    TicketNotFound,
    TicketState,
)
from app.queue.forecast import Duration, Expected
from app.queue.prediction import work_for
from app.queue.queries import TicketRow
from app.queue.returns import COMES_BACK, KEPT_FOR
from app.queue.rules import QUIET
from app.queue.states import Move
from app.queue.views import QueueView
from tests.queue.conftest import Hall, walk_in
from tests.queue.test_moves import act

SignIn = Callable[..., Awaitable[Any]]
MINUTE = timedelta(minutes=1)
TOO_MANY = 40


@pytest.fixture
def now() -> datetime:
    """Nine in the morning of a Wednesday."""
    return datetime.fromisoformat("2026-11-25T09:00:00+07:00")


async def opening(hall: Hall, now: datetime, *, until: int = 11, counters: int = 3) -> None:
    """The pool is planned to work from eight until that hour."""
    day = local_date(now)
    await appointments.publish_opening(
        centre_id=hall.centre_id,
        pool_id=hall.pool_id,
        starts_at=at_local(day, 8),
        ends_at=at_local(day, until),
        counters=counters,
        now=at_local(day, 7),
    )


async def crowd(hall: Hall, now: datetime) -> TicketRow:
    """So many come that the last of them, the first who is offered a time, would wait too long."""
    for _ in range(TOO_MANY):
        ticket = await walk_in(hall, now, phone="+84912345678")
        if ticket.return_state == "offered":
            return ticket
    raise AssertionError("nobody was offered a time")


@pytest.fixture
async def offered(open_hall: Hall, now: datetime) -> TicketRow:
    """Somebody who was offered a time to come back at."""
    await opening(open_hall, now)
    return await crowd(open_hall, now)


async def answer(ticket: TicketRow, now: datetime, *, accept: bool = True) -> TicketRow:
    return await operations.answer_return(
        ticket_id=ticket.id, centre_id=ticket.centre_id, accept=accept, now=now
    )


async def back(ticket: TicketRow, now: datetime) -> TicketRow:
    return await operations.come_back(ticket_id=ticket.id, centre_id=ticket.centre_id, now=now)


async def events(ticket: TicketRow) -> list[str]:
    return [event.type for event in await queries.events_of(ticket.id)]


async def call_everybody(hall: Hall, now: datetime) -> list[uuid.UUID]:
    """One counter calls and serves until nobody is left who may be called."""
    found = []
    while (
        called := await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    ) is not None:
        found.append(called.id)
        await act(await act(called, Move.START, hall, now), Move.FINISH, hall, now)
    return found


async def assert_the_ledger_counts_whom_it_holds() -> None:
    """Places taken by walk-ins are the tickets that hold one; there are no such appointments here."""
    broken = await fetch(
        "SELECT slot.id, taken_walkin, count(ticket.id) FROM slot"
        " LEFT JOIN ticket ON ticket.return_slot_id = slot.id GROUP BY slot.id"
        " HAVING taken_walkin <> count(ticket.id)"
    )
    assert broken == []


async def taken() -> int:
    await assert_the_ledger_counts_whom_it_holds()
    return int(await fetch_value("SELECT coalesce(sum(taken_walkin), 0) FROM slot"))


async def test_who_would_wait_too_long_is_offered_a_time_with_a_free_place_of_the_pool(
    offered: TicketRow, now: datetime
) -> None:
    assert offered.returns_at is not None
    assert now + 10 * MINUTE <= offered.returns_at < at_local(local_date(now), 11)
    assert (offered.ticket_class, offered.wait_from) == ("walk_in", now)
    assert (await queries.events_of(offered.id))[-1].type == "return_offered"
    assert await taken() == 0


async def test_where_nobody_is_planned_to_work_later_nothing_is_offered(
    open_hall: Hall, now: datetime
) -> None:
    for _ in range(TOO_MANY):
        assert (await walk_in(open_hall, now)).return_state is None


async def test_with_priority_nothing_is_offered(offered: TicketRow, open_hall: Hall, now: datetime) -> None:
    ticket = await walk_in(open_hall, now, priority="NCT")

    assert ticket.return_state is None
    with pytest.raises(NoReturnOffer):
        await answer(ticket, now)


async def test_who_accepts_has_a_place_waits_from_the_agreed_time_and_is_not_called_while_away(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)

    assert agreed.returns_at is not None
    assert (agreed.ticket_class, agreed.wait_from, agreed.return_state) == (
        "returning",
        offered.returns_at,
        "agreed",
    )
    assert agreed.call_by == agreed.returns_at + 5 * MINUTE
    slot = await fetch_row("SELECT starts_at, ends_at FROM slot WHERE taken_walkin = 1")
    assert slot is not None
    assert slot["starts_at"] <= agreed.returns_at < slot["ends_at"]
    assert offered.id not in await call_everybody(open_hall, agreed.returns_at + MINUTE)
    assert await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'ticket.return_agreed'") == 1


async def test_back_in_the_hall_one_is_called_and_keeps_the_place_that_was_used(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)
    assert agreed.returns_at is not None
    came = agreed.returns_at + 2 * MINUTE

    here = await back(agreed, came)

    assert (here.ticket_class, here.wait_from, here.return_state) == ("returning", came, "back")
    assert offered.id in await call_everybody(open_hall, came)
    assert await taken() == 1
    story = history.story(await queries.events_of(offered.id))
    assert story is not None
    assert (story.ticket_class, story.wait_from, story.away) == ("returning", came, False)
    assert story.waited == timedelta()


async def test_back_before_the_time_one_may_be_called_but_waits_from_the_agreed_time(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)

    here = await back(agreed, now + MINUTE)

    assert (here.wait_from, here.call_by) == (agreed.wait_from, agreed.call_by)
    assert offered.id in await call_everybody(open_hall, now + 2 * MINUTE)


async def test_who_comes_much_later_is_a_walk_in_who_came_just_now_and_has_no_place(
    offered: TicketRow, now: datetime
) -> None:
    agreed = await answer(offered, now)
    assert agreed.returns_at is not None
    late = agreed.returns_at + KEPT_FOR + MINUTE

    here = await back(agreed, late)

    assert (here.ticket_class, here.wait_from, here.call_by) == ("walk_in", late, late + 15 * MINUTE)
    assert await taken() == 0


async def test_a_place_is_kept_so_long_and_then_given_back_while_the_ticket_stays(
    offered: TicketRow, now: datetime
) -> None:
    agreed = await answer(offered, now)
    assert agreed.returns_at is not None

    early = await operations.give_up_late_returns(now=agreed.returns_at + KEPT_FOR)
    late = agreed.returns_at + KEPT_FOR + MINUTE
    found = [await operations.give_up_late_returns(now=late) for _ in range(2)]

    assert (early, found) == (0, [1, 0])
    assert await taken() == 0
    assert (await back(agreed, late)).ticket_class == "walk_in"
    assert (await events(offered))[-2:] == ["return_lapsed", "came_back"]


async def test_the_same_answer_again_changes_nothing_and_the_other_is_refused(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)

    assert await answer(offered, now + MINUTE) == agreed
    with pytest.raises(ReturnAnswered):
        await answer(offered, now, accept=False)
    assert await taken() == 1
    here = await back(agreed, now + MINUTE)
    assert await back(agreed, now + 2 * MINUTE) == here
    assert await answer(offered, now + 3 * MINUTE) == here


async def test_who_refuses_waits_as_before_and_it_is_kept_that_they_did(
    offered: TicketRow, now: datetime
) -> None:
    refused = await answer(offered, now, accept=False)

    assert await answer(offered, now, accept=False) == refused
    assert (refused.return_state, refused.ticket_class, refused.call_by) == (
        "refused",
        "walk_in",
        offered.call_by,
    )
    with pytest.raises(ReturnAnswered):
        await answer(offered, now)
    with pytest.raises(NoReturnAgreed):
        await back(offered, now)
    assert (await events(offered))[-2:] == ["return_offered", "return_refused"]


async def test_when_the_last_place_of_that_time_went_meanwhile_the_next_time_with_room_is_offered(
    offered: TicketRow, now: datetime
) -> None:
    assert DB.pool is not None
    assert offered.returns_at is not None
    await DB.pool.execute(
        "UPDATE slot SET taken_staff = capacity WHERE starts_at <= $1 AND ends_at > $1", offered.returns_at
    )

    with pytest.raises(ReturnGone) as gone:
        await answer(offered, now)

    fresh = gone.value.facts["return_offer"]["return_at"]
    assert fresh > offered.returns_at
    agreed = await answer(offered, now)
    assert (agreed.returns_at, agreed.return_state) == (fresh, "agreed")
    assert await taken() == 1


async def test_when_no_time_is_left_at_all_the_ticket_is_a_normal_one(
    offered: TicketRow, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.execute("UPDATE slot SET taken_staff = capacity")

    with pytest.raises(ReturnGone) as gone:
        await answer(offered, now)

    assert gone.value.facts["return_offer"] is None
    with pytest.raises(NoReturnOffer):
        await answer(offered, now)
    found = await queries.by_id(offered.id)
    assert found is not None
    assert (found.return_state, found.state, found.ticket_class) == ("withdrawn", "waiting", "walk_in")


async def test_who_goes_home_gives_the_place_back(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)

    await act(agreed, Move.LEAVE, open_hall, now + MINUTE)

    assert await taken() == 0
    with pytest.raises(TicketState):
        await back(agreed, now + 2 * MINUTE)


async def test_who_is_called_after_the_return_and_does_not_come_gives_the_place_back(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    here = await back(await answer(offered, now), now + MINUTE)
    called = await operations.call_chosen(
        counter_id=open_hall.counters[0],
        centre_id=open_hall.centre_id,
        ticket_id=here.id,
        reason="asked for",
        now=now + 2 * MINUTE,
    )

    await act(called, Move.NO_SHOW, open_hall, now + 3 * MINUTE)

    assert await taken() == 0


async def test_nobody_calls_or_sends_on_who_is_away(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    agreed = await answer(offered, now)

    with pytest.raises(HolderAway):
        await operations.call_chosen(
            counter_id=open_hall.counters[0],
            centre_id=open_hall.centre_id,
            ticket_id=agreed.id,
            reason="asked for",
            now=now,
        )
    with pytest.raises(HolderAway):
        await act(agreed, Move.TRANSFER, open_hall, now)


async def test_the_end_of_the_day_ends_who_never_came_back_and_no_place_stays_taken(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    await answer(offered, now)
    evening = at_local(local_date(now), 21)

    await operations.close_day(centre_id=open_hall.centre_id, day=local_date(now), now=evening)

    ended = await queries.by_id(offered.id)
    assert ended is not None
    assert (ended.state, ended.return_slot_id) == ("left", None)
    assert await taken() == 0


async def test_who_is_away_does_not_wait_in_the_hall_and_the_list_says_when_they_are_back(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    before = await queries.board(open_hall.centre_id, now=now)
    agreed = await answer(offered, now)
    assert agreed.returns_at is not None

    board = await queries.board(open_hall.centre_id, now=now)
    lists = QueueView.of(await queries.lists(open_hall.centre_id, now=now))

    assert board.waiting == before.waiting - 1
    (line,) = [entry for entry in lists.waiting if entry.ticket.id == offered.id]
    said = f"{local(agreed.returns_at):%H:%M}"
    assert (line.reason_vi, line.reason_en) == (f"hẹn quay lại {said}", f"back at {said}")


async def test_who_is_away_is_expected_by_the_forecast_until_the_place_is_given_up(
    offered: TicketRow, now: datetime
) -> None:
    agreed = await answer(offered, now)
    assert agreed.returns_at is not None
    own = Duration(agreed.p50_minutes, agreed.p80_minutes)
    pool = {"centre_id": agreed.centre_id, "pool_id": agreed.pool_id}

    expected = (await work_for(own, **pool, now=now)).expected
    later = (await work_for(own, **pool, now=agreed.returns_at + KEPT_FOR + MINUTE)).expected

    minutes = (agreed.returns_at - now) / MINUTE
    assert expected == [Expected(own, minutes, COMES_BACK)]
    assert list(later) == []


async def at_once(*work: Awaitable[Any]) -> list[Any]:
    """What each came to; only refusals of the business are answers."""
    found = await asyncio.gather(*work, return_exceptions=True)
    assert all(not isinstance(one, BaseException) or isinstance(one, Refusal) for one in found)
    return list(found)


async def test_accepted_eight_times_at_once_it_takes_one_place(offered: TicketRow, now: datetime) -> None:
    found = await at_once(*(answer(offered, now) for _ in range(8)))

    assert found == [found[0]] * 8
    assert await taken() == 1
    assert (await events(offered)).count("return_agreed") == 1


async def test_back_eight_times_at_once_is_back_once(offered: TicketRow, now: datetime) -> None:
    agreed = await answer(offered, now)

    found = await at_once(*(back(agreed, now + MINUTE) for _ in range(8)))

    assert found == [found[0]] * 8
    assert (await events(offered)).count("came_back") == 1


@pytest.mark.parametrize("turn", range(4))
async def test_accepting_against_a_call_one_of_them_wins(
    offered: TicketRow, open_hall: Hall, now: datetime, turn: int
) -> None:
    assert DB.pool is not None
    await DB.pool.execute("UPDATE ticket SET state = 'left' WHERE id <> $1", offered.id)
    call = operations.call_next(
        counter_id=open_hall.counters[turn % len(open_hall.counters)],
        centre_id=open_hall.centre_id,
        now=now,
    )

    answered, called = await at_once(answer(offered, now), call)

    if called is None:
        assert answered.return_state == "agreed"
        assert await taken() == 1
    else:
        assert isinstance(answered, TicketState)
        assert await taken() == 0


async def test_accepting_against_the_end_of_the_day_leaves_no_place_taken(
    offered: TicketRow, open_hall: Hall, now: datetime
) -> None:
    # The day may be closed from the evening on; the same evening an answer could still come.
    assert DB.pool is not None
    evening = at_local(local_date(now), 21)
    await DB.pool.execute(
        "UPDATE ticket SET returns_at = $2 WHERE id = $1", offered.id, evening + 5 * MINUTE
    )
    await DB.pool.execute(
        "UPDATE slot SET starts_at = $2, ends_at = $2::timestamptz + interval '10 minutes' WHERE id ="
        " (SELECT id FROM slot WHERE pool_id = $1 ORDER BY starts_at DESC LIMIT 1)",
        offered.pool_id,
        evening,
    )

    close: dict[str, Any] = {"centre_id": open_hall.centre_id, "day": local_date(now)}

    answered, closed = await at_once(answer(offered, evening), operations.close_day(**close, now=evening))

    # The answer is refused, or the hall is seen to be at work, or the day ends what was agreed just now.
    assert isinstance(answered, TicketState | TicketRow)
    if isinstance(closed, DayNotOver):
        assert await taken() == 1
        await operations.close_day(**close, now=evening + QUIET)
    found = await queries.by_id(offered.id)
    assert found is not None
    assert found.state == "left"
    assert await taken() == 0


async def test_another_centre_has_no_such_ticket(offered: TicketRow, now: datetime) -> None:
    for work in (
        operations.answer_return(ticket_id=offered.id, centre_id=uuid.uuid4(), accept=True, now=now),
        operations.come_back(ticket_id=offered.id, centre_id=uuid.uuid4(), now=now),
    ):
        with pytest.raises(TicketNotFound):
            await work
