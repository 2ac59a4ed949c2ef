"""What couriers' telephones say makes them late, or on time again, without anybody calling."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.home_service import operations, queries
from app.home_service.operations.follow import Followed
from app.home_service.operations.trouble import Trouble
from app.home_service.queries import HomeVisitRow
from app.home_service.reports import Device
from app.home_service.states import Kind, Report, State
from app.rounds import plans
from app.rounds.blocks import Lock
from tests.home_service.conftest import (
    LAT,
    PAPERS,
    PARTNER,
    Hire,
    Zone,
    ask,
    door,
    event,
    facts_of,
    new_seal,
    state_of,
)
from tests.home_service.test_trouble import courier_of, day_of, incidents_of, stop_of, trouble

NOTHING = Followed([], [], [], [])
MINUTE = timedelta(minutes=1)


@pytest.fixture
def eight(tomorrow: date) -> datetime:
    return at_local(tomorrow, 8)


async def says(
    visit: HomeVisitRow,
    kind: Report,
    seq: int,
    at: datetime,
    *,
    courier: str | None = "tu",
    received: datetime | None = None,
    sent_at: datetime | None = None,
    **data: Any,
) -> None:
    """What Tú's telephone says of a door, heard at once unless said otherwise."""
    said = event(visit, kind, seq, courier=courier or "", **data)._replace(
        occurred_at=at, lat=None, lon=None, device=Device(sent_at=sent_at)
    )
    answer = await operations.apply_partner_event(partner_id=PARTNER, event=said, now=received or at)
    assert answer.outcome == "applied", answer


async def arrives(visit: HomeVisitRow, seq: int, at: datetime) -> None:
    await says(visit, Report.ACCEPTED, seq, at - 2 * MINUTE)
    await says(visit, Report.EN_ROUTE, seq + 1, at - MINUTE)
    await says(visit, Report.ARRIVED, seq + 2, at)


async def seals(visit: HomeVisitRow, seq: int, at: datetime) -> None:
    await says(visit, Report.COUNTED, seq, at - MINUTE, papers=PAPERS)
    await says(visit, Report.SEALED, seq + 1, at, seal=new_seal())


async def look(now: datetime) -> Followed:
    """One tick of the clock; what the next one does is nothing."""
    found = NOTHING
    plans.forget()
    for duty_id in await operations.runs_to_follow(now=now):
        one = await operations.follow_run(duty_id=duty_id, now=now)
        found = Followed(*(a + b for a, b in zip(found, one, strict=True)))
    plans.forget()
    assert await operations.runs_to_follow(now=now) == [], "twice is once"
    return found


async def expected(visit: HomeVisitRow, now: datetime) -> datetime:
    """When the plan says that work at the door starts."""
    plans.forget()
    day = await day_of(visit.starts_at.date(), now)
    for duty in range(len(day.duties)):
        visits = day.visits_of(duty)
        if visit.id in visits:
            return day.etas(duty)[visits.index(visit.id)]
    raise AssertionError


async def in_order(visits: Sequence[HomeVisitRow]) -> list[HomeVisitRow]:
    """As the courier goes."""
    places = {visit.id: (await stop_of(visit))["seq"] for visit in visits}
    return sorted(visits, key=lambda visit: places[visit.id])


