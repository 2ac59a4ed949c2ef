"""A courier is late, does not come or breaks down: promises go to others, or somebody is told."""

import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.home_service import operations, queries
from app.home_service.operations.trouble import Trouble
from app.home_service.queries import HomeVisitRow
from app.home_service.reassigning import Dispatched
from app.home_service.states import Report, State
from app.rounds import plans
from app.rounds.day import Day
from app.rounds.errors import CourierNotFound, RunNotFound, TroubleNotValid
from tests.home_service.conftest import (
    DISABILITY,
    LAT,
    PARTNER,
    Hire,
    Zone,
    ask,
    door,
    event,
    facts_of,
    report,
    state_of,
)


@pytest.fixture
def eight(tomorrow: date) -> datetime:
    return at_local(tomorrow, 8)


async def trouble(
    kind: Trouble, day: date, now: datetime, *, courier: str = "tu", minutes: int | None = None
) -> Dispatched:
    return await operations.report_trouble(
        partner_id=PARTNER, courier=courier, day=day, kind=kind, minutes=minutes, occurred_at=now, now=now
    )


async def courier_of(visit: HomeVisitRow) -> str | None:
    assert DB.pool is not None
    return await DB.pool.fetchval(
        "SELECT c.external_id FROM home_visit v LEFT JOIN courier c ON c.id = v.courier_id WHERE v.id = $1",
        visit.id,
    )


async def stop_of(visit: HomeVisitRow):
    assert DB.pool is not None
    return await DB.pool.fetchrow("SELECT * FROM round_stop WHERE home_visit_id = $1", visit.id)


