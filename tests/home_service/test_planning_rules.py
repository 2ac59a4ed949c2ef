"""A dispatcher changes the margins: for new promises, by version, within bounds."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.home_service import operations
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from tests.conftest import SignIn
from tests.home_service.conftest import DISABILITY, Hire, Zone, ask

RULES = "/v1/staff/planning-rules"
Put = Callable[..., Awaitable[httpx.Response]]

OWN = {
    "inflation": 1.1,
    "guard_seconds": 900,
    "access_seconds": 90,
    "centroid_seconds": 300,
    "published_minutes": 720,
    "service_times": [
        {"kind": "assisted_online", "seconds": 1320, "procedure": None},
        {"kind": "collection", "seconds": 1320, "procedure": None},
        {"kind": "delivery", "seconds": 420, "procedure": None},
    ],
}


@pytest.fixture
async def put(client: httpx.AsyncClient, sign_in: SignIn) -> Put:
    """`await put('"0"', guard_seconds=600)`: the program's own figures with these instead."""
    tuan = await sign_in(Caller.DISPATCHER, centre_id=uuid.uuid4())

    async def run(version: str | None, **figures: Any) -> httpx.Response:
        headers = tuan.headers | ({} if version is None else {"If-Match": version})
        return await client.put(RULES, json=OWN | figures, headers=headers)

    return run


async def promised(visit: HomeVisitRow) -> Any:
    """What the latest promise of a visit rests on, with its stop."""
    assert DB.pool is not None
    return await DB.pool.fetchrow(
        "SELECT p.inflation, p.guard_seconds, p.service_seconds, p.ends_at - s.closes_at AS kept"
        " FROM promise p JOIN round_stop s USING (home_visit_id)"
        " WHERE home_visit_id = $1 ORDER BY made_at DESC, plan_version DESC LIMIT 1",
        visit.id,
    )


async def test_until_somebody_changes_them_the_programs_own_figures_hold(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    for caller in (Caller.DISPATCHER, Caller.MONITOR):
        who = await sign_in(caller, centre_id=uuid.uuid4())
        answer = await client.get(RULES, headers=who.headers)
        assert (answer.status_code, answer.headers["etag"], answer.json()) == (200, '"0"', OWN)


async def test_new_promises_are_made_with_the_new_figures_and_old_ones_keep_theirs(
    zone: Zone, hire: Hire, now: datetime, put: Put
) -> None:
    await hire("tu")
    before = await ask(zone, now)
    rested_on = await promised(before)
    times = [{"kind": "collection", "procedure": DISABILITY, "seconds": 1800}]

    answer = await put('"0"', inflation=1.3, guard_seconds=600, access_seconds=60, service_times=times)
    after = await promised(await ask(zone, now, window_id=zone.windows[2].id))

    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert answer.json()["service_times"] == sorted(
        [*OWN["service_times"], *times],  # type: ignore[misc]
        key=lambda each: (each["kind"], each["procedure"] or ""),
    )
    assert tuple(await promised(before)) == tuple(rested_on) == (1.1, 900, 1710, timedelta(minutes=15))
    # Of a day with promises the ways stay inflated as they were.
    assert tuple(after) == (1.1, 600, 2160, timedelta(minutes=10))


async def test_a_day_nobody_was_promised_takes_all_of_them(
    zone: Zone, hire: Hire, now: datetime, put: Put
) -> None:
    await hire("tu")
    await put('"0"', inflation=1.3)

    assert tuple(await promised(await ask(zone, now)))[:2] == (1.3, 900)


async def test_a_day_that_begins_later_takes_all_of_them(
    zone: Zone, hire: Hire, now: datetime, put: Put
) -> None:
    await put('"0"', inflation=1.2, guard_seconds=300)
    await hire("tu")

    assert tuple(await promised(await ask(zone, now)))[:2] == (1.2, 300)


async def test_days_that_are_over_stay_as_they_were(hire: Hire, now: datetime, put: Put) -> None:
    await hire("tu")
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO day_plan (date, travel_version, inflation, guard_seconds)"
        " VALUES ('2026-01-05', 1, 1.1, 900)"
    )

    await put('"0"', inflation=1.2, guard_seconds=300)

    rows = await DB.pool.fetch("SELECT inflation, guard_seconds FROM day_plan ORDER BY date")
    assert [tuple(row) for row in rows] == [(1.1, 900), (1.2, 300)]


