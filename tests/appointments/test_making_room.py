"""Somebody who can be served elsewhere makes room, and notices nothing."""

import asyncio
import random
import uuid
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from app.appointments import making_room, needs, operations, queries, steps
from app.appointments.errors import AppointmentLimit, SlotFull
from app.appointments.icalendar_file import calendar_file
from app.appointments.needs import Item
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import DB, transaction
from app.core.errors import Refusal
from tests.appointments.conftest import (
    BIRTH,
    GRAIN,
    Place,
    Publish,
    copies,
    drift,
    let_holds_end,
)

# One visit to the wide pool that is as long as `copies(2)`.
BIRTHS = [Item(BIRTH, 1)]


async def hold(place: Place, now: datetime, **facts: object) -> AppointmentRow:
    wished = {
        "centre_id": place.centre_id,
        "starts_at": place.opens,
        "items": copies(2),
        "citizen_id": uuid.uuid4(),
        "now": now,
    } | facts
    return await operations.book(**wished)  # type: ignore[arg-type]


async def confirmed(place: Place, now: datetime, **facts: object) -> AppointmentRow:
    row = await hold(place, now, **facts)
    return await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)


@pytest.fixture
async def wide_taken(place: Place, publish: Publish, now: datetime) -> AppointmentRow:
    """Lan stands in the wide pool, the only one that was open; now the narrow one opens too."""
    await publish(counters=1, grains=4, pool_id=place.wide_pool_id)
    lan = await confirmed(place, now)
    assert lan.pool_id == place.wide_pool_id
    await publish(counters=1, grains=4)
    return lan


async def test_who_can_be_served_elsewhere_makes_room_for_who_cannot(
    place: Place, wide_taken: AppointmentRow, now: datetime
) -> None:
    newcomer = await hold(place, now, items=BIRTHS)

    moved = await queries.mine(wide_taken.id, citizen_id=wide_taken.citizen_id)
    assert (newcomer.pool_id, moved.pool_id) == (place.wide_pool_id, place.pool_id)
    assert await drift() == []


async def test_the_moved_notice_nothing(place: Place, wide_taken: AppointmentRow, now: datetime) -> None:
    assert DB.pool is not None
    centre = await centres.get_centre(place.centre_id, on=local_date(now))
    before = calendar_file(wide_taken, centre, language="vi", now=now)
    told = await DB.pool.fetchval("SELECT count(*) FROM outbox")

    await hold(place, now, items=BIRTHS)

    after = await queries.mine(wide_taken.id, citizen_id=wide_taken.citizen_id)
    assert after == wide_taken._replace(pool_id=place.pool_id)
    assert calendar_file(after, centre, language="vi", now=now) == before
    assert await DB.pool.fetchval("SELECT count(*) FROM outbox") == told
    line = await DB.pool.fetchrow("SELECT * FROM journal WHERE action = 'appointment.pool_changed'")
    assert line is not None
    assert (line["object_id"], line["actor_kind"]) == (str(wide_taken.id), "system")


async def test_a_moved_appointment_is_kept_moved_and_cancelled_like_any_other(
    place: Place, wide_taken: AppointmentRow, now: datetime
) -> None:
    await hold(place, now, items=BIRTHS)
    lan = {"appointment_id": wide_taken.id, "citizen_id": wide_taken.citizen_id, "now": now}

    moved = await operations.reschedule(**lan, starts_at=place.opens + 2 * GRAIN)  # type: ignore[arg-type]
    assert moved.version == wide_taken.version + 1
    assert await drift() == []
    assert (await operations.cancel(**lan)).state == "cancelled"  # type: ignore[arg-type]
    assert await drift() == []


async def test_a_move_too_finds_a_place_by_exchange(
    place: Place, wide_taken: AppointmentRow, now: datetime
) -> None:
    late = await confirmed(place, now, items=BIRTHS, starts_at=place.opens + 2 * GRAIN)

    moved = await operations.reschedule(
        appointment_id=late.id, citizen_id=late.citizen_id, starts_at=place.opens, now=now
    )

    lan = await queries.mine(wide_taken.id, citizen_id=wide_taken.citizen_id)
    assert (moved.pool_id, lan.pool_id) == (place.wide_pool_id, place.pool_id)
    assert await drift() == []


async def test_whoever_is_in_the_hall_stays_where_their_ticket_is(
    place: Place, wide_taken: AppointmentRow, now: datetime
) -> None:
    async with transaction():
        await steps.mark_arrived(appointment_id=wide_taken.id, now=place.opens)

    with pytest.raises(SlotFull):
        await hold(place, now, items=BIRTHS)
    assert await drift() == []


async def test_nobody_is_moved_into_the_share_of_another_channel(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2, pool_id=place.wide_pool_id)
    lan = await hold(place, now)
    await publish(counters=1, grains=2, walkin_floor=1)

    with pytest.raises(SlotFull):
        await hold(place, now, items=BIRTHS)
    assert (await queries.mine(lan.id, citizen_id=lan.citizen_id)).pool_id == place.wide_pool_id


