"""A day off closes windows at the door too: visits go to another day, are called off, or are named."""

import uuid
from datetime import date, datetime, timedelta

import pytest

from app.appointments import operations as appointments
from app.appointments.changes import Orphans
from app.calendar import operations as calendar
from app.calendar.operations import ProposalRow
from app.centres.queries import PoolRow
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.home_service import operations as rounds
from app.home_service import queries
from app.rounds.queries import CourierRow
from tests.calendar.test_calendar import confirm, propose
from tests.home_service.conftest import (
    PARTNER,
    Promise,
    hire,
    kim_son,
    promise,
    publish,
    tomorrow,
    tu,
    zone,
)

__all__ = ["hire", "kim_son", "promise", "publish", "tomorrow", "tu", "zone"]


@pytest.fixture
async def next_day(kim_son: PoolRow, tu: CourierRow, tomorrow: date, now: datetime) -> date:
    """The day after tomorrow, with a window of two visits; Tú works only if somebody says so."""
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM calendar_day WHERE day = $1", tomorrow)
    day = tomorrow + timedelta(days=1)
    await appointments.publish_opening(
        centre_id=kim_son.centre_id,
        pool_id=kim_son.id,
        starts_at=at_local(day, 8),
        ends_at=at_local(day, 10),
        counters=2,
        grain_minutes=120,
        now=now,
    )
    return day


async def works(day: date, now: datetime) -> None:
    await rounds.put_shift(
        partner_id=PARTNER,
        external_id="tu",
        day=day,
        starts_at=at_local(day, 7),
        ends_at=at_local(day, 19),
        capacity=30,
        now=now,
    )


async def told(kind: str) -> set[uuid.UUID]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT payload->>'home_visit_id' AS id FROM outbox WHERE kind = $1", kind)
    return {uuid.UUID(row["id"]) for row in rows}


async def taken(pool: PoolRow) -> list[tuple[bool, int]]:
    """Whether each window is open, and how many visits stand in it."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT open, taken_online FROM slot WHERE pool_id = $1 ORDER BY starts_at", pool.id
    )
    return [tuple(row) for row in rows]


async def day_off(day: date, orphans: Orphans, now: datetime) -> ProposalRow:
    proposal = await propose(day, now, orphans=orphans)
    assert proposal.impact.home_visits == 3
    return await confirm(proposal, now)


async def test_visits_go_to_the_next_window_that_can_be_kept_and_the_rest_is_named(
    promise: Promise,
    kim_son: PoolRow,
    tomorrow: date,
    next_day: date,
    now: datetime,
) -> None:
    visits = [await promise() for _ in range(3)]
    await works(next_day, now)

    done = await day_off(tomorrow, Orphans.MOVE, now)
    await calendar.carry_out(proposal_id=done.id, now=now)

    after = [await queries.by_id(visit.id) for visit in visits]
    moved = {row.id for row in after if row and local_date(row.starts_at) == next_day}
    assert len(moved) == 2
    assert await told("home_visit.moved") == await told("home_visit.rescheduled") == moved
    assert await calendar.visits_left(done) == [v.reference for v in visits if v.id not in moved]
    assert await taken(kim_son) == [(False, 1), (False, 0), (False, 0), (False, 0), (True, 2)]


async def test_visits_stay_with_their_courier_and_are_named_where_nobody_can_come(
    promise: Promise,
    tomorrow: date,
    next_day: date,
    now: datetime,
) -> None:
    visits = [await promise() for _ in range(3)]

    done = await day_off(tomorrow, Orphans.MOVE, now)

    assert next_day > tomorrow
    assert await told("home_visit.moved") == set()
    assert await calendar.visits_left(done) == [visit.reference for visit in visits]


async def test_visits_that_are_called_off_are_told_and_leave_no_place_behind(
    promise: Promise,
    kim_son: PoolRow,
    tomorrow: date,
    next_day: date,
    now: datetime,
) -> None:
    visits = [await promise() for _ in range(3)]

    done = await day_off(tomorrow, Orphans.CANCEL, now)

    assert next_day > tomorrow
    assert await told("home_visit.cancelled") == {visit.id for visit in visits}
    assert await calendar.visits_left(done) == []
    assert {count for _, count in await taken(kim_son)} == {0}
