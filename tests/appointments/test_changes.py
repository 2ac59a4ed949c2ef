"""A centre changes what it can receive: impact first, then done, and everybody is accounted for."""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from app.appointments import impact, operations
from app.appointments.changes import Change, Close, Counters, End, Orphans
from app.appointments.errors import (
    ChangeNotValid,
    HoldExpired,
    OpeningNotFound,
    OpeningOverlap,
    PoolNotFound,
    ProposalExpired,
    ProposalNotFound,
    ProposalStale,
    SlotFull,
)
from app.appointments.needs import Item
from app.appointments.operations.change_capacity import ProposalRow
from app.appointments.queries import AppointmentRow
from app.core.database import DB
from tests.appointments.conftest import (
    BIRTH,
    COPIES,
    GRAIN,
    Place,
    Publish,
    drift,
    let_holds_end,
    make_centre,
)


async def book(
    place: Place,
    now: datetime,
    *,
    start: datetime | None = None,
    code: str = COPIES,
    quantity: int = 1,
    citizen_id: uuid.UUID | None = None,
    confirmed: bool = True,
) -> AppointmentRow:
    lan = citizen_id or uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id,
        starts_at=start or place.opens,
        items=[Item(code, quantity)],
        citizen_id=lan,
        now=now,
    )
    return await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now) if confirmed else row


async def propose(place: Place, change: Change, now: datetime) -> ProposalRow:
    return await operations.propose_change(centre_id=place.centre_id, change=change, now=now)


async def apply(place: Place, proposal: ProposalRow, orphans: Orphans, now: datetime) -> ProposalRow:
    return await operations.apply_change(
        centre_id=place.centre_id, proposal_id=proposal.id, orphans=orphans, now=now
    )


async def standing(*rows: AppointmentRow) -> list[tuple[str, str]]:
    """State and placement of each."""
    assert DB.pool is not None
    found = {
        row["id"]: (row["state"], row["placement"])
        for row in await DB.pool.fetch("SELECT id, state, placement FROM appointment")
    }
    return [found[row.id] for row in rows]


async def at(row: AppointmentRow) -> AppointmentRow:
    from app.appointments import queries

    found = await queries.by_id(row.id)
    assert found is not None
    return found


async def disagreeing() -> list[object]:
    """Live appointments whose placement is not what their rows say, or in slots that are not theirs."""
    assert DB.pool is not None
    rows: list[object] = await DB.pool.fetch(
        "SELECT appointment.id FROM appointment LEFT JOIN LATERAL ("
        " SELECT count(*) AS places, min(slot.starts_at) AS starts_at, max(slot.ends_at) AS ends_at,"
        " bool_and(slot.pool_id = appointment.pool_id) AS one_pool FROM appointment_slot placed"
        " JOIN slot ON slot.id = placed.slot_id WHERE placed.appointment_id = appointment.id) found ON true"
        " WHERE state IN ('held', 'confirmed', 'arrived') AND ((placement = 'orphaned') <> (places = 0)"
        " OR (places > 0 AND NOT (one_pool AND found.starts_at = appointment.starts_at"
        "     AND found.ends_at = appointment.ends_at)))"
    )
    return rows


async def facts(kind: str) -> int:
    assert DB.pool is not None
    found: int = await DB.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = $1", kind)
    return found


def closing(place: Place, grains: int = 8, pool_id: uuid.UUID | None = None) -> Close:
    return Close(starts_at=place.opens, ends_at=place.opens + grains * GRAIN, pool_id=pool_id)


