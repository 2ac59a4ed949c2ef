"""A family or a group comes together: consecutive places of one pool, one reference, all or nothing."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx
import pytest

from app.appointments import operations, rules
from app.appointments.errors import SlotFull, VisitTooLong
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow
from app.core.clock import local
from app.core.database import DB
from app.http.principals import Caller
from tests.appointments.conftest import BIRTH, COPIES, GRAIN, Place, Publish, drift
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]


async def book(
    place: Place, now: datetime, *items: Item, at: int = 0, who: uuid.UUID | None = None
) -> AppointmentRow:
    return await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens + at * GRAIN,
        items=items,
        citizen_id=who or uuid.uuid4(),
        now=now,
    )


async def slots_of(row: AppointmentRow) -> list[tuple[uuid.UUID, datetime]]:
    """Pool and start of each place, by time."""
    assert DB.pool is not None
    found = await DB.pool.fetch(
        "SELECT pool_id, starts_at FROM slot JOIN appointment_slot ON slot_id = slot.id"
        " WHERE appointment_id = $1 ORDER BY starts_at",
        row.id,
    )
    return [(each["pool_id"], each["starts_at"]) for each in found]


async def test_three_children_are_registered_one_after_another_in_one_pool(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)
    await publish(counters=1, pool_id=place.wide_pool_id)

    row = await book(place, now, Item(BIRTH, 3), at=1)

    assert (row.grains, row.starts_at) == (6, place.opens + GRAIN)
    assert row.ends_at == place.opens + 7 * GRAIN
    assert await slots_of(row) == [(place.wide_pool_id, place.opens + n * GRAIN) for n in range(1, 7)]


async def test_a_family_with_two_errands_each_stays_together_though_one_pool_could_do_half_of_it(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    await publish(counters=1, pool_id=place.wide_pool_id)

    row = await book(place, now, Item(BIRTH, 2), Item(COPIES, 2))

    assert row.grains == 6
    assert {pool_id for pool_id, _ in await slots_of(row)} == {place.wide_pool_id}
    assert len({start for _, start in await slots_of(row)}) == 6


async def test_a_group_is_served_whole_or_not_at_all(place: Place, publish: Publish, now: datetime) -> None:
    await publish(counters=1, grains=5)

    answers = await asyncio.gather(
        *(book(place, now, Item(COPIES, 4), at=n % 2) for n in range(8)), return_exceptions=True
    )

    held = [row for row in answers if isinstance(row, AppointmentRow)]
    assert len(held) == 1
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 7
    assert len(await slots_of(held[0])) == 4
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM appointment_slot") == 4
    assert await drift() == []


async def test_a_group_does_not_reach_over_a_break_or_the_end_of_the_day(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4, grains=3)
    await publish(counters=4, grains=3, at=place._replace(opens=place.opens + 4 * GRAIN))

    for at in (1, 2, 5):
        with pytest.raises(SlotFull):
            await book(place, now, Item(COPIES, 3), at=at)
    assert (await book(place, now, Item(COPIES, 3), at=4)).grains == 3
    assert await drift() == []


async def test_the_summed_grains_have_a_hard_maximum(place: Place, publish: Publish, now: datetime) -> None:
    most = rules.MOST_GRAINS
    await publish(counters=1, grains=most + 2, pool_id=place.wide_pool_id)

    with pytest.raises(VisitTooLong):
        await book(place, now, Item(BIRTH, most // 2), Item(COPIES, 1))

    assert (await book(place, now, Item(BIRTH, most // 2))).grains == most


async def test_a_family_is_one_visit_of_one_person_and_gives_all_of_it_back(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=8, pool_id=place.wide_pool_id)
    lan = uuid.uuid4()
    row = await book(place, now, Item(BIRTH, 3), who=lan)
    assert DB.pool is not None
    claims = await DB.pool.fetchval(
        "SELECT count(*) FROM appointment_claim WHERE appointment_id = $1", row.id
    )

    await operations.cancel(appointment_id=row.id, citizen_id=lan, now=now)

    assert claims == 2  # one visit, one sector
    assert (await book(place, now, Item(BIRTH, 4), who=lan)).grains == 8
    assert await drift() == []


async def test_only_starts_where_the_whole_family_fits_are_shown_and_can_be_booked(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=6)
    await book(place, now, Item(COPIES, 1), at=2)
    lan = await sign_in(Caller.CITIZEN)

    days = await client.get(
        "/v1/availability",
        params={"centre": str(place.centre_id), "procedure": COPIES, "quantity": 3},
    )
    starts = [slot["starts_at"] for day in days.json()["days"] for slot in day["slots"]]
    assert starts == [local(place.opens + 3 * GRAIN).isoformat()]

    held = await client.post(
        "/v1/appointments",
        json={
            "centre_id": str(place.centre_id),
            "starts_at": starts[0],
            "items": [{"procedure": COPIES, "quantity": 3}],
        },
        headers=lan.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )
    assert held.status_code == 201
    assert held.json()["ends_at"] == local(place.opens + 6 * GRAIN).isoformat()