async def test_a_courier_on_time_changes_nothing(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    before = await expected(second, eight)
    await arrives(first, 1, eight)
    await seals(first, 4, eight + 20 * MINUTE)

    assert await look(eight + 21 * MINUTE) == NOTHING
    assert await expected(second, eight) == before


async def test_a_late_courier_is_expected_later_and_back_when_caught_up(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    planned = await expected(second, eight)
    await arrives(first, 1, eight + 25 * MINUTE)
    late = eight + 26 * MINUTE

    assert await look(late) == NOTHING
    assert await expected(second, late) - planned == 25 * MINUTE
    assert (await stop_of(second))["closes_at"] == second.ends_at

    await seals(first, 4, eight + 28 * MINUTE)
    assert await look(eight + 29 * MINUTE) == NOTHING
    assert await expected(second, eight + 29 * MINUTE) - planned < 5 * MINUTE
    assert await state_of(second) == State.ASSIGNED


async def test_a_promise_nobody_can_keep_is_told_as_told_trouble_is(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, *rest = await in_order([await ask(zone, now) for _ in range(4)])
    await arrives(first, 1, eight)
    late = eight + 70 * MINUTE
    await seals(first, 4, late)

    found = await look(late + MINUTE)

    # Free at 09:10: three doors of twenty-six minutes no longer all begin before ten.
    assert found.moved == [] and len(found.at_risk) == 1
    [lost] = [visit for visit in rest if visit.id in found.at_risk]
    assert (await stop_of(lost))["at_risk_because"] == "courier_late"
    assert await incidents_of(lost) == ["promise_at_risk"]
    assert (await facts_of(lost.id)).count("home_visit.at_risk") == 1
    assert (await day_of(lost.starts_at.date(), late + MINUTE)).faults_ahead() == []


async def test_who_is_free_takes_what_a_late_courier_cannot_keep(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, *rest = await in_order([await ask(zone, now) for _ in range(4)])
    await hire("binh")
    await arrives(first, 1, eight)
    late = eight + 70 * MINUTE
    await seals(first, 4, late)

    found = await look(late + MINUTE)

    [lost] = [visit for visit in rest if visit.id in found.moved]
    assert await courier_of(lost) == "binh"
    assert (await stop_of(lost))["closes_at"] == lost.ends_at - timedelta(minutes=15)
    assert (await facts_of(lost.id))[-1] == "home_visit.reassigned"


async def test_who_is_next_is_told_once_and_again_after_another_lateness(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second, third = await in_order([await ask(zone, now) for _ in range(3)])
    await arrives(first, 1, eight + 40 * MINUTE)

    found = await look(eight + 41 * MINUTE)
    assert found.told == [second.id]
    await seals(first, 4, eight + 75 * MINUTE)
    assert (await look(eight + 76 * MINUTE)).told == []  # later still, and one lateness
    assert (await facts_of(second.id)).count("home_visit.late") == 1
    assert "home_visit.late" not in await facts_of(third.id)
    assert (await stop_of(second))["late_told_at"] is not None


async def test_two_clocks_at_once_tell_once(zone: Zone, hire: Hire, now: datetime, eight: datetime) -> None:
    await hire("tu")
    first, second, third = await in_order([await ask(zone, now) for _ in range(3)])
    await arrives(first, 1, eight + 70 * MINUTE)
    moment = eight + 71 * MINUTE
    [duty_id] = await operations.runs_to_follow(now=moment)

    found = await asyncio.gather(*(operations.follow_run(duty_id=duty_id, now=moment) for _ in range(4)))

    assert sum(len(each.told) for each in found) == 1
    assert (await facts_of(second.id)).count("home_visit.late") == 1
    assert sum(len(each.at_risk) for each in found) == len(set(await at_risk(second, third)))


async def at_risk(*visits: HomeVisitRow) -> list[uuid.UUID]:
    return [visit.id for visit in visits if (await stop_of(visit))["at_risk_since"] is not None]


async def test_late_on_time_and_late_again_is_told_twice(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first = await ask(zone, now)
    second = await ask(zone, now, window_id=zone.windows[1].id, door=door(lat=LAT + 0.05))
    await arrives(first, 1, eight + 115 * MINUTE)
    assert (await look(eight + 116 * MINUTE)).told == [second.id]
    await seals(first, 4, eight + 117 * MINUTE)
    assert (await look(eight + 118 * MINUTE)).told == []
    assert (await stop_of(second))["late_told_at"] is None

    await says(second, Report.ACCEPTED, 6, eight + 169 * MINUTE)
    await says(second, Report.EN_ROUTE, 7, eight + 170 * MINUTE)

    assert (await look(eight + 171 * MINUTE)).told == [second.id]
    assert (await facts_of(second.id)).count("home_visit.late") == 2


async def test_whoever_the_courier_is_on_the_way_to_hears_when(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now, door=door(lat=LAT + 0.05))
    left = eight + 30 * MINUTE
    await says(visit, Report.ACCEPTED, 1, eight)
    await says(visit, Report.EN_ROUTE, 2, left)

    found = await look(left + MINUTE)

    assert found.told == [visit.id]
    eta = await expected(visit, left + MINUTE)
    assert left + 10 * MINUTE < eta < left + 30 * MINUTE
    told = await queries.expected_of(visit._replace(state=State.EN_ROUTE.value), now=left + MINUTE)
    assert told is not None and told.earliest <= eta <= told.latest
    assert await incidents_of(visit) == []


async def test_on_the_way_and_later_than_promised_is_told_and_a_supervisor_called(
    zone: Zone, hire: Hire, now: datetime
) -> None:
    await hire("tu")
    await hire("binh")
    visit = await ask(zone, now, door=door(lat=LAT + 0.05))
    courier = await courier_of(visit)
    left = visit.ends_at - 5 * MINUTE
    await says(visit, Report.ACCEPTED, 1, left - MINUTE, courier=courier)
    await says(visit, Report.EN_ROUTE, 2, left, courier=courier)

    found = await look(left + MINUTE)

    assert found == ([], [], [visit.id], [])
    assert await courier_of(visit) == courier and await state_of(visit) == State.EN_ROUTE
    assert await incidents_of(visit) == ["promise_at_risk"]


async def test_a_clock_that_is_off_makes_nobody_late(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    planned = await expected(second, eight)
    heard = eight + 80 * MINUTE
    for seq, kind in enumerate((Report.ACCEPTED, Report.EN_ROUTE, Report.ARRIVED), start=1):
        # The telephone is an hour behind, and says so by when it sent.
        await says(
            first, kind, seq, heard - timedelta(hours=1), received=heard, sent_at=heard - timedelta(hours=1)
        )

    found = await look(heard + MINUTE)

    assert (found.moved, found.at_risk, found.told) == ([], [], [])
    assert await expected(second, eight) == planned
    assert await courier_of(second) == "tu"


async def test_a_batch_is_judged_when_all_of_it_is_there(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    heard = eight + 65 * MINUTE
    await says(first, Report.ACCEPTED, 1, eight, received=heard)
    await says(first, Report.EN_ROUTE, 2, eight + 59 * MINUTE, received=heard)
    assert await operations.runs_to_follow(now=heard) == []
    await says(first, Report.ARRIVED, 3, eight + 60 * MINUTE, received=heard)

    assert (await look(heard + MINUTE)).told == [second.id]


async def test_what_is_heard_hours_late_moves_nobody(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, *rest = await in_order([await ask(zone, now) for _ in range(4)])
    for seq, kind in enumerate((Report.ACCEPTED, Report.EN_ROUTE, Report.ARRIVED), start=1):
        await says(first, kind, seq, eight + 50 * MINUTE, received=eight + 111 * MINUTE)

    found = await look(eight + 112 * MINUTE)

    # Heard within the hour, the last of them would be at risk.
    assert (found.moved, found.at_risk, found.told) == ([], [], [])
    assert [await courier_of(visit) for visit in rest] == ["tu"] * 3


async def test_a_door_whose_window_closed_before_its_courier_was_free_is_not_behind_them(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    await arrives(first, 1, eight)
    await seals(first, 4, second.ends_at + MINUTE)

    found = await look(second.ends_at + 2 * MINUTE)

    assert found.at_risk == [second.id]
    assert await incidents_of(second) == ["promise_at_risk"]


async def test_silence_calls_a_supervisor_once_and_moves_nobody(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    await hire("binh")
    first = await ask(zone, now)
    told, name = await facts_of(first.id), await courier_of(first)
    # Work may begin until 09:45, the guard taken off; a quarter of an hour later nobody waits any more.
    latest = first.ends_at - 15 * MINUTE
    assert await look(latest + 14 * MINUTE) == NOTHING

    found = await look(latest + 16 * MINUTE)

    assert found._replace(called=[]) == NOTHING
    assert first.id in found.called
    assert await courier_of(first) == name
    assert await incidents_of(first) == ["courier_silent"]
    assert [kind for kind in await facts_of(first.id) if kind not in told] == ["home_visit.incident_opened"]
    assert DB.pool is not None
    await DB.pool.execute("UPDATE visit_incident SET closed_at = now(), closed_by = $1", uuid.uuid4())
    assert (await look(latest + 30 * MINUTE)).called == []


async def test_of_a_silent_courier_nobody_is_expected_sooner_than_they_can_come(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    latest = first.ends_at - 15 * MINUTE
    silent = latest + 5 * MINUTE

    assert await expected(first, latest - MINUTE) == eight
    assert await expected(first, silent) == silent
    assert await expected(second, silent) >= silent + 20 * MINUTE


async def test_what_was_called_in_holds_until_the_telephone_says_otherwise(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, eight: datetime
) -> None:
    await hire("tu")
    first, second = await in_order([await ask(zone, now) for _ in range(2)])
    planned = await expected(second, eight)
    await says(first, Report.ACCEPTED, 1, eight - 10 * MINUTE)
    await says(first, Report.EN_ROUTE, 2, eight - 8 * MINUTE)
    await trouble(Trouble.LATE, tomorrow, eight - 5 * MINUTE, minutes=45)
    assert (await look(eight)).told == [first.id, second.id]
    assert await expected(second, eight) - planned == 45 * MINUTE

    await says(first, Report.ARRIVED, 3, eight + 2 * MINUTE)
    await look(eight + 3 * MINUTE)

    assert await expected(second, eight + 3 * MINUTE) - planned < 5 * MINUTE


async def test_another_day_and_an_untold_round_are_left_alone(
    zone: Zone, hire: Hire, now: datetime, eight: datetime
) -> None:
    # In the evening a round is told the moment it is made.
    await hire("tu", told=False, at=eight - timedelta(hours=20))
    visit = await ask(zone, now)
    assert await look(eight + timedelta(hours=3)) == NOTHING
    assert await look(now) == NOTHING
    assert await operations.follow_run(duty_id=uuid.uuid4(), now=now) == NOTHING
    assert (await stop_of(visit))["lock"] == Lock.FREE
    assert visit.kind == Kind.COLLECTION
