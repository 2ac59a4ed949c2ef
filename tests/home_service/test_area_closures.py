"""A flood closes an area: whom it concerns is seen first, then told, and may choose anew."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local
from app.core.database import DB
from app.home_service import operations, queries, windows
from app.home_service.errors import WindowGone
from app.home_service.events import HomeVisitAtRisk
from app.home_service.operations.areas import Draft
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.http.principals import Caller
from app.rounds import plans
from app.rounds.closures import Area, ClosureKind
from app.rounds.errors import AreaNotValid, ClosureNotFound
from app.rounds.planning.checker import violations
from notifications.listeners import MESSAGES
from tests.conftest import SignIn
from tests.home_service.conftest import (
    DISABILITY,
    KIM_SON,
    LAT,
    LON,
    Hire,
    Zone,
    ask,
    door,
    event,
    facts_of,
    reach,
    report,
)

CLOSURES = "/v1/staff/area-closures"
Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def as_dispatcher(client: httpx.AsyncClient, sign_in: SignIn) -> Post:
    """`await as_dispatcher(path, body)`: as somebody of the postal enterprise; a new key each time."""
    tuan = await sign_in(Caller.DISPATCHER, centre_id=uuid.uuid4())

    async def post(
        path: str, body: dict[str, Any] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = tuan.headers | {"Idempotency-Key": key or str(uuid.uuid4())}
        return await client.post(path, json=body, headers=headers)

    return post


def flood(zone: Zone, first: int = 0, last: int = 1, **facts: Any) -> dict[str, Any]:
    """Kim Sơn from the beginning of one window to the end of another."""
    usual = {
        "kind": "flood",
        "communes": [KIM_SON],
        "starts_at": local(zone.windows[first].starts_at).isoformat(),
        "ends_at": local(zone.windows[last].ends_at).isoformat(),
        "reason_vi": "Lũ trên sông Đáy",
        "reason_en": "The Đáy is in flood",
    }
    return {name: value for name, value in (usual | facts).items() if value is not None}


async def announce(post: Post, body: dict[str, Any]) -> dict[str, Any]:
    seen = (await post(f"{CLOSURES}/preview", body)).json()["seen"]
    answer = await post(CLOSURES, {**body, "seen": seen})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stop_of(visit: HomeVisitRow) -> Any:
    assert DB.pool is not None
    return await DB.pool.fetchrow("SELECT * FROM round_stop WHERE home_visit_id = $1", visit.id)


async def incidents_of(visit: HomeVisitRow) -> list[str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind FROM visit_incident WHERE home_visit_id = $1", visit.id)
    return [row["kind"] for row in rows]


async def again(visit: HomeVisitRow) -> HomeVisitRow:
    found = await queries.by_id(visit.id)
    assert found is not None
    return found


CIRCLE = {"communes": None, "circle": {"lat": LAT + 0.01, "lon": LON, "radius_km": 2.0}}


@pytest.mark.parametrize("area", [{}, CIRCLE], ids=["commune", "circle"])
async def test_a_closed_area_is_seen_first_then_its_promises_are_at_risk(
    zone: Zone,
    hire: Hire,
    tomorrow: date,
    now: datetime,
    as_dispatcher: Post,
    area: dict[str, Any],
) -> None:
    await hire("tu")
    inside = await ask(zone, now)
    later = await ask(zone, now, window_id=zone.windows[2].id)
    body = flood(zone, **area)

    preview = (await as_dispatcher(f"{CLOSURES}/preview", body)).json()
    untouched = await again(inside)
    answer = await as_dispatcher(CLOSURES, {**body, "seen": preview["seen"]})

    assert (preview["at_risk"], preview["begun"], preview["with_package"]) == (1, 0, 0)
    assert preview["days"] == [{"date": str(tomorrow), "at_risk": 1, "courier_named": 1}]
    assert [each["reference"] for each in preview["visits"]] == [inside.reference]
    assert "Hoa" not in str(preview) and "Xóm" not in str(preview)
    assert untouched == inside
    assert answer.status_code == 201
    assert answer.json()["told"] == [str(inside.id)]
    assert answer.json()["impact"] == preview
    after = await again(inside)
    assert (after.state, after.courier_id) == ("confirmed", None)
    assert (await facts_of(inside.id)).count("home_visit.at_risk") == 1
    assert await incidents_of(inside) == ["promise_at_risk"]
    assert (await stop_of(inside))["at_risk_because"] == "area_closed"
    assert await again(later) == later
    day = (await plans.at([tomorrow], now=now))[tomorrow]
    assert day.visits_of(next(n for n, stops in enumerate(day.rounds) if stops)) == [later.id]
    assert [day.stops[number].home_visit_id for number in day.at_risk] == [inside.id]


async def test_nobody_new_is_sent_there_whoever_is_hired_or_takes_the_visit(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await announce(as_dispatcher, flood(zone))

    await hire("binh")

    assert (await stop_of(visit))["duty_id"] is None
    assert (await again(visit)).courier_id is None
    plans.forget()
    assert (await plans.at([tomorrow], now=now))[tomorrow].adrift == []


async def test_whoever_asks_is_told_why_and_what_else_there_is(
    client: httpx.AsyncClient, zone: Zone, hire: Hire, tomorrow: date, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    closed = await announce(as_dispatcher, flood(zone))
    query = {"procedure": DISABILITY, "lat": LAT, "lon": LON, "from": str(tomorrow), "to": str(tomorrow)}

    async def offered_all_day() -> list[str]:
        answer = await client.get("/v1/visit-windows", params=query)
        return [each["id"] for each in answer.json()["windows"]]

    during = await windows.windows(
        kind=Kind.COLLECTION,
        procedure_code=DISABILITY,
        lat=LAT,
        lon=LON,
        start=zone.windows[0].starts_at,
        end=zone.windows[1].ends_at,
        now=now,
    )
    left = await offered_all_day()
    await as_dispatcher(f"{CLOSURES}/{closed['closure']['id']}/lift")

    assert (during.windows, during.reason) == ([], "area_closed")
    assert [each["id"] for each in during.alternatives] == [str(w.id) for w in zone.windows[2:]] == left
    assert await offered_all_day() == [str(w.id) for w in zone.windows]


async def test_the_person_chooses_another_window_but_not_in_the_flood(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    hoa = await sign_in(Caller.CITIZEN)
    tu = await hire("tu")
    visit = await ask(zone, now, citizen_id=hoa.principal.id)
    await announce(as_dispatcher, flood(zone))

    async def to(window: int) -> httpx.Response:
        return await client.post(
            f"/v1/home-visits/{visit.id}/reschedule",
            json={"window_id": str(zone.windows[window].id)},
            headers=hoa.headers | {"Idempotency-Key": str(uuid.uuid4())},
        )

    flooded, dry = await to(1), await to(2)

    assert (flooded.status_code, flooded.json()["code"]) == (409, "window_gone")
    assert [each["id"] for each in flooded.json()["alternatives"]] == [str(w.id) for w in zone.windows[2:]]
    assert dry.status_code == 200
    stop = await stop_of(visit)
    assert (stop["at_risk_since"], stop["lock"]) == (None, "courier")
    assert (await again(visit)).courier_id == tu.id


async def test_what_changed_since_it_was_seen_is_told_with_fresh_figures(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    body = flood(zone)
    seen = (await as_dispatcher(f"{CLOSURES}/preview", body)).json()["seen"]
    visit = await ask(zone, now)

    stale = await as_dispatcher(CLOSURES, {**body, "seen": seen})

    assert (stale.status_code, stale.json()["code"]) == (409, "area_closure_stale")
    assert [each["id"] for each in stale.json()["impact"]["visits"]] == [str(visit.id)]
    assert await again(visit) == visit
    fresh = await as_dispatcher(CLOSURES, {**body, "seen": stale.json()["impact"]["seen"]})
    assert fresh.status_code == 201


async def test_announced_twice_it_is_told_once(
    client: httpx.AsyncClient, zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    body = flood(zone)
    seen = (await as_dispatcher(f"{CLOSURES}/preview", body)).json()["seen"]

    first = await as_dispatcher(CLOSURES, {**body, "seen": seen}, key="k")
    replay = await as_dispatcher(CLOSURES, {**body, "seen": seen}, key="k")
    another = await announce(as_dispatcher, flood(zone, last=2))

    assert first.json() == replay.json()
    assert replay.headers["idempotent-replayed"] == "true"
    assert (another["told"], another["impact"]["at_risk"]) == ([], 0)
    assert (await facts_of(visit.id)).count("home_visit.at_risk") == 1


async def test_a_lifted_area_is_served_again_and_whoever_was_told_hears_it(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, as_dispatcher: Post
) -> None:
    tu = await hire("tu")
    visit = await ask(zone, now)
    closed = await announce(as_dispatcher, flood(zone))
    path = f"{CLOSURES}/{closed['closure']['id']}/lift"

    lifted, twice = (await as_dispatcher(path)), (await as_dispatcher(path))

    assert lifted.json()["kept_again"] == [str(visit.id)]
    assert lifted.json()["closure"]["lifted_at"] is not None
    assert (twice.status_code, twice.json()["kept_again"]) == (200, [])
    assert (await again(visit)).courier_id == tu.id
    assert (await facts_of(visit.id))[-1] == "home_visit.reassigned"
    day = (await plans.at([tomorrow], now=now))[tomorrow]
    assert (day.at_risk, violations(day.problem, day.plan)) == ([], [])


async def test_another_closure_still_holds_what_one_of_two_let_go(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    first = await announce(as_dispatcher, flood(zone))
    second = await announce(as_dispatcher, flood(zone, **CIRCLE))

    one = (await as_dispatcher(f"{CLOSURES}/{first['closure']['id']}/lift")).json()
    held = await stop_of(visit)
    both = (await as_dispatcher(f"{CLOSURES}/{second['closure']['id']}/lift")).json()

    assert (one["kept_again"], one["still_at_risk"]) == ([], [])
    assert held["duty_id"] is None
    assert both["kept_again"] == [str(visit.id)]


async def test_nobody_is_left_to_come_when_the_area_opens_again(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    closed = await announce(as_dispatcher, flood(zone))
    await hire("tu", skills=("delivery",))

    lifted = (await as_dispatcher(f"{CLOSURES}/{closed['closure']['id']}/lift")).json()
    await hire("binh")

    assert (lifted["kept_again"], lifted["still_at_risk"]) == ([], [str(visit.id)])
    assert (await stop_of(visit))["duty_id"] is not None


async def test_what_has_begun_at_a_door_is_its_couriers_to_end(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await reach(visit, Report.ARRIVED)
    before = await again(visit)

    announced = await announce(as_dispatcher, flood(zone))

    assert (announced["impact"]["begun"], announced["told"]) == (1, [])
    assert await again(visit) == before


async def test_a_courier_on_the_way_there_is_called_back(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    announced = await announce(as_dispatcher, flood(zone))

    assert announced["told"] == [str(visit.id)]
    after = await again(visit)
    assert (after.state, after.courier_id) == ("confirmed", None)


async def test_a_door_beside_the_area_keeps_its_promise(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    await hire("tu")
    visit = await ask(zone, now, door=door(lat=LAT + 0.03))

    announced = await announce(as_dispatcher, flood(zone, **CIRCLE))

    assert announced["impact"]["at_risk"] == 0
    assert await again(visit) == visit


async def test_a_promise_and_a_closure_at_the_same_moment_leave_nobody_in_the_flood(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    """Whichever comes first: the closure finds the promise, or is stale, or the promise is refused."""
    await hire("tu")
    body = flood(zone)
    seen = (await as_dispatcher(f"{CLOSURES}/preview", body)).json()["seen"]

    answers = await asyncio.gather(
        as_dispatcher(CLOSURES, {**body, "seen": seen}),
        *(ask(zone, now) for _ in range(4)),
        return_exceptions=True,
    )

    closing, promised = answers[0], [each for each in answers[1:] if isinstance(each, HomeVisitRow)]
    assert isinstance(closing, httpx.Response)
    assert closing.status_code in {201, 409}
    assert (closing.status_code == 201) == (promised == [])


async def test_a_promise_that_waited_for_its_day_sees_the_area_closed_meanwhile(
    zone: Zone, hire: Hire, tomorrow: date, now: datetime
) -> None:
    await hire("tu")
    first = zone.windows[0]
    assert DB.pool is not None
    async with DB.pool.acquire() as closing, closing.transaction():
        await closing.execute("SELECT FROM day_plan WHERE date = $1 FOR UPDATE", tomorrow)
        asking = asyncio.create_task(ask(zone, now))
        async with asyncio.timeout(20):
            while not await DB.pool.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.02)
        await closing.execute(
            "INSERT INTO area_closure (id, communes, starts_at, ends_at, reason_vi, announced_at)"
            " VALUES ($1, $2, $3, $4, 'lũ', $5)",
            uuid.uuid4(),
            [KIM_SON],
            first.starts_at,
            first.ends_at,
            now,
        )

    with pytest.raises(WindowGone):
        await asking


async def test_closures_are_listed_for_dispatchers_and_monitors_and_for_nobody_else(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, tomorrow: date, as_dispatcher: Post
) -> None:
    closed = await announce(as_dispatcher, flood(zone))
    found = {}
    for caller in (Caller.MONITOR, Caller.DISPATCHER, Caller.CENTRE_LEADER, Caller.CITIZEN, Caller.PARTNER):
        who = await sign_in(
            caller, centre_id=None if caller in {Caller.CITIZEN, Caller.PARTNER} else uuid.uuid4()
        )
        found[caller] = [
            (await client.get(path, headers=who.headers)).status_code
            for path in (CLOSURES, f"{CLOSURES}/{closed['closure']['id']}")
        ]
        if caller is not Caller.DISPATCHER:
            headers = who.headers | {"Idempotency-Key": "k"}
            for path in (CLOSURES, f"{CLOSURES}/preview", f"{CLOSURES}/{closed['closure']['id']}/lift"):
                refused = await client.post(path, json=flood(zone), headers=headers)
                assert refused.status_code in {401, 403}, (caller, path)

    monitor = await sign_in(Caller.MONITOR, centre_id=uuid.uuid4())
    days = [
        (await client.get(CLOSURES, params={"day": str(day)}, headers=monitor.headers)).json()["items"]
        for day in (tomorrow, tomorrow + timedelta(days=1))
    ]
    unknown = await client.get(f"{CLOSURES}/{uuid.uuid4()}", headers=monitor.headers)
    assert found[Caller.MONITOR] == found[Caller.DISPATCHER] == [200, 200]
    assert {tuple(found[each]) for each in (Caller.CENTRE_LEADER,)} == {(403, 403)}
    assert {tuple(found[each]) for each in (Caller.CITIZEN, Caller.PARTNER)} <= {(401, 401), (403, 403)}
    assert (days[0], days[1]) == ([closed["closure"]], [])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "area_closure_not_found")


async def test_a_page_of_closures_goes_on_where_it_ended(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, as_dispatcher: Post
) -> None:
    made = [(await announce(as_dispatcher, flood(zone)))["closure"]["id"] for _ in range(3)]
    monitor = await sign_in(Caller.MONITOR, centre_id=uuid.uuid4())

    first = (await client.get(CLOSURES, params={"limit": 2}, headers=monitor.headers)).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await client.get(CLOSURES, params=params, headers=monitor.headers)).json()

    assert [each["id"] for each in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"communes": ["99999"]},
        {"communes": []},
        {"communes": None},
        {"circle": CIRCLE["circle"]},
        {"communes": None, "circle": {"lat": LAT, "lon": LON, "radius_km": 0}},
        {"communes": None, "circle": {"lat": LAT, "lon": LON, "radius_km": 500}},
        {"communes": None, "circle": {"lat": 91, "lon": LON, "radius_km": 1}},
        {"ends_at": "2001-01-01T00:00:00+07:00"},
        {"ends_at": "2099-01-01T00:00:00+07:00"},
        {"starts_at": "2001-01-01T00:00:00+07:00"},
        {"starts_at": "2098-01-01T00:00:00+07:00", "ends_at": "2098-01-02T00:00:00+07:00"},
        {"reason_vi": " "},
        {"reason_en": "a\nb\u202e"},
        {"kind": "war"},
        {"radius": 3},
    ],
)
async def test_an_area_that_is_none_is_refused(
    zone: Zone, as_dispatcher: Post, wrong: dict[str, Any]
) -> None:
    body = flood(zone) | wrong
    body = {name: value for name, value in body.items() if value is not None}

    answers = [
        await as_dispatcher(f"{CLOSURES}/preview", body),
        await as_dispatcher(CLOSURES, {**body, "seen": "x"}),
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM area_closure") == 0


async def test_nobody_closes_an_area_unseen(zone: Zone, as_dispatcher: Post) -> None:
    assert (await as_dispatcher(CLOSURES, flood(zone))).status_code == 422


async def test_a_closure_nobody_made_is_not_lifted(database: object, now: datetime) -> None:
    with pytest.raises(ClosureNotFound):
        await operations.lift_closure(closure_id=uuid.uuid4(), officer_id=None, now=now)


async def test_a_circle_without_a_radius_is_no_area(database: object, now: datetime) -> None:
    draft = Draft(Area(None, LAT, LON), None, now + timedelta(hours=1), ClosureKind.ROAD, "a", "b")
    with pytest.raises(AreaNotValid):
        await operations.preview_closure(draft=draft, now=now)


async def test_the_message_says_that_the_area_is_closed(zone: Zone, hire: Hire, now: datetime) -> None:
    await hire("tu")
    visit = await ask(zone, now)
    told = {}
    for reason in ("area_closed", "courier_absent"):
        fact = HomeVisitAtRisk(
            occurred_at=now,
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            visit_kind=visit.kind,
            version=2,
            reason=reason,
        )
        words = await MESSAGES[HomeVisitAtRisk](fact)
        assert words is not None
        told[reason] = words.template

    assert told == {"area_closed": "home_visit_area_closed", "courier_absent": "home_visit_at_risk"}


async def test_closed_a_second_time_it_is_told_a_second_time(
    zone: Zone, hire: Hire, now: datetime, as_dispatcher: Post
) -> None:
    """A message is owed once for a version of the visit: each time at risk is another one."""
    await hire("tu", told=False)
    visit = await ask(zone, now)
    first = await announce(as_dispatcher, flood(zone))
    await as_dispatcher(f"{CLOSURES}/{first['closure']['id']}/lift")
    await announce(as_dispatcher, flood(zone))

    assert DB.pool is not None
    versions = await DB.pool.fetch(
        "SELECT payload::jsonb ->> 'version' AS version FROM outbox"
        " WHERE kind = 'home_visit.at_risk' AND payload::jsonb ->> 'home_visit_id' = $1",
        str(visit.id),
    )
    assert len({row["version"] for row in versions}) == 2