async def test_closing_a_pool_keeps_those_whom_another_serves_and_counts_the_others(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2)
    await publish(counters=1, pool_id=place.wide_pool_id)
    first, second = await book(place, now), await book(place, now)

    proposal = await propose(place, closing(place, pool_id=place.pool_id), now)

    assert (proposal.impact.supported, proposal.impact.orphaned, proposal.impact.unreachable) == (1, 1, 1)
    assert [orphan.id for orphan in proposal.impact.appointments] == [second.id]
    assert await standing(first, second) == [("confirmed", "supported")] * 2
    assert await drift() == [] == await disagreeing()

    done = await apply(place, proposal, Orphans.KEEP, now)

    assert done.outcome is not None
    assert (done.outcome.kept, done.outcome.cancelled, done.outcome.moved) == (1, 0, 0)
    assert await standing(first, second) == [("confirmed", "supported"), ("confirmed", "orphaned")]
    assert (await at(first)).pool_id == place.wide_pool_id
    assert await drift() == [] == await disagreeing()
    listed = await impact.orphans_of(place.centre_id, now=now, after=None, limit=10)
    assert [orphan.id for orphan in listed] == [second.id]
    with pytest.raises(SlotFull):
        await book(place, now)


async def test_confirmed_come_before_held_and_then_who_came_first(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=3)
    held = await book(place, now, confirmed=False)
    later = now + timedelta(seconds=1)
    early, late = await book(place, later), await book(place, later + timedelta(seconds=1))

    proposal = await propose(place, Counters(opening_id=opening.id, counters=1), now)
    await apply(place, proposal, Orphans.KEEP, now)

    assert await standing(early, late, held) == [
        ("confirmed", "supported"),
        ("confirmed", "orphaned"),
        ("held", "orphaned"),
    ]
    with pytest.raises(HoldExpired):
        await operations.confirm(appointment_id=held.id, citizen_id=held.citizen_id, now=now)
    assert await drift() == [] == await disagreeing()


async def test_somebody_in_another_pool_moves_over_for_who_can_only_be_there(
    place: Place, publish: Publish, now: datetime
) -> None:
    wide = await publish(counters=2, grains=2, pool_id=place.wide_pool_id)
    birth = await book(place, now, code=BIRTH)
    copied = await book(place, now, quantity=2)
    await publish(counters=1, grains=2)

    proposal = await propose(place, Counters(opening_id=wide.id, counters=1), now)
    await apply(place, proposal, Orphans.KEEP, now)

    assert proposal.impact.orphaned == 0
    assert [(await at(row)).pool_id for row in (birth, copied)] == [place.wide_pool_id, place.pool_id]
    assert await drift() == [] == await disagreeing()


async def test_cancelling_tells_each_person_once_and_frees_their_day(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=2)
    rows = [await book(place, now) for _ in range(2)]

    proposal = await propose(place, closing(place), now)
    first = await apply(place, proposal, Orphans.CANCEL, now)
    again = await apply(place, proposal, Orphans.MOVE, now)

    assert first == again
    assert first.outcome is not None
    assert first.outcome.cancelled == 2
    assert await standing(*rows) == [("cancelled", "orphaned")] * 2
    assert (await facts("appointment.withdrawn"), await facts("appointment.orphaned")) == (2, 0)
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM appointment_claim") == 0
    assert await DB.pool.fetchval("SELECT status FROM opening WHERE id = $1", opening.id) == "closed"
    assert await drift() == [] == await disagreeing()
    await publish(counters=1)  # A closed opening is in nobody's way.


async def test_moving_gives_the_next_place_at_the_centre_then_nearby_and_keeps_the_reference(
    place: Place, publish: Publish, now: datetime
) -> None:
    near = await make_centre(name="Tam Điệp", opens=place.opens, lat=20.3)
    far = await make_centre(name="Kim Sơn", opens=place.opens, lat=20.9)
    await publish(counters=3, grains=2)
    await publish(counters=1, grains=1, at=place._replace(opens=place.opens + 2 * GRAIN))
    for other in (far, near):
        await publish(counters=1, grains=1, at=other)
    rows = [await book(place, now) for _ in range(3)]

    proposal = await propose(place, closing(place, grains=2), now)
    done = await apply(place, proposal, Orphans.MOVE, now)

    assert done.outcome is not None
    assert (done.outcome.moved, done.outcome.kept) == (3, 0)
    moved = [await at(row) for row in rows]
    assert [(row.centre_id, row.starts_at) for row in moved] == [
        (place.centre_id, place.opens + 2 * GRAIN),
        (near.centre_id, place.opens),
        (far.centre_id, place.opens),
    ]
    assert [row.reference for row in moved] == [row.reference for row in rows]
    assert await facts("appointment.moved") == 3
    assert await drift() == [] == await disagreeing()


