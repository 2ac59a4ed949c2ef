"""Places change sides on the day: unsold ones to walk-ins, unneeded ones online, each slot one way only."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import free_places, needs, operations, queries, sharing, steps
from app.appointments.errors import SlotFull
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.appointments.rules import BookingRules
from app.core.clock import at_local, local_date
from app.core.database import DB, transaction
from tests.appointments.conftest import GRAIN, Place, Publish, copies, drift

HOUR = timedelta(hours=1)


async def hold(place: Place, now: datetime, **facts: Any) -> AppointmentRow:
    asked: dict[str, Any] = {"starts_at": place.opens, "items": copies(), "citizen_id": uuid.uuid4()}
    return await operations.book(centre_id=place.centre_id, now=now, **(asked | facts))


async def slots() -> list[tuple[int, int, int, str | None]]:
    """Cap, taken, floor and side of every slot, by time."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT online_cap, taken_online, walkin_floor, moved_to FROM slot ORDER BY starts_at, id"
    )
    return [tuple(row) for row in rows]


@given(
    floor=st.integers(1, 50),
    taken=st.integers(0, 50),
    kept=st.integers(0, 300),
    came=st.integers(0, 300),
    minutes=st.integers(0, 300),
)
def test_what_is_spare_is_never_what_walk_ins_need(
    floor: int, taken: int, kept: int, came: int, minutes: int
) -> None:
    seen = timedelta(minutes=minutes)
    spare = sharing.spare_floor(floor=floor, taken=taken, kept=kept, came=came, seen=seen)

    assert 0 <= spare < floor
    if spare:
        left = floor - spare
        assert seen >= sharing.SEEN_AT_LEAST
        assert left >= taken
        assert left * kept * 4 >= floor * came * 5
    one_more = sharing.spare_floor(floor=floor, taken=taken, kept=kept, came=came + 1, seen=seen)
    assert one_more <= spare


async def test_ninety_minutes_before_what_nobody_booked_goes_to_walk_ins(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4, grains=12, online_share=0.5)
    await hold(place, now)
    early = place.opens - 91 * timedelta(minutes=1)

    assert await operations.unsold_to_walkins(now=early) == 0
    assert await operations.unsold_to_walkins(now=early + timedelta(minutes=1)) == 1
    assert await operations.unsold_to_walkins(now=early + timedelta(minutes=1)) == 0
    assert await operations.unsold_to_walkins(now=early + timedelta(minutes=21)) == 2

    assert await slots() == [(1, 1, 0, "walkin"), *[(0, 0, 0, "walkin")] * 2, *[(2, 0, 0, None)] * 9]
    with pytest.raises(SlotFull):
        await hold(place, now)
    (first, *_) = await queries.open_slots(place.pool_id, start=place.opens, end=place.opens + GRAIN)
    async with transaction():
        taken = [await steps.take_place(first.id, channel=Channel.WALKIN) for _ in range(4)]
    assert taken == [True, True, True, False]


async def test_a_place_given_back_after_it_goes_the_same_way(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4, grains=1)
    row = await hold(place, now)
    near = place.opens - HOUR
    assert await operations.unsold_to_walkins(now=near) == 1

    await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)

    assert await slots() == [(1, 0, 0, "walkin")]
    assert await operations.unsold_to_walkins(now=near) == 1
    assert await slots() == [(0, 0, 0, "walkin")]


async def test_an_opening_at_short_notice_keeps_its_shares(place: Place, now: datetime) -> None:
    starts_at = now + timedelta(minutes=30)
    await operations.publish_opening(
        centre_id=place.centre_id,
        pool_id=place.pool_id,
        starts_at=starts_at.replace(second=0, microsecond=0),
        ends_at=starts_at.replace(second=0, microsecond=0) + 6 * GRAIN,
        counters=2,
        now=now,
    )

    assert await operations.unsold_to_walkins(now=now + timedelta(minutes=10)) == 0
    assert await slots() == [(2, 0, 0, None)] * 6


