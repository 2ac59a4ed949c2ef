"""What other concepts join: places of visit windows, arrivals, sweeps, and what the rules say of them."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import operations, queries, rules, steps
from app.appointments.errors import AppointmentNotFound, OutsideCheckInWindow
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core.database import DB, transaction
from tests.appointments.conftest import GRAIN, Place, Publish, copies, drift, let_holds_end


async def confirmed(place: Place, now: datetime) -> AppointmentRow:
    lan = uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id, starts_at=place.opens, items=copies(), citizen_id=lan, now=now
    )
    return await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)


async def test_a_window_gives_as_many_places_as_it_has_to_those_who_ask_together(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=3, grains=1)
    (slot,) = await queries.open_slots(place.pool_id, start=now, end=place.opens + GRAIN)

    async def take() -> bool:
        async with transaction():
            return await steps.take_place(slot.id, channel=Channel.ONLINE)

    assert sum(await asyncio.gather(*(take() for _ in range(10)))) == 3
    async with transaction():
        await steps.release_place(slot.id, channel=Channel.ONLINE)
    assert await take()


@pytest.mark.parametrize(
    ("offset", "welcome"),
    [
        (timedelta(minutes=-31), False),
        (timedelta(minutes=-30), True),
        (timedelta(minutes=10), True),
        (timedelta(minutes=12), False),
    ],
)
async def test_one_checks_in_from_half_an_hour_before_until_the_grace_is_over(
    place: Place, publish: Publish, now: datetime, offset: timedelta, *, welcome: bool
) -> None:
    await publish()
    row = await confirmed(place, now)

    async def arrive() -> AppointmentRow:
        async with transaction():
            return await steps.mark_arrived(
                reference=row.reference, centre_id=place.centre_id, now=place.opens + offset
            )

    if welcome:
        assert (await arrive()).state == "arrived"
    else:
        with pytest.raises(OutsideCheckInWindow):
            await arrive()


async def test_nobody_checks_in_twice_or_at_another_centre(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    row = await confirmed(place, now)

    with pytest.raises(AppointmentNotFound):
        async with transaction():
            await steps.mark_arrived(appointment_id=row.id, centre_id=uuid.uuid4(), now=place.opens)
    async with transaction():
        await steps.mark_arrived(appointment_id=row.id, now=place.opens)
    with pytest.raises(OutsideCheckInWindow):
        async with transaction():
            await steps.mark_arrived(appointment_id=row.id, now=place.opens)
    async with transaction():
        await steps.undo_arrival(row.id, now=place.opens)
        await steps.mark_arrived(appointment_id=row.id, now=place.opens)
        await steps.mark_served(row.id, now=place.opens)
    assert (await queries.mine(row.id, citizen_id=row.citizen_id)).state == "served"


async def test_a_sweep_ends_what_is_over_once_and_tells_each(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish()
    for _ in range(4):
        await operations.book(
            centre_id=place.centre_id,
            starts_at=place.opens,
            items=copies(2),
            citizen_id=uuid.uuid4(),
            now=now,
        )
    kept = await confirmed(place._replace(opens=place.opens + 4 * GRAIN), now)
    await let_holds_end()

    swept = await asyncio.gather(*(operations.expire_holds(now=now) for _ in range(3)))

    told = await DB.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'appointment.expired'")
    assert (sum(swept), told) == (4, 4)
    assert (await queries.mine(kept.id, citizen_id=kept.citizen_id)).state == "confirmed"
    assert await drift() == []


async def test_who_did_not_come_within_the_grace_is_marked_missed_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    row = await confirmed(place, now)

    grace = timedelta(minutes=rules.UNDECIDED.grace_minutes)
    assert await operations.miss_overdue(now=place.opens + grace) == 0
    late = place.opens + grace + timedelta(seconds=1)
    assert await operations.miss_overdue(now=late) == 1
    assert await operations.miss_overdue(now=late) == 0
    assert (await queries.mine(row.id, citizen_id=row.citizen_id)).state == "missed"


@given(counters=st.integers(1, 200), share=st.floats(0, 1), floor=st.integers(0, 200))
def test_shares_are_whole_places_within_the_counters(counters: int, share: float, floor: int) -> None:
    shared = rules.shares(counters=counters, online_share=share, walkin_floor=floor)
    assert 0 <= shared.online_cap <= counters
    assert shared.online_cap <= max(counters * share + 1e-6, 1 if share else 0)


@given(grains=st.integers(1, 96), minutes=st.sampled_from([5, 10, 15, 30]))
def test_the_slots_of_an_opening_follow_one_another_to_its_end(grains: int, minutes: int) -> None:
    start = datetime(2027, 1, 4, 1, tzinfo=UTC)
    end = start + grains * timedelta(minutes=minutes)
    starts = rules.grain_starts(start, end, minutes)
    assert starts[0] == start
    assert starts[-1] + timedelta(minutes=minutes) == end
    assert len(set(starts)) == grains


held_claims = st.sets(
    st.sampled_from(
        [f"visit:{n}" for n in range(1, 5)]
        + [f"sector:{sector}{n}" for sector in "abc" for n in ("", ":2", ":3")]
    )
)


@given(
    held=held_claims,
    sectors=st.sets(st.sampled_from("abc"), min_size=1),
    per_day=st.integers(1, 4),
    per_sector=st.integers(1, 3),
)
def test_a_limit_is_reached_exactly_where_every_claim_of_a_kind_is_taken(
    held: set[str], sectors: set[str], per_day: int, per_sector: int
) -> None:
    decided = rules.BookingRules(visits_per_day=per_day, visits_per_sector=per_sector)

    wanted = rules.claims(sectors, decided)
    reached = rules.limit_reached(held, wanted, decided)

    assert [len(choices) for choices in wanted] == [per_day, *([per_sector] * len(sectors))]
    assert (reached is None) == all(set(choices) - held for choices in wanted)
    if all(set(choices) - held for choices in wanted[1:]):
        assert reached in {None, rules.per_day(decided)}


async def test_whoever_reclaims_holds_all_the_slots_they_want_next_also_when_nothing_has_expired(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish(grains=8)
    kept = await confirmed(place._replace(opens=place.opens + 6 * GRAIN), now)
    wanted = steps.Stretch([place.pool_id], place.opens, place.opens + 3 * GRAIN, uuid.uuid4())

    async with transaction():
        await steps.reclaim(wanted, now=now, keeping=kept.id)
        free = await DB.pool.fetch("SELECT starts_at FROM slot ORDER BY id FOR UPDATE SKIP LOCKED")

    assert [row["starts_at"] for row in free] == [place.opens + n * GRAIN for n in (3, 4, 5, 7)]
