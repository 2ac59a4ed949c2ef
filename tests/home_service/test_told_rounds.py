"""Until its round is told a visit is nobody's; then it is its courier's, whatever happens to others."""

import asyncio
from datetime import date, datetime, timedelta

import httpx
import pytest

from app.core.clock import at_local, local_date
from app.core.database import DB
from app.home_service import operations, queries
from app.home_service.states import Report
from app.http.principals import Caller
from app.rounds import plans
from app.rounds import queries as rounds
from app.rounds.planning.checker import violations
from partners.postal import scopes
from tests.conftest import SignIn
from tests.home_service.conftest import (
    DISABILITY,
    KIM_SON,
    LAT,
    LON,
    PARTNER,
    Hire,
    Publish,
    Zone,
    ask,
    event,
    facts_of,
    report,
)


async def shift(name: str, day: date, *, until: int, now: datetime) -> None:
    await operations.put_shift(
        partner_id=PARTNER,
        external_id=name,
        day=day,
        starts_at=at_local(day, 7),
        ends_at=at_local(day, until),
        capacity=30,
        now=now,
    )


@pytest.fixture
def eve(tomorrow: date) -> datetime:
    """Noon of the day before: no block of tomorrow is due to be told."""
    return at_local(tomorrow, 12) - timedelta(days=1)


async def test_a_visit_is_nobodys_until_its_round_is_told(zone: Zone, hire: Hire, eve: datetime) -> None:
    tu = await hire("tu", told=False, at=eve)
    visit = await ask(zone, eve)
    assert (visit.state, visit.courier_id) == ("confirmed", None)

    told = await operations.publish_due(now=visit.starts_at - timedelta(hours=12))
    again = await operations.publish_due(now=visit.starts_at - timedelta(hours=12))

    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("assigned", tu.id)
    assert (told, again) == (1, 0)
    assert await facts_of(visit.id) == ["home_visit.confirmed", "home_visit.assigned"]


async def test_a_round_told_by_eight_at_once_is_told_once(zone: Zone, hire: Hire, eve: datetime) -> None:
    await hire("tu", told=False, at=eve)
    visit = await ask(zone, eve)
    due = visit.starts_at - timedelta(hours=12)

    told = await asyncio.gather(*(operations.publish_due(now=due) for _ in range(8)))

    assert sum(told) == 1
    assert (await facts_of(visit.id)).count("home_visit.assigned") == 1


async def test_a_dispatcher_tells_only_rounds_of_its_own(
    zone: Zone, hire: Hire, eve: datetime, client: httpx.AsyncClient, sign_in: SignIn, tomorrow: date
) -> None:
    await hire("tu", told=False, at=eve)
    visit = await ask(zone, eve)
    stranger = await sign_in(Caller.PARTNER, scopes={scopes.COURIERS_WRITE})
    path = f"/v1/partner/runs/{tomorrow}/publish"

    theirs = await client.post(path, headers=stranger.headers | {"Idempotency-Key": "one"})

    assert (theirs.status_code, theirs.json()["published"]) == (200, 0)
    found = await queries.by_id(visit.id)
    assert found is not None
    assert found.courier_id is None


async def test_a_shift_that_shrinks_gives_the_visit_to_a_colleague(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    tu = await hire("tu")
    visit = await ask(zone, now, window_id=zone.windows[3].id)
    ha = await hire("ha", lat=LAT + 0.02)
    assert visit.courier_id == tu.id

    await shift("tu", tomorrow, until=12, now=now)

    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("assigned", ha.id)
    assert [stop.home_visit_id for stop in await rounds.round_of(ha, tomorrow, now=now)] == [visit.id]
    assert await rounds.round_of(tu, tomorrow, now=now) == []


async def test_a_visit_nobody_can_keep_names_nobody_and_is_kept_at_the_next_shift(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now, window_id=zone.windows[3].id)

    await shift("tu", tomorrow, until=12, now=now)
    alone = await queries.by_id(visit.id)
    told = await facts_of(visit.id)
    await shift("tu", tomorrow, until=19, now=now)

    day = (await plans.at([tomorrow], now=now))[tomorrow]
    assert alone is not None
    assert (alone.state, alone.courier_id) == ("confirmed", None)
    assert told.count("home_visit.at_risk") == 1
    assert day.adrift == []
    assert violations(day.problem, day.plan) == []


async def test_a_courier_on_the_way_has_nothing_put_before_the_door(
    zone: Zone, hire: Hire, now: datetime
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    assert DB.pool is not None
    stop = await DB.pool.fetchrow(
        "SELECT s.lock, d.state FROM round_stop s JOIN duty d ON d.id = s.duty_id"
        " WHERE s.home_visit_id = $1",
        visit.id,
    )
    assert tuple(stop) == ("position", "started")


async def test_the_last_window_goes_to_one_of_two_and_the_other_is_shown_what_is_left(
    client: httpx.AsyncClient, sign_in: SignIn, publish: Publish, hire: Hire, tomorrow: date
) -> None:
    """A bag for one before noon and one after: two citizens press at the same moment."""
    zone = await publish(places=20)
    await hire("tu", capacity=1)
    hoa, lan = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    body = {
        "kind": "collection",
        "procedures": [DISABILITY],
        "window_id": str(zone.windows[0].id),
        "address": {"text": "Xóm 4", "commune": KIM_SON, "lat": LAT, "lon": LON},
        "contact": {"name": "Bùi Thị Hoa", "phone": "0987654321"},
    }

    answers = await asyncio.gather(
        *(
            client.post("/v1/home-visits", json=body, headers=who.headers | {"Idempotency-Key": "k"})
            for who in (hoa, lan)
        )
    )

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    assert lost.json()["code"] == "window_gone"
    left = [offer["id"] for offer in lost.json()["alternatives"]]
    assert left == [str(window.id) for window in zone.windows[2:]]
    assert local_date(zone.windows[0].starts_at) == tomorrow
