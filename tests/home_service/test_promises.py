"""A window is promised once there is a place and somebody who can come, and never otherwise."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest

from app.core.database import DB
from app.core.errors import Refusal
from app.dossiers.errors import DossierNotFound
from app.home_service import operations, queries, windows
from app.home_service.errors import (
    HomeVisitNotFound,
    NotAtHome,
    OutOfReach,
    Paperless,
    PresenceRequired,
    VisitUnderWay,
    WindowGone,
)
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.procedures.errors import ProcedureNotFound
from app.rounds.queries import CourierRow
from tests.home_service.conftest import (
    DISABILITY,
    KIM_SON,
    LAT,
    LON,
    MARRIAGE,
    RESIDENCE,
    Hire,
    Promise,
    Publish,
    Zone,
    ask,
    door,
    event,
    facts_of,
    places_taken,
    report,
    state_of,
)

SIGNATURE = "2.000884"  # chứng thực chữ ký: neither collected nor delivered
WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"


async def offered(zone: Zone, now: datetime, procedure: str = DISABILITY) -> windows.Windows:
    return await windows.windows(
        kind=Kind.COLLECTION,
        procedure_code=procedure,
        lat=LAT,
        lon=LON,
        start=zone.windows[0].starts_at,
        end=zone.windows[-1].ends_at,
        now=now,
    )


async def test_hoa_is_promised_a_window_and_tu_is_sent(zone: Zone, tu: CourierRow, now: datetime) -> None:
    visit = await ask(zone, now)

    assert (visit.state, visit.courier_id) == ("assigned", tu.id)
    assert (visit.starts_at, visit.ends_at) == (zone.windows[0].starts_at, zone.windows[0].ends_at)
    assert await places_taken(visit.slot_id) == 1
    assert await facts_of(visit.id) == ["home_visit.assigned", "home_visit.confirmed"]


async def test_twenty_citizens_at_once_for_six_places_get_six(
    zone: Zone, tu: CourierRow, hire: Hire, now: datetime
) -> None:
    ha = await hire("ha")

    answers = await asyncio.gather(*(ask(zone, now) for _ in range(20)), return_exceptions=True)

    promised = [answer for answer in answers if isinstance(answer, HomeVisitRow)]
    refused = [answer for answer in answers if isinstance(answer, WindowGone)]
    assert (len(promised), len(refused)) == (6, 14)
    assert await places_taken(zone.windows[0].id) == 6
    assert {visit.courier_id for visit in promised} == {tu.id, ha.id}
    later = {str(window.id) for window in zone.windows[1:]}
    assert all({offer["id"] for offer in refusal.facts["alternatives"]} == later for refusal in refused)


async def test_one_courier_at_the_same_door_is_promised_as_often_as_the_work_lets_him_start(
    publish: Publish, tu: CourierRow, now: datetime
) -> None:
    """28 minutes and a half at the commune's own point, inflated by a tenth: the fifth would start after
    9:45.
    """
    zone = await publish(places=20)

    answers = await asyncio.gather(*(ask(zone, now) for _ in range(12)), return_exceptions=True)

    assert sum(isinstance(answer, HomeVisitRow) for answer in answers) == 4
    assert sum(isinstance(answer, WindowGone) for answer in answers) == 8


async def test_a_bag_for_three_is_full_three_times_before_noon_and_three_times_after(
    publish: Publish, hire: Hire, now: datetime
) -> None:
    zone = await publish(places=20)
    await hire("tu", capacity=3)

    answers = await asyncio.gather(
        *(ask(zone, now, window_id=zone.windows[n % 4].id) for n in range(12)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, HomeVisitRow) for answer in answers) == 6
    assert sum(isinstance(answer, WindowGone) for answer in answers) == 6
    assert sum([await places_taken(window.id) for window in zone.windows]) == 6
    assert (await offered(zone, now)).reason == "capacity"


async def test_a_window_nobody_can_come_in_takes_no_place_and_leaves_no_trace(
    zone: Zone, now: datetime
) -> None:
    with pytest.raises(WindowGone):
        await ask(zone, now)

    assert await places_taken(zone.windows[0].id) == 0
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM home_visit") == 0
    assert await DB.pool.fetchval("SELECT count(*) FROM assignment") == 0


async def test_windows_are_those_a_shift_covers(zone: Zone, hire: Hire, now: datetime) -> None:
    await hire("tu", until=16)

    found = await offered(zone, now)

    assert [window.id for window in found.windows] == [window.id for window in zone.windows[:3]]


async def test_without_a_courier_or_a_place_the_answer_says_which(
    publish: Publish, hire: Hire, now: datetime
) -> None:
    zone = await publish(places=1)
    assert await offered(zone, now) == windows.Windows([], "no_skilled_courier", [])
    await hire("tu", skills=("collection", "1.014027"))
    assert await offered(zone, now) == windows.Windows([], "no_skilled_courier", [])
    await hire("tu")
    for window in zone.windows:
        await ask(zone, now, window_id=window.id)
    assert await offered(zone, now) == windows.Windows([], "full", [])


async def test_every_window_offered_can_be_had(zone: Zone, tu: CourierRow, now: datetime) -> None:
    for window in (await offered(zone, now)).windows:
        visit = await ask(zone, now, window_id=window.id)
        assert visit.slot_id == window.id


async def test_a_window_about_to_open_is_not_promised(zone: Zone, tu: CourierRow) -> None:
    opens = zone.windows[0].starts_at

    with pytest.raises(WindowGone):
        await ask(zone, opens - timedelta(minutes=4))
    assert (await ask(zone, opens - timedelta(minutes=5))).state == "assigned"


@pytest.mark.parametrize(
    ("procedure", "refusal"),
    [
        pytest.param(MARRIAGE, PresenceRequired, id="both-must-sign"),
        pytest.param(RESIDENCE, Paperless, id="no-paper-any-more"),
        pytest.param(SIGNATURE, PresenceRequired, id="signer-must-come"),
        pytest.param("9.999999", ProcedureNotFound, id="unknown"),
    ],
)
async def test_a_procedure_that_is_not_collected_is_refused_with_its_reason(
    zone: Zone, tu: CourierRow, now: datetime, procedure: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await ask(zone, now, procedure_codes=[procedure])
    with pytest.raises(refusal):
        await ask(zone, now, procedure_codes=[DISABILITY, procedure])

    assert await places_taken(zone.windows[0].id) == 0


async def test_paperless_offers_help_online_at_home(zone: Zone, tu: CourierRow, now: datetime) -> None:
    with pytest.raises(Paperless) as refused:
        await ask(zone, now, procedure_codes=[RESIDENCE])

    told = refused.value.told_facts
    assert (told["procedure"], told["offer"]) == (RESIDENCE, "assisted_online")
    assert told["alternatives"] == [{"offer": "assisted_online", "procedure": RESIDENCE}]


async def test_a_result_that_must_be_fetched_in_person_is_not_delivered(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    with pytest.raises(NotAtHome):
        await ask(zone, now, kind=Kind.DELIVERY, procedure_codes=[MARRIAGE], dossier_number="x")


@pytest.mark.parametrize("number", [None, "H42.14-261124-0001"])
async def test_a_delivery_names_a_dossier_of_ones_own(
    zone: Zone, tu: CourierRow, now: datetime, number: str | None
) -> None:
    with pytest.raises(DossierNotFound):
        await ask(zone, now, kind=Kind.DELIVERY, dossier_number=number)


@pytest.mark.parametrize(("lat", "lon"), [(21.03, 105.85), (10.77, 106.7), (20.11, 107.0), (0.0, 0.0)])
async def test_a_point_outside_the_province_is_out_of_reach(
    zone: Zone, tu: CourierRow, now: datetime, lat: float, lon: float
) -> None:
    with pytest.raises(OutOfReach):
        await ask(zone, now, door=door(lat=lat, lon=lon))


async def test_an_address_no_zone_reaches_is_out_of_reach(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    with pytest.raises(OutOfReach):
        await ask(zone, now, door=door(commune="00000", lat=20.9, lon=105.4))


async def test_a_window_of_another_zone_is_no_window_here(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    with pytest.raises(WindowGone):
        await ask(zone, now, door=door(commune="14329", lat=20.26, lon=105.97))

    assert await places_taken(zone.windows[0].id) == 0


async def test_a_window_that_never_was_is_gone(zone: Zone, tu: CourierRow, now: datetime) -> None:
    with pytest.raises(WindowGone) as refused:
        await ask(zone, now, window_id=uuid.uuid4())

    assert len(refused.value.facts["alternatives"]) == len(zone.windows)


async def test_cancelling_gives_place_and_courier_back_once(promise: Promise, now: datetime) -> None:
    visit = await promise()

    for _ in range(2):
        file = await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)
        assert file.visit.state == "cancelled"

    assert await places_taken(visit.slot_id) == 0
    assert (await facts_of(visit.id)).count("home_visit.cancelled") == 1
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM assignment WHERE state = 'active'") == 0


async def test_cancelling_eight_times_at_once_frees_one_place(promise: Promise, now: datetime) -> None:
    visit, _ = await promise(), await promise()

    await asyncio.gather(
        *(operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now) for _ in range(8))
    )

    assert await places_taken(visit.slot_id) == 1


async def test_moving_keeps_the_reference_and_frees_the_old_window(
    promise: Promise, zone: Zone, now: datetime
) -> None:
    visit = await promise()

    moved = (
        await operations.reschedule(
            home_visit_id=visit.id,
            citizen_id=visit.citizen_id,
            window_id=zone.windows[2].id,
            now=now,
        )
    ).visit

    assert (moved.id, moved.reference, moved.state) == (visit.id, visit.reference, "assigned")
    assert moved.starts_at == zone.windows[2].starts_at
    assert [await places_taken(window.id) for window in zone.windows] == [0, 0, 1, 0]


async def test_a_window_that_cannot_be_had_leaves_the_old_one_standing(
    publish: Publish, hire: Hire, now: datetime
) -> None:
    zone = await publish(places=1)
    await hire("tu", until=16)
    visit, other = await ask(zone, now), await ask(zone, now, window_id=zone.windows[1].id)

    for wanted in (other.slot_id, zone.windows[3].id, uuid.uuid4()):  # full, nobody on shift, unknown
        with pytest.raises(WindowGone):
            await operations.reschedule(
                home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=wanted, now=now
            )

    kept = await queries.by_id(visit.id)
    assert kept == visit
    assert [await places_taken(window.id) for window in zone.windows] == [1, 1, 0, 0]


async def test_a_move_takes_its_two_slots_in_the_order_everybody_does(
    promise: Promise, zone: Zone, now: datetime
) -> None:
    """Slots are locked by id (`appointments.steps`): who waits for the smaller holds no larger one."""
    small, large = sorted(window.id for window in zone.windows[:2])
    visit = await promise(window_id=small)
    assert DB.pool is not None
    async with DB.pool.acquire() as elsewhere:
        transaction = elsewhere.transaction()
        await transaction.start()
        await elsewhere.execute("SELECT FROM slot WHERE id = $1 FOR UPDATE", small)
        move = asyncio.ensure_future(
            operations.reschedule(
                home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=large, now=now
            )
        )
        async with asyncio.timeout(3):
            while not await DB.pool.fetchval(WAITING, await elsewhere.fetchval("SELECT pg_backend_pid()")):
                await asyncio.sleep(0.01)
        free = await DB.pool.fetchval("SELECT id FROM slot WHERE id = $1 FOR UPDATE SKIP LOCKED", large)
        await transaction.rollback()
    assert (await move).visit.slot_id == large
    assert free == large


async def test_once_somebody_is_on_the_way_it_is_neither_cancelled_nor_moved(
    promise: Promise, zone: Zone, now: datetime
) -> None:
    visit = await promise()
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    with pytest.raises(VisitUnderWay):
        await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)
    with pytest.raises(VisitUnderWay):
        await operations.reschedule(
            home_visit_id=visit.id,
            citizen_id=visit.citizen_id,
            window_id=zone.windows[1].id,
            now=now,
        )
    assert await state_of(visit) == "en_route"


async def test_somebody_elses_visit_is_no_visit(promise: Promise, zone: Zone, now: datetime) -> None:
    visit, stranger = await promise(), uuid.uuid4()

    with pytest.raises(HomeVisitNotFound):
        await queries.of_citizen(visit.id, citizen_id=stranger)
    with pytest.raises(HomeVisitNotFound):
        await operations.cancel(home_visit_id=visit.id, citizen_id=stranger, now=now)
    with pytest.raises(HomeVisitNotFound):
        await operations.reschedule(
            home_visit_id=visit.id, citizen_id=stranger, window_id=zone.windows[1].id, now=now
        )


async def test_messages_go_to_whoever_was_named_at_the_door(promise: Promise) -> None:
    visit = await promise(door=door(contact_name="Hà", contact_phone="+84911222333", locale="en"))

    assert await queries.contact_of(visit.id) == ("Hà", "+84911222333", "en")
    assert await queries.contact_of(uuid.uuid4()) is None


async def test_facts_carry_no_name_phone_or_address(promise: Promise) -> None:
    await promise(door=door(address_text="Xóm Bốn mươi hai"))

    assert DB.pool is not None
    told = " ".join(row["payload"] for row in await DB.pool.fetch("SELECT payload FROM outbox"))
    for secret in ("Hoa", "987654321", "Bốn mươi hai", KIM_SON):
        assert secret not in told