async def test_a_hold_of_another_pool_that_has_ended_leaves_room_for_an_exchange(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2)
    await hold(place, now)
    await publish(counters=1, grains=2, pool_id=place.wide_pool_id)
    await let_holds_end()
    # Nobody has swept it: it still counts in the narrow pool, and Lan's visit is in the wide one.
    assert DB.pool is not None
    await DB.pool.execute("UPDATE appointment SET hold_expires_at = clock_timestamp() + interval '1 hour'")
    lan = await confirmed(place, now)
    await let_holds_end()
    assert lan.pool_id == place.wide_pool_id

    newcomer = await hold(place, now, items=BIRTHS)

    assert newcomer.pool_id == place.wide_pool_id
    assert (await queries.mine(lan.id, citizen_id=lan.citizen_id)).pool_id == place.pool_id
    assert await drift() == []


async def test_a_limit_is_no_reason_to_move_anybody(
    place: Place, wide_taken: AppointmentRow, now: datetime
) -> None:
    minh = uuid.uuid4()
    await hold(place, now, items=BIRTHS, citizen_id=minh, starts_at=place.opens + 2 * GRAIN)

    with pytest.raises(AppointmentLimit):
        await hold(place, now, items=BIRTHS, citizen_id=minh)
    lan = await queries.mine(wide_taken.id, citizen_id=wide_taken.citizen_id)
    assert lan.pool_id == place.wide_pool_id


async def test_a_look_that_finds_nothing_locks_nothing(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=2, pool_id=place.wide_pool_id)
    await hold(place, now, items=BIRTHS)
    need = await needs.need_of(place.centre_id, BIRTHS, starts_at=place.opens, now=now)
    async with transaction() as locking:
        await locking.execute("SELECT FROM slot FOR UPDATE")
        await locking.execute("SELECT FROM appointment FOR UPDATE")
        look = asyncio.create_task(making_room.can_help(need, place.opens, Channel.ONLINE, now=now))
        assert not await asyncio.wait_for(look, 5)


async def test_of_24_who_ask_at_once_as_many_come_in_as_others_can_make_room_for(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=8, grains=2, pool_id=place.wide_pool_id)
    standing = [await confirmed(place, now) for _ in range(8)]
    await publish(counters=6, grains=2)

    answers = await asyncio.gather(
        *(hold(place, now, items=BIRTHS) for _ in range(24)), return_exceptions=True
    )

    assert sum(isinstance(answer, AppointmentRow) for answer in answers) == 6
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 18
    assert await pools_of(standing) == {place.wide_pool_id: 2, place.pool_id: 6}
    assert await drift() == []


async def come_and_go(place: Place, dice: random.Random, now: datetime) -> None:
    """Hold something for a while; then confirm and move it, give it up, or forget it."""
    lan = uuid.uuid4()
    with suppress(Refusal):
        row = await hold(
            place,
            now,
            citizen_id=lan,
            items=dice.choice((BIRTHS, copies(2))),
            starts_at=place.opens + dice.choice((0, 2, 4)) * GRAIN,
            hold=timedelta(milliseconds=dice.choice((5, 30, 5000))),
        )
        who = {"appointment_id": row.id, "citizen_id": lan, "now": now}
        if dice.random() < 0.3:
            await operations.confirm(**who)
            await operations.reschedule(**who, starts_at=place.opens + dice.choice((0, 2, 4)) * GRAIN)
        if dice.random() < 0.6:
            await operations.cancel(**who)


async def test_making_room_while_others_confirm_move_cancel_and_sweep_drifts_nowhere(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=5, grains=6, pool_id=place.wide_pool_id)
    for start in (0, 2, 4):
        for _ in range(5):
            await hold(place, now, starts_at=place.opens + start * GRAIN)
    await publish(counters=5, grains=6)
    # Whether a later one finds the narrow pool with room is a matter of time; this one does.
    await hold(place, now, items=BIRTHS)
    dice = random.Random(23)
    done = asyncio.Event()

    async def sweeper() -> None:
        while not done.is_set():
            await operations.expire_holds(now=now)

    sweepers = [asyncio.create_task(sweeper()) for _ in range(2)]
    try:
        await asyncio.gather(*(come_and_go(place, dice, now) for _ in range(180)))
    finally:
        done.set()
        await asyncio.gather(*sweepers)

    assert DB.pool is not None
    moves = await DB.pool.fetchval("SELECT count(*) FROM journal WHERE action = 'appointment.pool_changed'")
    assert moves > 0
    assert await drift() == []
    await let_holds_end()
    while await operations.expire_holds(now=now):
        pass
    assert await drift() == []


async def pools_of(rows: list[AppointmentRow]) -> dict[uuid.UUID, int]:
    """In which pools these stand now, by their slots; how many in each."""
    assert DB.pool is not None
    found = await DB.pool.fetch(
        "SELECT pool_id, count(DISTINCT appointment_id) AS visits FROM appointment_slot"
        " JOIN slot ON slot.id = slot_id WHERE appointment_id = ANY($1) GROUP BY pool_id",
        [row.id for row in rows],
    )
    return {row["pool_id"]: row["visits"] for row in found}
