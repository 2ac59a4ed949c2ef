"""Real commits, all at once: nothing is oversold, and counters equal rows."""

import asyncio
import random
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count

from app.appointments import operations
from app.appointments.errors import HoldExpired, NotHeld, NotToBeMoved, SlotFull
from app.appointments.needs import Item
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core.database import DB
from app.core.errors import Refusal
from tests.appointments.conftest import BIRTH, COPIES, GRAIN, Place, Publish, drift, let_holds_end

SLOTS = 8


async def test_48_asking_at_once_through_all_channels_oversell_nothing(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=4, online_share=0.75, walkin_floor=1, overbook_limit=1)
    await publish(counters=2, pool_id=place.wide_pool_id)
    dice = random.Random(7)

    async def client() -> None:
        for _ in range(4):
            grains = dice.choice((1, 1, 2, 3))
            with suppress(SlotFull):
                await operations.book(
                    centre_id=place.centre_id,
                    starts_at=place.opens + dice.randrange(SLOTS - grains + 1) * GRAIN,
                    items=[Item(COPIES, grains)],
                    citizen_id=uuid.uuid4(),
                    channel=dice.choice(list(Channel)),
                    now=now,
                )

    await asyncio.gather(*(client() for _ in range(48)))

    assert await drift() == []
    assert DB.pool is not None
    floor = await DB.pool.fetchval(
        "SELECT count(*) FROM slot WHERE opening_id = $1"
        " AND taken_online + taken_partner > capacity - walkin_floor",
        opening.id,
    )
    idle = await DB.pool.fetchval(
        "SELECT count(*) FROM slot"
        " WHERE taken_online + taken_partner + taken_staff + taken_walkin < capacity - walkin_floor"
    )
    assert (floor, idle) == (0, 0)


async def test_holding_confirming_moving_cancelling_and_sweeping_at_once_drift_nowhere(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2)
    await publish(counters=1, pool_id=place.wide_pool_id)
    dice = random.Random(11)
    done = asyncio.Event()
    confirmed: list[uuid.UUID] = []

    async def client() -> None:
        for _ in range(6):
            lan = uuid.uuid4()
            grains = dice.choice((1, 2, 3))
            start = place.opens + dice.randrange(SLOTS - grains + 1) * GRAIN
            try:
                row = await operations.book(
                    centre_id=place.centre_id,
                    starts_at=start,
                    items=[Item(COPIES, grains)],
                    citizen_id=lan,
                    hold=timedelta(milliseconds=dice.choice((5, 20, 5000))),
                    now=now,
                )
                await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
                confirmed.append(row.id)
                await operations.reschedule(
                    appointment_id=row.id,
                    citizen_id=lan,
                    starts_at=place.opens + dice.randrange(SLOTS) * GRAIN,
                    now=now,
                )
            except (SlotFull, HoldExpired, NotHeld, NotToBeMoved):
                continue
            if dice.random() < 0.5:
                await operations.cancel(appointment_id=row.id, citizen_id=lan, now=now)
                confirmed.remove(row.id)

    async def sweeper() -> None:
        while not done.is_set():
            await operations.expire_holds(now=now)

    sweepers = [asyncio.create_task(sweeper()) for _ in range(2)]
    try:
        await asyncio.gather(*(client() for _ in range(30)))
    finally:
        done.set()
        await asyncio.gather(*sweepers)

    assert await drift() == []
    assert DB.pool is not None
    placed = await DB.pool.fetch(
        "SELECT appointment.id FROM appointment WHERE state = 'confirmed' AND EXISTS"
        " (SELECT FROM appointment_slot WHERE appointment_id = appointment.id)"
    )
    assert {row["id"] for row in placed} == set(confirmed)


async def test_expired_holds_in_the_way_are_shared_out_among_all_who_wait(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4, grains=3)
    numbers = count()

    async def ask() -> AppointmentRow | Refusal:
        try:
            return await operations.book(
                centre_id=place.centre_id,
                starts_at=place.opens + (next(numbers) % 2) * GRAIN,
                items=[Item(COPIES, 2)],
                citizen_id=uuid.uuid4(),
                now=now,
            )
        except SlotFull as refused:
            return refused

    for _ in range(3):
        answers = await asyncio.gather(*(ask() for _ in range(24)))
        assert sum(isinstance(answer, AppointmentRow) for answer in answers) == 4
        assert await drift() == []
        await let_holds_end()


async def test_a_place_in_either_pool_goes_to_whoever_can_only_use_one(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2, grains=2)
    await publish(counters=2, grains=2, pool_id=place.wide_pool_id)

    def ask(items: list[Item]) -> object:
        return operations.book(
            centre_id=place.centre_id,
            starts_at=place.opens,
            items=items,
            citizen_id=uuid.uuid4(),
            now=now,
        )

    asked = [ask([Item(COPIES, 2)]) for _ in range(2)] + [ask([Item(BIRTH, 1)]) for _ in range(2)]
    answers = await asyncio.gather(*asked)  # type: ignore[call-overload]

    assert all(isinstance(answer, AppointmentRow) for answer in answers)
    assert await drift() == []
