"""Whoever lost their place has the next one given back, before anybody else, and never one too many."""

import asyncio
import random
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from app.appointments import operations, rules
from app.appointments.changes import Counters, Orphans
from app.appointments.errors import HoldExpired, NotToBeCancelled, NotToBeMoved, SlotFull
from app.appointments.queries import AppointmentRow, OpeningRow
from app.core.database import DB
from jobs.subscriptions import BRINGS_PLACES, offer_places
from tests.appointments.conftest import BIRTH, GRAIN, Place, Publish, drift, let_holds_end
from tests.appointments.test_changes import apply, book, disagreeing, facts, propose, standing

SUPPORTED, ORPHANED = ("confirmed", "supported"), ("confirmed", "orphaned")


async def fewer(place: Place, opening: OpeningRow, counters: int, now: datetime) -> None:
    change = Counters(opening_id=opening.id, counters=counters)
    await apply(place, await propose(place, change, now), Orphans.KEEP, now)


async def cancel(row: AppointmentRow, now: datetime) -> None:
    await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)


async def hear_all() -> None:
    """Bring every fact that brings places to its listener, as the drainer does."""
    from app.core import outbox

    assert DB.pool is not None
    for row in await DB.pool.fetch("SELECT kind, payload::text FROM outbox ORDER BY id"):
        fact = outbox.decode(row["kind"], row["payload"])
        if type(fact) in BRINGS_PLACES:
            await offer_places(fact)


async def test_a_cancelled_place_is_the_first_orphans_in_the_same_transaction(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=3)
    rows = [await book(place, now + timedelta(seconds=n)) for n in range(3)]
    await fewer(place, opening, 1, now)
    assert await standing(*rows) == [SUPPORTED, ORPHANED, ORPHANED]

    await cancel(rows[0], now)

    assert await standing(*rows[1:]) == [SUPPORTED, ORPHANED]
    assert await facts("appointment.supported") == 1
    assert await drift() == [] == await disagreeing()
    with pytest.raises(SlotFull):
        await book(place, now)


async def test_a_moved_appointment_leaves_its_place_to_an_orphan(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=2)
    first, second = await book(place, now), await book(place, now + timedelta(seconds=1))
    await fewer(place, opening, 1, now)

    await operations.reschedule(
        appointment_id=first.id,
        citizen_id=first.citizen_id,
        starts_at=place.opens + GRAIN,
        now=now,
    )

    assert await standing(first, second) == [SUPPORTED, SUPPORTED]
    assert await drift() == [] == await disagreeing()


async def test_an_orphan_may_move_and_cancel_like_anybody(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=3)
    rows = [await book(place, now + timedelta(seconds=n)) for n in range(3)]
    await fewer(place, opening, 1, now)

    await operations.reschedule(
        appointment_id=rows[1].id,
        citizen_id=rows[1].citizen_id,
        starts_at=place.opens + GRAIN,
        now=now,
    )
    await cancel(rows[2], now)

    assert await standing(*rows) == [SUPPORTED, SUPPORTED, ("cancelled", "orphaned")]
    assert await drift() == [] == await disagreeing()


async def test_somebody_moves_over_for_an_orphan_only_one_pool_can_serve(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2)
    narrow = await book(place, now, quantity=2)
    wide = await publish(counters=2, grains=2, pool_id=place.wide_pool_id)
    copied = await book(place, now, quantity=2)
    birth = await book(place, now + timedelta(seconds=1), code=BIRTH)
    await fewer(place, wide, 1, now)
    assert await standing(narrow, copied, birth) == [SUPPORTED, SUPPORTED, ORPHANED]

    await cancel(narrow, now)

    assert await standing(copied, birth) == [SUPPORTED, SUPPORTED]
    assert await drift() == [] == await disagreeing()


async def test_an_opening_published_brings_orphans_back_promises_before_holds(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=3, grains=1)
    held = await book(place, now, confirmed=False)
    rows = [await book(place, now + timedelta(seconds=n)) for n in range(1, 3)]
    await fewer(place, opening, 1, now)
    assert await standing(*rows, held) == [SUPPORTED, ORPHANED, ("held", "orphaned")]

    await publish(counters=1, grains=1, pool_id=place.wide_pool_id)
    assert await standing(*rows, held) == [SUPPORTED, SUPPORTED, ("held", "orphaned")]

    await cancel(rows[0], now)
    assert await standing(held) == [("held", "supported")]
    assert await drift() == [] == await disagreeing()