async def test_a_change_is_seen_first_and_the_same_again_changes_nothing(
    database: object, put: Put
) -> None:
    unseen = await put(None, guard_seconds=600)
    first = await put('"0"', guard_seconds=600)
    stale = await put('"0"', guard_seconds=300)
    same = await put('"1"', guard_seconds=600)
    second = await put('"1"', guard_seconds=300)

    assert [each.status_code for each in (unseen, first, stale, same, second)] == [428, 200, 412, 200, 200]
    assert [each.headers["etag"] for each in (first, same, second)] == ['"1"', '"1"', '"2"']
    assert DB.pool is not None
    lines = await DB.pool.fetch(
        "SELECT actor_kind, detail::jsonb -> 'after' ->> 'guard_seconds' AS guard FROM journal"
        " WHERE action = 'planning_rules.changed' ORDER BY id"
    )
    assert [line["guard"] for line in lines] == ["600", "300"]


async def test_of_two_who_saw_the_same_version_one_changes_it(database: object, put: Put) -> None:
    answers = await asyncio.gather(*(put('"0"', guard_seconds=guard) for guard in (300, 600)))

    assert sorted(each.status_code for each in answers) == [200, 412]


async def test_how_long_before_a_block_it_is_told_is_a_rule_too(
    hire: Hire, tomorrow: Any, now: datetime, put: Put
) -> None:
    await hire("tu", told=False, at=at_local(tomorrow, 12) - timedelta(days=1))
    seven = at_local(tomorrow, 7)
    assert await operations.publish_due(now=seven - timedelta(hours=13)) == 0

    await put('"0"', published_minutes=14 * 60)

    assert await operations.publish_due(now=seven - timedelta(hours=13)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"inflation": 0.99},
        {"inflation": 2.1},
        {"inflation": "1.1"},
        {"guard_seconds": -1},
        {"guard_seconds": 3601},
        {"access_seconds": 1801},
        {"centroid_seconds": 3601},
        {"published_minutes": 29},
        {"published_minutes": 10**12},
        {"service_times": [{"kind": "collection", "seconds": 59}]},
        {"service_times": [{"kind": "collection", "seconds": 14401}]},
        {"service_times": [{"kind": "dance", "seconds": 600}]},
        {"service_times": [{"kind": "collection", "seconds": 600, "procedure": "9.999999"}]},
        {"service_times": [{"kind": "collection", "seconds": 600}, {"kind": "collection", "seconds": 700}]},
        {"service_times": [{"kind": "collection", "seconds": 600}] * 501},
        {"service_times": None},
        {"speed": 40},
    ],
)
async def test_figures_nobody_can_mean_are_refused(
    kim_son: object, put: Put, wrong: dict[str, Any]
) -> None:
    answer = await put('"0"', **wrong)

    assert answer.status_code == 422
    assert (await put('"0"')).headers["etag"] == '"0"'


async def test_the_rules_are_the_enterprises_and_the_provinces_to_see(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    for caller in (Caller.OFFICER, Caller.CENTRE_LEADER, Caller.CALENDAR_EDITOR, Caller.MONITOR):
        who = await sign_in(caller, centre_id=uuid.uuid4())
        headers = who.headers | {"If-Match": '"0"'}
        assert (await client.put(RULES, json=OWN, headers=headers)).status_code == 403
        read = (await client.get(RULES, headers=headers)).status_code
        assert read == (200 if caller is Caller.MONITOR else 403)