async def test_who_cannot_be_moved_stays_and_is_listed(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    await publish(counters=1, grains=1, at=place._replace(opens=place.opens + timedelta(days=1)))
    lan, eve = uuid.uuid4(), uuid.uuid4()
    await book(place, now, start=place.opens + timedelta(days=1), citizen_id=eve)
    row = await book(place, now, citizen_id=lan)

    done = await apply(place, await propose(place, closing(place), now), Orphans.MOVE, now)

    assert done.outcome is not None
    assert (done.outcome.moved, [orphan.id for orphan in done.outcome.left]) == (0, [row.id])
    assert await standing(row) == [("confirmed", "orphaned")]
    assert (await facts("appointment.moved"), await facts("appointment.orphaned")) == (0, 1)


async def test_a_person_is_not_moved_to_a_day_on_which_they_have_the_same_sector(
    place: Place, publish: Publish, now: datetime
) -> None:
    days = [place._replace(opens=place.opens + timedelta(days=n)) for n in range(3)]
    for day in days:
        await publish(counters=2, grains=1, at=day)
    lan = uuid.uuid4()
    await book(place, now, start=days[1].opens, citizen_id=lan)
    row = await book(place, now, citizen_id=lan)

    await apply(place, await propose(place, closing(place), now), Orphans.MOVE, now)

    assert (await at(row)).starts_at == days[2].opens
    assert await drift() == [] == await disagreeing()
    assert DB.pool is not None
    claims = await DB.pool.fetch(
        "SELECT local_date, count(*) FROM appointment_claim GROUP BY local_date ORDER BY local_date"
    )
    assert [row["count"] for row in claims] == [2, 2]


async def test_a_proposal_is_stale_once_somebody_booked_and_says_the_fresh_figures(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2)
    await book(place, now)
    proposal = await propose(place, closing(place), now)
    await book(place, now)

    with pytest.raises(ProposalStale) as refused:
        await apply(place, proposal, Orphans.CANCEL, now)

    assert refused.value.told_facts["impact"]["orphaned"] == 2
    assert await facts("appointment.withdrawn") == 0
    assert await drift() == [] == await disagreeing()


@pytest.mark.parametrize("counters", [1, 3])
async def test_a_proposal_is_stale_once_the_opening_is_another_one(
    place: Place, publish: Publish, now: datetime, counters: int
) -> None:
    opening = await publish(counters=2)
    proposal = await propose(place, closing(place), now)
    other = await propose(place, Counters(opening_id=opening.id, counters=counters), now)
    await apply(place, other, Orphans.KEEP, now)

    with pytest.raises(ProposalStale):
        await apply(place, proposal, Orphans.KEEP, now)


async def test_a_proposal_ends_and_belongs_to_its_centre(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    proposal = await propose(place, closing(place), now)

    with pytest.raises(ProposalExpired):
        await apply(place, proposal, Orphans.KEEP, now + timedelta(minutes=30))
    with pytest.raises(ProposalNotFound):
        await apply(place._replace(centre_id=uuid.uuid4()), proposal, Orphans.KEEP, now)


async def test_an_opening_ends_earlier_or_later(place: Place, publish: Publish, now: datetime) -> None:
    opening = await publish(counters=1, grains=3)
    first, last = await book(place, now), await book(place, now, start=place.opens + 2 * GRAIN)

    earlier = End(opening_id=opening.id, ends_at=place.opens + GRAIN)
    await apply(place, await propose(place, earlier, now), Orphans.KEEP, now)
    assert await standing(first, last) == [("confirmed", "supported"), ("confirmed", "orphaned")]

    later = End(opening_id=opening.id, ends_at=place.opens + 4 * GRAIN)
    done = await apply(place, await propose(place, later, now), Orphans.KEEP, now)

    assert await standing(first, last) == [("confirmed", "supported")] * 2
    assert done.impact.orphaned == 0
    await book(place, now, start=place.opens + 3 * GRAIN)
    assert await drift() == [] == await disagreeing()


async def test_more_counters_bring_those_back_who_had_lost_their_place(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=3, walkin_floor=1, online_share=0.7)
    rows = [await book(place, now) for _ in range(2)]
    await apply(
        place, await propose(place, Counters(opening_id=opening.id, counters=1), now), Orphans.KEEP, now
    )
    assert await standing(*rows) == [("confirmed", "supported"), ("confirmed", "orphaned")]

    more = await propose(place, Counters(opening_id=opening.id, counters=2), now)
    await apply(place, more, Orphans.KEEP, now)

    assert (more.impact.supported, more.impact.orphaned) == (2, 0)
    assert await standing(*rows) == [("confirmed", "supported")] * 2
    assert await facts("appointment.supported") == 1
    assert await drift() == [] == await disagreeing()


async def test_expired_holds_are_in_nobodys_way(place: Place, publish: Publish, now: datetime) -> None:
    opening = await publish(counters=2)
    held = await book(place, now, confirmed=False)
    await let_holds_end()
    row = await book(place, now)

    proposal = await propose(place, Counters(opening_id=opening.id, counters=1), now)
    await apply(place, proposal, Orphans.KEEP, now)

    assert (proposal.impact.supported, proposal.impact.orphaned) == (1, 0)
    assert await standing(held, row) == [("expired", "supported"), ("confirmed", "supported")]
    assert await drift() == [] == await disagreeing()
    with pytest.raises(SlotFull):
        await book(place, now)


async def test_what_cannot_be_is_refused(place: Place, publish: Publish, now: datetime) -> None:
    opening = await publish(counters=2, grains=2)
    await publish(grains=2, at=place._replace(opens=place.opens + 2 * GRAIN))
    wrong: Sequence[tuple[Change, type[Exception]]] = [
        (Close(starts_at=place.opens, ends_at=place.opens), ChangeNotValid),
        (Close(starts_at=now - GRAIN, ends_at=now - GRAIN / 2), ChangeNotValid),
        (closing(place, pool_id=uuid.uuid4()), PoolNotFound),
        (Counters(opening_id=uuid.uuid4(), counters=1), OpeningNotFound),
        (Counters(opening_id=opening.id, counters=2), ChangeNotValid),
        (End(opening_id=opening.id, ends_at=place.opens), ChangeNotValid),
        (End(opening_id=opening.id, ends_at=place.opens + 2.5 * GRAIN), ChangeNotValid),
        (End(opening_id=opening.id, ends_at=place.opens + 3 * GRAIN), OpeningOverlap),
    ]

    for change, refusal in wrong:
        with pytest.raises(refusal):
            await propose(place, change, now)


async def test_a_change_applied_while_people_book_oversells_nothing_and_loses_nobody(
    place: Place, publish: Publish, now: datetime
) -> None:
    opening = await publish(counters=4)
    await publish(counters=2, pool_id=place.wide_pool_id)
    booked: list[AppointmentRow] = []
    applied: list[ProposalRow] = []

    async def client(number: int) -> None:
        for turn in range(4):
            with suppress(SlotFull):
                booked.append(await book(place, now, start=place.opens + ((number + turn) % 8) * GRAIN))

    async def leader() -> None:
        for counters in (2, 5, 1):
            while True:
                proposal = await propose(place, Counters(opening_id=opening.id, counters=counters), now)
                try:
                    applied.append(await apply(place, proposal, Orphans.KEEP, now))
                    break
                except ProposalStale:
                    continue

    await asyncio.gather(*(client(number) for number in range(16)), leader())

    assert len(applied) == 3
    assert await drift() == [] == await disagreeing()
    assert {state for state, _ in await standing(*booked)} == {"confirmed"}
