"""A round ends: closed once nothing of it is open, or later with what is left open named."""

import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.home_service import operations
from app.home_service.operations.ended_rounds import close_duty, close_ended_rounds
from app.home_service.operations.follow import runs_to_follow
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.rounds import plans
from app.rounds.planning.checker import violations
from jobs.schedules import end_rounds
from tests.home_service.conftest import (
    Hire,
    Zone,
    ask,
    collection,
    facts_of,
    new_seal,
    reach,
    report,
    state_of,
)


@pytest.fixture
def noon(tomorrow: date) -> datetime:
    """When the blocks of the morning end."""
    return at_local(tomorrow, 12)


async def states() -> dict[str, str]:
    """The state of the one duty of each block."""
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT block, state FROM duty")
    return {row["block"]: row["state"] for row in rows}


async def incidents_of(visit: HomeVisitRow) -> list[str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind FROM visit_incident WHERE home_visit_id = $1", visit.id)
    return [row["kind"] for row in rows]


async def test_a_round_whose_doors_are_done_is_closed_when_its_block_ends(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await reach(visit, Report.SEALED)

    early = await close_ended_rounds(now=noon - timedelta(minutes=1))
    at_noon = await close_ended_rounds(now=noon)
    again = await close_ended_rounds(now=noon)

    assert (early, at_noon, again) == (0, 1, 0)
    assert await states() == {"morning": "closed", "afternoon": "published"}
    assert await incidents_of(visit) == []
    day = (await plans.at([tomorrow], now=noon))[tomorrow]
    assert sorted(duty.state for duty in day.duties) == ["closed", "published"]
    assert violations(day.problem, day.plan) == []


async def test_what_is_left_open_is_waited_for_and_then_named_once(
    zone: Zone, hire: Hire, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await reach(visit, Report.ARRIVED)

    waited = await close_ended_rounds(now=noon + timedelta(hours=1, minutes=59))
    closed = await close_ended_rounds(now=noon + timedelta(hours=2))
    again = await close_ended_rounds(now=noon + timedelta(hours=3))

    assert (waited, closed, again) == (0, 1, 0)
    assert (await states())["morning"] == "closed"
    assert await incidents_of(visit) == ["left_open"]
    assert (await facts_of(visit.id)).count("home_visit.incident_opened") == 1
    assert await state_of(visit) == "arrived"


async def test_what_a_telephone_without_signal_says_later_still_counts(
    zone: Zone, hire: Hire, now: datetime, noon: datetime
) -> None:
    tu = await hire("tu")
    visit = await ask(zone, now)
    await close_ended_rounds(now=noon + timedelta(hours=2))

    await report(*collection(visit, new_seal())[:5])

    assert await state_of(visit) == "sealed"
    assert (await states())["morning"] == "closed"
    assert DB.pool is not None
    assert tu.id == await DB.pool.fetchval("SELECT courier_id FROM home_visit WHERE id = $1", visit.id)


async def test_a_late_courier_of_a_closed_round_is_followed_no_more(
    zone: Zone, hire: Hire, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now, window_id=zone.windows[1].id)
    await reach(visit, Report.EN_ROUTE)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE duty SET clear_at = $1, version = nextval('plan_version') WHERE block = 'morning'",
        noon + timedelta(hours=5),
    )
    await DB.pool.execute("UPDATE day_plan SET version = nextval('plan_version')")
    while_late = await runs_to_follow(now=noon)

    await close_ended_rounds(now=noon + timedelta(hours=2))

    assert len(while_late) == 1
    assert await runs_to_follow(now=noon + timedelta(hours=2)) == []


async def test_a_door_reported_in_between_closes_the_round_at_the_next_tick(
    zone: Zone, hire: Hire, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    waited = await close_ended_rounds(now=noon)
    await reach(visit, Report.SEALED)

    assert (waited, await close_ended_rounds(now=noon + timedelta(minutes=1))) == (0, 1)
    assert await incidents_of(visit) == []


async def test_after_days_without_a_clock_every_round_is_closed_by_the_first_tick(
    zone: Zone, hire: Hire, now: datetime
) -> None:
    for name in ("tu", "binh", "mai"):
        await hire(name, told=False)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE duty SET starts_at = starts_at - interval '5 days', ends_at = ends_at - interval '5 days'"
    )

    await end_rounds({})

    rows = await DB.pool.fetch("SELECT state, count(*) FROM duty GROUP BY state")
    assert [tuple(row) for row in rows] == [("closed", 6)]


async def test_a_round_under_way_or_withdrawn_is_not_closed(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    assert DB.pool is not None
    duty = await DB.pool.fetchval("SELECT id FROM duty WHERE block = 'morning'")
    assert not await close_duty(duty_id=duty, now=noon - timedelta(seconds=1))
    await DB.pool.execute("UPDATE duty SET state = 'withdrawn'")

    assert not await close_duty(duty_id=duty, now=noon)
    assert not await close_duty(duty_id=uuid.uuid4(), now=noon)
    assert await close_ended_rounds(now=noon) == 0


async def test_a_shift_said_again_does_not_open_a_closed_round(
    zone: Zone, hire: Hire, now: datetime, noon: datetime
) -> None:
    await hire("tu")
    await close_ended_rounds(now=noon)

    await hire("tu", until=17, at=noon)
    await operations.publish_due(now=noon)

    assert (await states())["morning"] == "closed"
