"""Holding, confirming and ending: what one person at a time can do."""

import asyncio
import uuid
from datetime import date, datetime, timedelta

import pytest

from app.appointments import free_places, operations, queries, rules
from app.appointments.errors import (
    AppointmentLimit,
    HoldExpired,
    NotHeld,
    OutsideBookingPeriod,
    ProcedureNotOffered,
    SlotFull,
    VisitTooLong,
)
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow
from app.core.clock import at_local
from app.core.database import DB
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
    make_centre,
)


async def hold(place: Place, now: datetime, **facts: object) -> AppointmentRow:
    wished = {
        "centre_id": place.centre_id,
        "starts_at": place.opens,
        "items": copies(),
        "citizen_id": uuid.uuid4(),
        "now": now,
    } | facts
    return await operations.book(**wished)  # type: ignore[arg-type]


async def test_the_last_place_goes_to_one_of_eight_who_ask_at_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)

    answers = await asyncio.gather(*(hold(place, now) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(answer, AppointmentRow) for answer in answers) == 1
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 7
    assert await drift() == []


async def test_a_visit_for_several_procedures_takes_the_sum_of_their_grains(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(pool_id=place.wide_pool_id)

    row = await hold(place, now, items=[Item(COPIES, 3), Item(BIRTH, 1)])

    assert row.grains == 5
    assert row.ends_at - row.starts_at == 5 * GRAIN
    assert row.pool_id == place.wide_pool_id


async def test_a_visit_longer_than_24_grains_is_refused(place: Place, now: datetime) -> None:
    with pytest.raises(VisitTooLong):
        await hold(place, now, items=copies(25))


async def test_a_visit_does_not_fit_across_the_end_of_an_opening(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(grains=4)

    with pytest.raises(SlotFull):
        await hold(place, now, items=copies(2), starts_at=place.opens + 3 * GRAIN)
    assert await drift() == []


async def test_the_least_flexible_pool_is_filled_first(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)
    await publish(counters=1, pool_id=place.wide_pool_id)

    first, second = await hold(place, now), await hold(place, now)

    assert (first.pool_id, second.pool_id) == (place.pool_id, place.wide_pool_id)


async def test_a_procedure_the_centre_does_not_offer_is_named(place: Place, now: datetime) -> None:
    with pytest.raises(ProcedureNotOffered) as refused:
        await hold(place, now, items=[Item("9.999999", 1)])
    assert refused.value.facts["procedures"] == "9.999999"


@pytest.mark.parametrize("start", [timedelta(minutes=1), timedelta(days=15), -timedelta(hours=1)])
async def test_nothing_is_booked_outside_the_booking_period(
    place: Place, now: datetime, start: timedelta
) -> None:
    with pytest.raises(OutsideBookingPeriod):
        await hold(place, now, starts_at=now + start)


async def test_a_third_appointment_in_a_day_is_refused_with_the_rule(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    await publish(pool_id=place.wide_pool_id)
    lan = uuid.uuid4()
    await hold(place, now, citizen_id=lan)
    await hold(place, now, citizen_id=lan, items=[Item(BIRTH, 1)], starts_at=place.opens + 2 * GRAIN)

    with pytest.raises(AppointmentLimit) as refused:
        await hold(place, now, citizen_id=lan, starts_at=place.opens + 4 * GRAIN)
    assert refused.value.told_facts["decision"]


async def test_a_second_appointment_in_a_sector_on_a_day_is_refused(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    lan = uuid.uuid4()
    await hold(place, now, citizen_id=lan)

    with pytest.raises(AppointmentLimit) as refused:
        await hold(place, now, citizen_id=lan, items=[Item(SIGNATURE, 1)], starts_at=place.opens + GRAIN)
    assert refused.value.told_facts["rule"] == rules.per_sector(rules.UNDECIDED).rule
    assert "lĩnh vực" in refused.value.words("vi")


async def test_one_person_asking_eight_times_at_once_gets_one_place_per_sector(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=8)
    lan = uuid.uuid4()

    answers = await asyncio.gather(
        *(hold(place, now, citizen_id=lan) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(answer, AppointmentRow) for answer in answers) == 1
    assert sum(isinstance(answer, AppointmentLimit) for answer in answers) == 7
    assert await drift() == []


async def test_two_sectors_asked_at_once_are_both_held(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    await publish(pool_id=place.wide_pool_id)
    lan = uuid.uuid4()

    first, second = await asyncio.gather(
        hold(place, now, citizen_id=lan),
        hold(place, now, citizen_id=lan, items=[Item(BIRTH, 1)], starts_at=place.opens + GRAIN),
    )

    assert {first.state, second.state} == {"held"}


async def test_ones_own_expired_hold_does_not_count_against_the_limit(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    lan = uuid.uuid4()
    await hold(place, now, citizen_id=lan)
    await let_holds_end()

    again = await hold(place, now, citizen_id=lan, starts_at=place.opens + GRAIN)

    assert again.state == "held"
    assert await drift() == []


async def test_a_hold_is_gone_after_its_time_with_no_worker_running(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    lost = await hold(place, now, hold=timedelta(minutes=1))
    with pytest.raises(SlotFull):
        await hold(place, now)

    await let_holds_end()

    need = await queries_need(place, now)
    assert [s.seats for s in await free_places.seats(need, start=now, end=place.opens + GRAIN)] == [1]
    shown = await queries.mine(lost.id, citizen_id=lost.citizen_id)
    assert shown.state == "expired"
    assert (await hold(place, now)).state == "held"
    with pytest.raises(HoldExpired):
        await operations.confirm(appointment_id=lost.id, citizen_id=lost.citizen_id, now=now)
    assert await drift() == []


async def queries_need(place: Place, now: datetime):
    from app.appointments import needs

    return await needs.need_of(place.centre_id, copies(), starts_at=place.opens, now=now)


async def test_confirming_after_the_hold_has_ended_is_too_late_though_nobody_swept(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    row = await hold(place, now)
    await let_holds_end()

    with pytest.raises(HoldExpired):
        await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)


async def test_only_a_hold_can_be_confirmed(place: Place, publish: Publish, now: datetime) -> None:
    await publish()
    row = await hold(place, now)
    await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)

    with pytest.raises(NotHeld):
        await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)


async def test_a_cancelled_place_is_free_again_and_a_second_cancel_changes_nothing(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1)
    row = await hold(place, now)

    first = await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)
    second = await operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=now)

    assert (first.state, second) == ("cancelled", first)
    assert (await hold(place, now, citizen_id=row.citizen_id)).state == "held"
    assert await drift() == []


async def test_the_refused_get_three_alternatives_the_same_day_first(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=6)
    await hold(place, now, starts_at=place.opens + 2 * GRAIN)

    with pytest.raises(SlotFull) as refused:
        await hold(place, now, starts_at=place.opens + 2 * GRAIN)

    found = refused.value.facts["alternatives"]
    assert len(found) >= 3
    assert {a.starts_at for a in found[:2]} == {place.opens + GRAIN, place.opens + 3 * GRAIN}


async def test_alternatives_come_from_the_nearest_centre_when_here_is_full(
    place: Place, publish: Publish, now: datetime, tomorrow: date
) -> None:
    far = await make_centre(name="Xa", opens=at_local(tomorrow, 8), lat=20.9)
    near = await make_centre(name="Gần", opens=at_local(tomorrow, 8), lat=20.3)
    await publish(counters=1, grains=1)
    await publish(at=near, grains=2)
    await publish(at=far, grains=2)
    await hold(place, now)

    with pytest.raises(SlotFull) as refused:
        await hold(place, now)

    assert [a.centre_id for a in refused.value.facts["alternatives"]] == [
        near.centre_id,
        near.centre_id,
        far.centre_id,
        far.centre_id,
    ]


async def test_a_hold_is_journalled_and_a_confirmation_is_told(
    place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish()
    row = await hold(place, now)
    await operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=now)

    lines = await DB.pool.fetch("SELECT action FROM journal WHERE object_id = $1 ORDER BY id", str(row.id))
    facts = await DB.pool.fetch("SELECT kind FROM outbox WHERE subject = $1", f"appointment:{row.id}")
    assert [line["action"] for line in lines] == ["appointment.held", "appointment.confirmed"]
    assert [fact["kind"] for fact in facts] == ["appointment.confirmed"]