async def test_a_centre_decides_when_or_that_it_never_happens(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(grains=1)
    tomorrow = local_date(place.opens)
    for minutes, moved in ((None, 0), (30, 0), (120, 1)):
        assert DB.pool is not None
        await DB.pool.execute("DELETE FROM booking_rule")
        await operations.set_booking_rules(
            centre_id=place.centre_id,
            rules=BookingRules(unsold_minutes=minutes),
            valid_from=tomorrow,
            now=now,
        )
        assert await operations.unsold_to_walkins(now=place.opens - HOUR) == moved


async def test_windows_of_home_service_are_left_alone(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish()
    await DB.pool.execute(
        "UPDATE pool SET kind = 'postal_zone', lat = 20.25, lon = 105.97, radius_km = 5,"
        " unit_id = (SELECT unit_id FROM centre WHERE centre.id = pool.centre_id)"
        " WHERE id = $1",
        place.pool_id,
    )

    assert await operations.unsold_to_walkins(now=place.opens - HOUR) == 0


async def test_what_walk_ins_will_not_need_later_today_goes_online_and_never_back(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=10, grains=36, online_share=0.5, walkin_floor=5)
    after_two_hours = place.opens + 2 * HOUR
    came = {place.pool_id: 20}  # 13 slots began, with 65 places kept: a third came, and some more.

    assert await operations.spare_floor_online(came=came, now=place.opens + timedelta(minutes=20)) == 0
    moved = await operations.spare_floor_online(came=came, now=after_two_hours)
    again = await operations.spare_floor_online(came={}, now=after_two_hours)

    found = await slots()
    later = [(index, slot) for index, slot in enumerate(found) if slot[3] == "online"]
    assert moved == len(later) == 36 - 12 - 15 - 1  # From two hours and a half on.
    assert again == 0
    assert {slot for _, slot in later} == {(8, 0, 2, "online")}
    assert min(index for index, _ in later) == 28
    # When they come near, what is unsold in them stays online.
    near = place.opens + 28 * GRAIN - timedelta(minutes=30)
    await operations.unsold_to_walkins(now=near)
    assert [slot for slot in await slots() if slot[3] == "online"] == [slot for _, slot in later]


async def test_where_as_many_came_as_were_expected_nothing_is_spare(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=10, grains=36, online_share=0.5, walkin_floor=5)
    before = await slots()

    moved = await operations.spare_floor_online(came={place.pool_id: 65}, now=place.opens + 2 * HOUR)

    assert moved == 0
    assert await slots() == before


async def test_places_change_sides_while_people_book_confirm_and_cancel_and_nothing_drifts(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish(counters=6, grains=8, online_share=0.7, walkin_floor=2)
    near = place.opens - timedelta(minutes=70)

    async def somebody(number: int) -> str:
        start = place.opens + number % 8 * GRAIN
        lan = uuid.uuid4()
        try:
            row = await hold(place, now, starts_at=start, citizen_id=lan)
            if number % 3 == 0:
                await operations.cancel(appointment_id=row.id, citizen_id=lan, now=now)
                return "cancelled"
        except SlotFull:
            return "full"
        await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
        return "confirmed"

    async def sweeping(number: int) -> str:
        await asyncio.sleep(0)
        await operations.unsold_to_walkins(now=near + number * timedelta(minutes=1))
        return "swept"

    answers = await asyncio.gather(
        *(somebody(number) for number in range(64)), *(sweeping(number) for number in range(12))
    )

    assert answers.count("swept") == 12
    assert {"confirmed", "full"} <= set(answers)
    assert await drift() == []
    await operations.unsold_to_walkins(now=near)
    swept = [slot for slot in await slots() if slot[3] == "walkin"]
    assert swept
    assert all(cap == taken for cap, taken, _, _ in swept)
    assert answers.count("confirmed") <= sum(taken for _, taken, _, _ in await slots())


async def test_two_sweeps_at_once_move_each_slot_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=3, grains=6)

    moved = await asyncio.gather(*(operations.unsold_to_walkins(now=place.opens - HOUR) for _ in range(6)))

    assert sum(moved) == 4
    assert [slot[3] for slot in await slots()].count("walkin") == 4


async def test_availability_and_booking_agree_once_places_have_gone_to_walk_ins(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2, grains=12)
    near = place.opens - HOUR
    await operations.unsold_to_walkins(now=near)

    need = await needs.need_of(place.centre_id, copies(), starts_at=place.opens, now=now)
    shown = [seats.starts_at for seats in await free_places.bookable_seats(need, now=near)]

    assert shown == [place.opens + n * GRAIN for n in range(4, 12)]
    for n in range(12):
        start = place.opens + n * GRAIN
        if start in shown:
            await hold(place, near, starts_at=start)
        else:
            with pytest.raises(SlotFull):
                await hold(place, near, starts_at=start)
    assert at_local(local_date(place.opens), 8) == place.opens
