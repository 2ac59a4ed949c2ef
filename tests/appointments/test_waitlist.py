"""Whoever has waited longest is offered the place that becomes free, for ten minutes."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest

from app.appointments import operations, queries, rules, waitlist
from app.appointments.errors import (
    HoldExpired,
    ProcedureNotOffered,
    SlotFull,
    WaitingWindowNotValid,
    WaitlistEntryNotFound,
    WaitlistLimit,
    WaitlistOverlap,
)
from app.appointments.needs import Item
from app.appointments.operations.offers import Outcome
from app.appointments.queries import AppointmentRow
from app.appointments.waitlist import EntryRow
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB
from app.core.errors import Refusal
from tests.appointments.conftest import (
    BIRTH,
    COPIES,
    GRAIN,
    SIGNATURE,
    Place,
    Publish,
    copies,
    drift,
    let_holds_end,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """Ten in the morning: nobody is offered anything at night."""
    return at_local(local_date(current_time()), 10)


async def join(
    place: Place,
    now: datetime,
    *,
    lan: uuid.UUID | None = None,
    items: list[Item] | None = None,
    start: datetime | None = None,
    hours: int = 4,
) -> EntryRow:
    begin = start or place.opens
    return await operations.join_waitlist(
        citizen_id=lan or uuid.uuid4(),
        centre_id=place.centre_id,
        items=items or copies(),
        window_from=begin,
        window_to=begin + hours * HOUR,
        now=now,
    )


async def confirmed(
    place: Place, now: datetime, *, at: datetime | None = None, quantity: int = 1
) -> AppointmentRow:
    minh = uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id,
        starts_at=at or place.opens,
        items=copies(quantity),
        citizen_id=minh,
        now=now,
    )
    return await operations.confirm(appointment_id=row.id, citizen_id=minh, now=now)


async def offer(place: Place, now: datetime) -> int:
    return await operations.offer_places(centre_id=place.centre_id, now=now)


async def state(entry: EntryRow) -> str:
    return (await waitlist.mine(entry.id, citizen_id=entry.citizen_id, now=current_time())).state


async def offered(entry: EntryRow) -> AppointmentRow:
    """The hold an entry was offered."""
    row = await waitlist.mine(entry.id, citizen_id=entry.citizen_id, now=current_time())
    assert row.appointment_id is not None
    return await queries.mine(row.appointment_id, citizen_id=entry.citizen_id)


async def let_offers_end() -> None:
    """Move the end of every offer into the past; the hold behind it goes on for its minute."""
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE appointment SET confirm_by = clock_timestamp() - interval '1 millisecond',"
        " hold_expires_at = clock_timestamp() + interval '59 seconds' WHERE confirm_by IS NOT NULL"
    )
    await DB.pool.execute(
        "UPDATE waitlist_entry SET offer_expires_at = clock_timestamp() - interval '1 millisecond'"
        " WHERE state = 'offered'"
    )


async def test_a_cancelled_place_is_offered_to_who_waits_while_the_public_cannot_have_it(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    minh = await confirmed(place, now)
    lan = await join(place, now)
    assert await offer(place, now) == 0

    await operations.cancel(appointment_id=minh.id, citizen_id=minh.citizen_id, now=now)
    with pytest.raises(SlotFull):
        await confirmed(place, now)
    assert await offer(place, now) == 1

    held = await offered(lan)
    assert (await state(lan), held.state, held.starts_at) == ("offered", "held", place.opens)
    assert held.hold_expires_at is not None
    left = held.hold_expires_at - await DB.pool.fetchval("SELECT clock_timestamp()")  # type: ignore[union-attr]
    assert timedelta(minutes=9) < left <= rules.OFFER
    assert await drift() == []

    row = await operations.confirm(appointment_id=held.id, citizen_id=lan.citizen_id, now=now)
    assert (row.state, await state(lan)) == ("confirmed", "taken")


async def test_an_offer_not_confirmed_goes_to_the_next_before_anybody_else(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    minh = await confirmed(place, now)
    first, second = await join(place, now), await join(place, now + timedelta(seconds=1))
    await operations.cancel(appointment_id=minh.id, citizen_id=minh.citizen_id, now=now)
    assert await offer(place, now) == 1
    hold = await offered(first)

    await let_offers_end()
    with pytest.raises(HoldExpired):
        await operations.confirm(appointment_id=hold.id, citizen_id=first.citizen_id, now=now)
    with pytest.raises(SlotFull):
        await confirmed(place, now)
    assert await state(first) == "expired"
    assert await operations.pass_offers_on(now=now) == 1
    assert await operations.pass_offers_on(now=now) == 0
    with pytest.raises(SlotFull):
        await confirmed(place, now)
    assert await offer(place, now) == 1

    assert [await state(each) for each in (first, second)] == ["expired", "offered"]
    assert (await offered(first)).state == "expired"
    assert (await offered(second)).starts_at == place.opens
    assert await drift() == []


async def test_an_offer_ends_by_itself_when_nothing_else_runs(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    lan = await join(place, now)
    assert await offer(place, now) == 1

    await let_offers_end()
    await let_holds_end()

    assert (await confirmed(place, now)).starts_at == place.opens
    assert await state(lan) == "expired"
    assert (await join(place, now, lan=lan.citizen_id)).state == "waiting"
    assert await operations.pass_offers_on(now=now) == 0
    assert await drift() == []


@pytest.mark.parametrize("by", ["leaving", "cancelling"])
async def test_whoever_declines_is_asked_no_more_and_the_next_is(
    place: Place, publish: Publish, now: datetime, by: str
) -> None:
    await publish(counters=1, grains=1)
    first, second = await join(place, now), await join(place, now + timedelta(seconds=1))
    assert await offer(place, now) == 1
    hold = await offered(first)

    for _ in range(2):
        if by == "leaving":
            await operations.leave_waitlist(entry_id=first.id, citizen_id=first.citizen_id, now=now)
        else:
            await operations.cancel(appointment_id=hold.id, citizen_id=first.citizen_id, now=now)
    with pytest.raises(SlotFull):
        await confirmed(place, now)
    assert await offer(place, now) == 1

    assert [await state(each) for each in (first, second)] == ["withdrawn", "offered"]
    assert (await offered(first)).state == "cancelled"
    assert await drift() == []


async def test_leaving_while_an_offer_is_being_made_leaves_no_place_taken(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2, grains=4)
    entries = [await join(place, now) for _ in range(8)]

    await asyncio.gather(
        *(operations.offer(entry_id=each.id, now=now) for each in entries),
        *(
            operations.leave_waitlist(entry_id=each.id, citizen_id=each.citizen_id, now=now)
            for each in entries
        ),
    )

    assert {await state(each) for each in entries} == {"withdrawn"}
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM appointment WHERE state = 'confirmed'") == 0
    await let_holds_end()
    await operations.expire_holds(now=now)
    assert await DB.pool.fetchval("SELECT sum(taken_online) FROM slot") == 0
    assert await drift() == []


async def test_nobody_is_asked_at_night_and_the_morning_finds_the_place(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    lan = await join(place, now)
    night, late = at_local(local_date(now), 23), at_local(local_date(now), 21)

    assert (await offer(place, night), await offer(place, late)) == (0, 0)
    assert await operations.offer(entry_id=lan.id, now=night) is Outcome.NOT_NOW

    morning = at_local(local_date(now) + timedelta(days=1), 7)
    assert await operations.offer_everywhere(now=morning) == 1
    assert await state(lan) == "offered"


async def test_a_person_who_may_not_book_that_day_is_passed_over_and_keeps_their_turn(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2)
    lan = uuid.uuid4()
    own = await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens,
        items=[Item(SIGNATURE, 1)],
        citizen_id=lan,
        now=now,
    )
    first = await join(place, now, lan=lan, items=[Item(COPIES, 1)])
    second = await join(place, now + timedelta(seconds=1))

    assert await offer(place, now) == 1

    assert [await state(each) for each in (first, second)] == ["waiting", "offered"]
    await operations.cancel(appointment_id=own.id, citizen_id=lan, now=now)
    assert await offer(place, now) == 1
    assert await state(first) == "offered"


async def test_a_place_too_near_or_outside_the_window_is_not_offered(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=3)
    near = await join(place, now, hours=1)
    short = await operations.join_waitlist(
        citizen_id=uuid.uuid4(),
        centre_id=place.centre_id,
        items=copies(2),
        window_from=place.opens + GRAIN,
        window_to=place.opens + 2 * GRAIN + timedelta(minutes=5),
        now=now,
    )

    soon = place.opens + GRAIN - timedelta(minutes=14)
    assert await operations.offer(entry_id=short.id, now=now) is Outcome.NO_PLACE
    assert await operations.offer(entry_id=near.id, now=soon) is Outcome.OFFERED
    assert (await offered(near)).starts_at == place.opens + 2 * GRAIN


async def test_a_long_visit_takes_what_is_kept_back_and_leaves_the_other_places_kept(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=3)
    minh = await confirmed(place, now, quantity=3)
    lan = await join(place, now, items=copies(2))
    await operations.cancel(appointment_id=minh.id, citizen_id=minh.citizen_id, now=now)

    assert await offer(place, now) == 1

    assert (await offered(lan)).ends_at == place.opens + 2 * GRAIN
    with pytest.raises(SlotFull):
        await confirmed(place, now, at=place.opens + 2 * GRAIN)
    assert await drift() == []


async def test_offers_are_made_once_per_place_in_the_order_of_arrival_also_when_all_ask_at_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=3, grains=1)
    entries = [await join(place, now + timedelta(seconds=n)) for n in range(6)]

    await asyncio.gather(*(offer(place, now + timedelta(minutes=1)) for _ in range(5)))

    assert [await state(each) for each in entries] == ["offered"] * 3 + ["waiting"] * 3
    assert await drift() == []


async def test_offers_and_bookings_at_once_never_oversell(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2, grains=4)
    await publish(counters=1, grains=4, pool_id=place.wide_pool_id)
    kept = [await confirmed(place, now, at=place.opens + n * GRAIN) for n in range(4)]
    for _ in range(10):
        await join(place, now, items=copies(2))
    await asyncio.gather(
        *(operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now) for row in kept)
    )

    async def somebody(n: int) -> object:
        try:
            return await confirmed(place, now, at=place.opens + (n % 4) * GRAIN)
        except Refusal as refused:
            return refused

    await asyncio.gather(*(offer(place, now) for _ in range(3)), *(somebody(n) for n in range(24)))

    assert await drift() == []
    await let_holds_end()
    await let_offers_end()
    await asyncio.gather(operations.pass_offers_on(now=now), operations.expire_holds(now=now))
    assert await drift() == []


async def test_a_person_waits_once_for_a_time_and_five_times_in_all(place: Place, now: datetime) -> None:
    lan = uuid.uuid4()
    entry = await join(place, now, lan=lan, hours=1)
    with pytest.raises(WaitlistOverlap) as refused:
        await join(place, now, lan=lan, start=place.opens + HOUR / 2, hours=1)
    assert refused.value.facts == {"entry_id": entry.id}

    answers = await asyncio.gather(
        *(join(place, now, lan=lan, start=place.opens + n * HOUR, hours=1) for n in range(1, 9)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, EntryRow) for answer in answers) == rules.MOST_WAITING - 1
    assert sum(isinstance(answer, WaitlistLimit) for answer in answers) == 4
    await operations.leave_waitlist(entry_id=entry.id, citizen_id=lan, now=now)
    assert (await join(place, now, lan=lan, hours=1)).state == "waiting"


async def test_a_window_lies_ahead_and_the_centre_offers_what_is_waited_for(
    place: Place, now: datetime
) -> None:
    past, far = now - 5 * HOUR, now + rules.LONGEST_WAIT
    for start in (past, far):
        with pytest.raises(WaitingWindowNotValid):
            await join(place, now, start=start)
    with pytest.raises(WaitingWindowNotValid):
        await join(place, now, hours=0)
    with pytest.raises(ProcedureNotOffered):
        await join(place, now, items=[Item("9.999999", 1)])


async def test_another_persons_entry_does_not_exist(place: Place, now: datetime) -> None:
    entry = await join(place, now)

    with pytest.raises(WaitlistEntryNotFound):
        await operations.leave_waitlist(entry_id=entry.id, citizen_id=uuid.uuid4(), now=now)
    assert await waitlist.all_mine(citizen_id=uuid.uuid4(), before=None, limit=10, now=current_time()) == []


async def test_a_window_that_is_over_ends_the_wait(place: Place, now: datetime) -> None:
    entry = await join(place, now, hours=1)

    await operations.offer_everywhere(now=place.opens + HOUR - timedelta(minutes=14))

    assert await state(entry) == "expired"


async def test_a_procedure_only_the_wide_pool_serves_is_offered_there(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=4)
    await publish(counters=1, grains=4, pool_id=place.wide_pool_id)
    lan = await join(place, now, items=[Item(BIRTH, 1)])

    assert await offer(place, now) == 1

    assert (await offered(lan)).pool_id == place.wide_pool_id