async def test_a_hold_that_ends_is_heard_of_and_gives_its_place_to_an_orphan(
    place: Place, publish: Publish, now: datetime
) -> None:
    """The birth needs both slots; the copy keeps one of them, then the hold the other."""
    wide = await publish(counters=2, grains=2, pool_id=place.wide_pool_id)
    copied = await book(place, now, start=place.opens + GRAIN)
    birth = await book(place, now + timedelta(seconds=1), code=BIRTH)
    held = await book(place, now, confirmed=False)
    await fewer(place, wide, 1, now)
    assert await standing(copied, birth, held) == [SUPPORTED, ORPHANED, ("held", "supported")]
    await cancel(copied, now)
    assert await standing(birth) == [ORPHANED]
    await let_holds_end()

    await operations.expire_holds(now=now)
    await hear_all()

    assert await standing(birth, held) == [SUPPORTED, ("expired", "supported")]
    assert await drift() == [] == await disagreeing()


async def test_an_orphan_has_missed_nothing_and_is_told_by_the_centre(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=2)
    first, second = await book(place, now), await book(place, now + timedelta(seconds=1))
    await fewer(place, opening, 1, now)
    late = place.opens + timedelta(minutes=rules.UNDECIDED.grace_minutes, seconds=1)

    assert await operations.miss_overdue(now=late) == 1
    assert await operations.withdraw_overdue(now=late) == 1
    assert await operations.withdraw_overdue(now=late) == 0

    assert await standing(first, second) == [("missed", "supported"), ("cancelled", "orphaned")]
    assert await facts("appointment.withdrawn") == 1


async def test_cancelling_moving_booking_and_sweeping_at_once_oversell_nothing_and_leave_nobody_waiting(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=4)
    wide = await publish(counters=2, pool_id=place.wide_pool_id)
    dice = random.Random(5)
    rows = [await book(place, now, start=place.opens + n % 4 * GRAIN) for n in range(24)]
    await fewer(place, opening, 1, now)
    await fewer(place, wide, 1, now)
    assert (await standing(*rows)).count(ORPHANED) == 16

    async def leaving(row: AppointmentRow) -> None:
        with suppress(NotToBeCancelled):
            await cancel(row, now)

    async def moving(row: AppointmentRow) -> None:
        with suppress(SlotFull, NotToBeMoved):
            await operations.reschedule(
                appointment_id=row.id,
                citizen_id=row.citizen_id,
                starts_at=place.opens + dice.randrange(4, 8) * GRAIN,
                now=now,
            )

    async def coming() -> None:
        with suppress(SlotFull, HoldExpired):
            await book(place, now, start=place.opens + dice.randrange(8) * GRAIN)

    dice.shuffle(rows)
    await asyncio.gather(
        *(leaving(row) for row in rows[:8]),
        *(moving(row) for row in rows[8:14]),
        *(coming() for _ in range(16)),
        *(operations.expire_holds(now=now) for _ in range(3)),
    )
    await hear_all()

    assert await drift() == [] == await disagreeing()
    assert DB.pool is not None
    unserved = await DB.pool.fetch(
        "SELECT appointment.id FROM appointment JOIN slot ON slot.pool_id IN"
        " (SELECT pool_id FROM pool_procedure WHERE procedure_code = items->0->>'procedure')"
        " AND slot.starts_at = appointment.starts_at AND slot.open"
        " WHERE placement = 'orphaned' AND state = 'confirmed'"
        " AND taken_online + taken_partner + taken_staff + taken_walkin < capacity"
    )
    assert unserved == []


async def test_two_who_cancel_at_once_bring_two_orphans_back(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=4)
    rows = [await book(place, now + timedelta(seconds=n)) for n in range(4)]
    await fewer(place, opening, 2, now)

    await asyncio.gather(cancel(rows[0], now), cancel(rows[1], now))
    await hear_all()

    assert await standing(*rows[2:]) == [SUPPORTED, SUPPORTED]
    assert await drift() == [] == await disagreeing()