async def incidents_of(visit: HomeVisitRow) -> list[str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind FROM visit_incident WHERE home_visit_id = $1", visit.id)
    return [row["kind"] for row in rows]


async def day_of(day: date, now: datetime) -> Day:
    plans.forget()
    return (await plans.at([day], now=now))[day]


async def test_an_absent_couriers_visit_goes_to_another_who_is_named(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await hire("binh")

    found = await trouble(Trouble.ABSENT, tomorrow, now)

    assert found == ([visit.id], [])
    assert await courier_of(visit) == "binh"
    assert await state_of(visit) == State.ASSIGNED
    assert (await facts_of(visit.id))[-2:] == ["home_visit.assigned", "home_visit.reassigned"]
    assert (await day_of(tomorrow, now)).faults_ahead() == []


async def test_without_another_the_promise_is_at_risk_and_everybody_is_told_once(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)

    found = await trouble(Trouble.ABSENT, tomorrow, now)
    again = await trouble(Trouble.ABSENT, tomorrow, now + timedelta(minutes=1))

    stop = await stop_of(visit)
    assert (found, again) == (([], [visit.id]), ([], []))
    assert stop["duty_id"] is None and stop["at_risk_because"] == "courier_absent"
    assert await courier_of(visit) is None
    assert (await facts_of(visit.id)).count("home_visit.at_risk") == 1
    assert await incidents_of(visit) == ["promise_at_risk"]


async def test_a_promise_at_risk_is_kept_by_the_next_courier_who_is_hired(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await trouble(Trouble.ABSENT, tomorrow, now)

    await hire("binh")

    assert (await stop_of(visit))["at_risk_since"] is None
    assert await courier_of(visit) == "binh"


async def test_nobody_is_sent_who_may_not_do_it(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    await hire("binh", skills=("delivery",))
    visit = await ask(zone, now, procedure_codes=[DISABILITY])

    found = await trouble(Trouble.ABSENT, tomorrow, now)

    assert found.at_risk == [visit.id]


async def test_a_vehicle_that_fails_on_the_way_to_a_door_lets_another_go_there(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await hire("binh", lat=LAT + 0.01)
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))
    assert await state_of(visit) == State.EN_ROUTE

    found = await trouble(Trouble.VEHICLE, tomorrow, eight)

    assert found.moved == [visit.id]
    assert await courier_of(visit) == "binh"
    assert await state_of(visit) == State.ASSIGNED


async def test_who_is_at_the_door_stays_there(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await hire("binh")
    await report(
        event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2), event(visit, Report.ARRIVED, 3)
    )

    found = await trouble(Trouble.VEHICLE, tomorrow, eight)

    assert found == ([], [])
    assert await courier_of(visit) == "tu" and await state_of(visit) == State.ARRIVED


async def test_a_little_late_uses_the_guard_and_moves_nobody(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await hire("binh")

    found = await trouble(Trouble.LATE, tomorrow, eight - timedelta(hours=1), minutes=20)

    assert found == ([], [])
    assert await courier_of(visit) == "tu"
    assert (await stop_of(visit))["closes_at"] == visit.ends_at
    assert (await day_of(tomorrow, eight)).faults_ahead() == []


async def test_too_late_for_a_window_sends_somebody_else(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await hire("binh")

    found = await trouble(Trouble.LATE, tomorrow, eight - timedelta(hours=1), minutes=200)

    day = await day_of(tomorrow, eight)
    assert found.moved == [visit.id]
    assert await courier_of(visit) == "binh"
    assert day.faults_ahead() == []


async def test_sent_to_another_it_keeps_the_guard_its_promise_was_made_with(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    promised = (await stop_of(visit))["closes_at"]
    seven = eight - timedelta(hours=1)
    await trouble(Trouble.LATE, tomorrow, seven, minutes=20)
    assert (await stop_of(visit))["closes_at"] == visit.ends_at
    await hire("binh")

    found = await trouble(Trouble.LATE, tomorrow, seven, minutes=200)
    kept = (await stop_of(visit))["closes_at"]
    await trouble(Trouble.ABSENT, tomorrow, seven, courier="binh")

    assert found.moved == [visit.id]
    assert kept == promised == visit.ends_at - timedelta(minutes=15)
    assert (await stop_of(visit))["closes_at"] == promised


async def test_too_late_with_nobody_else_is_at_risk(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)

    found = await trouble(Trouble.LATE, tomorrow, eight - timedelta(hours=1), minutes=200)

    assert found.at_risk == [visit.id]
    assert (await stop_of(visit))["at_risk_because"] == "courier_late"


async def test_a_late_couriers_doors_are_expected_later_and_nobodys_before_it_is_told(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    moment = eight - timedelta(hours=1)
    before = await queries.expected_of(visit, now=moment)
    await trouble(Trouble.LATE, tomorrow, moment, minutes=90)

    after = await queries.expected_of(visit, now=moment)
    unnamed = await queries.expected_of(visit._replace(courier_id=None), now=moment)
    done = await queries.expected_of(visit._replace(state=State.SEALED.value), now=moment)

    assert before is not None and after is not None
    assert visit.starts_at == before.earliest < after.earliest < after.latest <= visit.ends_at
    assert unnamed is None and done is None


async def test_only_the_doors_that_break_go_elsewhere(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    early = await ask(zone, now)
    later = await ask(zone, now, window_id=zone.windows[2].id)
    await hire("binh")

    found = await trouble(Trouble.LATE, tomorrow, eight - timedelta(hours=1), minutes=200)

    assert found.moved == [early.id]
    assert await courier_of(later) == "tu"


async def test_what_is_no_trouble_is_refused_and_changes_nothing(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now, door=door())
    with pytest.raises(TroubleNotValid):
        await trouble(Trouble.LATE, tomorrow, now)
    with pytest.raises(TroubleNotValid):
        await trouble(Trouble.ABSENT, tomorrow, now, minutes=5)
    with pytest.raises(CourierNotFound):
        await trouble(Trouble.ABSENT, tomorrow, now, courier="nobody")
    with pytest.raises(RunNotFound):
        await trouble(Trouble.ABSENT, tomorrow + timedelta(days=30), now)
    with pytest.raises(CourierNotFound):
        await operations.report_trouble(
            partner_id=uuid.uuid4(),
            courier="tu",
            day=tomorrow,
            kind=Trouble.ABSENT,
            minutes=None,
            occurred_at=now,
            now=now,
        )
    assert await courier_of(visit) == "tu"
