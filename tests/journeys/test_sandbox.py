"""A partner's programmer on the sandbox: time that is moved, and a visit walked through its life."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar

from app.core import sandbox
from app.core.clock import local, machine_time
from app.core.database import DB
from app.custody.audit import verify
from app.home_service.states import Reason
from app.http.principals import Caller
from app.servers.ports import free_port
from partners.postal import scopes
from tests.conftest import Stores, _keys_file, _until_ready
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import EVERY, Post
from tests.journeys.test_doors import called, collected, finished, seen

CLOCK = "/v1/partner/sandbox/clock"
FEED = "/v1/partner/changes"
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def client(sandbox_app: Litestar, database: Stores) -> AsyncIterator[httpx.AsyncClient]:
    """The town's HTTP is a sandbox's."""
    sandbox.enter(sandbox=True)
    await sandbox.claim_database()
    transport = httpx.ASGITransport(app=sandbox_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        yield http
    sandbox.enter(sandbox=False)


@pytest.fixture
async def post(town: Town, day: date) -> Post:
    """A partner with a feed, a courier, and a stock of item numbers."""
    partner_id = uuid.uuid4()
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
        " VALUES ($1, 'vnpost', 'a', 'a', now())",
        partner_id,
    )
    found = await town.sign_in(
        Caller.PARTNER,
        subject_id=partner_id,
        scopes=EVERY | {scopes.DOCUMENTS_WRITE, scopes.WEBHOOK_MANAGE},
    )
    post = Post(town, Person(town.http, found.headers), day)
    given = await post.program.post(
        "/v1/partner/item-numbers", {"numbers": ["RR473124829VN"], "valid_to": "2099-12-31"}
    )
    assert given.json()["results"][0]["outcome"] == "taken"
    await post.hires("tu")
    return post


async def moved(person: Person, to: datetime) -> httpx.Response:
    return await person.http.put(CLOCK, json={"now": local(to).isoformat()}, headers=person.headers)


async def shown(person: Person) -> datetime:
    answer = await person.get(CLOCK)
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["now"])


async def walked(post: Post, visit: dict[str, Any], **body: Any) -> httpx.Response:
    return await post.program.post(f"/v1/partner/sandbox/home-visits/{visit['id']}/walk", body)


async def told(post: Post) -> list[dict[str, Any]]:
    """The feed, once everything that is due has been worked on."""
    await post.town.drainer.drain()
    return [item["event"] for item in (await post.program.get(FEED)).json()["items"]]


async def its_window_is_open(post: Post, visit: dict[str, Any]) -> None:
    """As a programmer gets there: by moving the clock."""
    opens = datetime.fromisoformat(visit["window"]["starts_at"])
    answer = await moved(post.program, opens + timedelta(minutes=20))
    assert answer.status_code == 200, answer.text


async def test_a_visit_is_walked_through_its_whole_life_and_the_feed_tells_it(
    town: Town, post: Post, day: date
) -> None:
    hoa = await town.citizen()
    visit = await called(hoa, day)
    await told(post)  # the visit has its item number from here on
    await its_window_is_open(post, visit)

    answer = await walked(post, visit)

    assert answer.status_code == 200, answer.text
    life = [(step["type"], step["outcome"], step["state"]) for step in answer.json()["steps"]]
    assert life == [
        ("accepted", "applied", "taken"),
        ("en_route", "applied", "en_route"),
        ("arrived", "applied", "arrived"),
        ("counted", "applied", "counted"),
        ("sealed", "applied", "sealed"),
        ("reached_hub", "applied", "at_hub"),
        ("handed_over", "applied", "handed_over"),
        ("received", "applied", "handed_to_centre"),
    ]
    assert [step.get("reason") for step in answer.json()["steps"]] == [None] * 8
    assert (answer.json()["state"], answer.json()["courier"]) == ("handed_to_centre", "tu")
    assert (await seen(hoa, visit))["status"] == "handed_to_centre"
    events = [event for event in await told(post) if event["subject"] == f"home_visit:{visit['id']}"]
    assert [event["type"].rpartition(".")[2] for event in events] == ["assigned", "received"]
    assert {event["livemode"] for event in events} == {False}
    assert answer.headers["motcua-livemode"] == "false"
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT item_number FROM package") == "RR473124829VN"
    assert (await verify()).faults == []


@pytest.mark.parametrize("reason", list(Reason))
async def test_a_visit_fails_for_the_reason_that_was_asked_for(
    town: Town, post: Post, day: date, reason: Reason
) -> None:
    hoa = await town.citizen()
    visit = await called(hoa, day)
    await its_window_is_open(post, visit)

    to_the_door = await walked(post, visit, to="arrived")
    failed = await walked(post, visit, to="failed", reason=reason.value)

    assert to_the_door.json()["state"] == "arrived"
    assert [step["type"] for step in failed.json()["steps"]] == ["failed"]
    assert (await seen(hoa, visit))["status"] == "failed"
    assert DB.pool is not None
    said = await DB.pool.fetchval("SELECT data->>'reason' FROM visit_event WHERE type = 'failed'")
    assert said == reason.value


async def test_papers_are_missing_then_handed_in_in_part_then_brought_back(
    town: Town, post: Post, day: date
) -> None:
    hoa = await town.citizen()
    visit = await called(hoa, day)
    await its_window_is_open(post, visit)

    states = [
        (await walked(post, visit, to=state)).json()["state"]
        for state in ("incomplete", "sealed", "at_hub", "returned")
    ]
    further = await walked(post, visit, to="sealed")

    assert states == ["incomplete", "sealed", "at_hub", "returned"]
    assert (await seen(hoa, visit))["missing"] == [1]
    assert (further.status_code, further.json()["code"]) == (409, "no_way_there")
    assert further.json()["state"] == "returned"
    assert (await verify()).faults == []


async def test_a_result_is_brought_twice_in_vain_kept_and_delivered_against_payment(
    town: Town, post: Post, day: date
) -> None:
    hoa = await town.citizen()
    door, dossier = await collected(town, post, hoa, day)
    await finished(town, hoa, door, dossier)
    tomorrow = day + timedelta(days=1)
    post = Post(town, post.program, tomorrow)
    await post.hires("tu")
    visit = await called(hoa, tomorrow, kind="delivery", dossier=dossier["number"])
    await its_window_is_open(post, visit)

    tried = await walked(post, visit, to="attempt_failed", reason="absent")
    held = await walked(post, visit, to="held_at_post_office")
    too_soon = await walked(post, visit, to="returned")
    given = await walked(post, visit)

    assert [step["state"] for step in tried.json()["steps"]] == [
        *("taken", "sealed", "en_route", "attempt_failed"),
    ]
    assert held.json()["state"] == "held_at_post_office"
    refused = too_soon.json()["steps"][-1]
    assert (refused["outcome"], refused["reason"], too_soon.json()["state"]) == (
        *("rejected", "still_held", "held_at_post_office"),
    )
    assert given.json()["steps"][-1]["type"] == "delivered"
    assert given.json()["state"] == "delivered"
    bill = (await seen(hoa, visit))["bill"]
    assert (bill["owed_state_vnd"], bill["owed_postage_vnd"]) == (0, 0)
    assert (await verify()).faults == []


async def test_a_walk_told_again_under_its_key_is_answered_again_and_walks_nothing(
    town: Town, post: Post, day: date
) -> None:
    visit = await called(await town.citizen(), day)
    path = f"/v1/partner/sandbox/home-visits/{visit['id']}/walk"

    first = await post.program.post(path, {"to": "en_route"}, key="walk-1")
    again = await post.program.post(path, {"to": "en_route"}, key="walk-1")
    there = await post.program.post(path, {"to": "en_route"})

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (there.json()["state"], there.json()["steps"]) == ("en_route", [])


async def test_a_visit_of_others_and_of_nobody_is_not_there(town: Town, post: Post, day: date) -> None:
    visit = await called(await town.citizen(), day)
    stranger = Person(town.http, (await town.sign_in(Caller.PARTNER, scopes=EVERY)).headers)
    path = "/v1/partner/sandbox/home-visits/{}/walk"

    theirs = await stranger.post(path.format(visit["id"]), {})
    nobodys = await post.program.post(path.format(uuid.uuid4()), {})

    assert [answer.status_code for answer in (theirs, nobodys)] == [404, 404]
    assert {answer.json()["code"] for answer in (theirs, nobodys)} == {"home_visit_not_found"}
    assert (await post.program.get(f"/v1/partner/runs/{day}/tu")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{"to": "nowhere"}, {"to": None, "reason": "bored"}, {"speed": 2}, {"to": 1}, [], {"reason": None}],
)
async def test_a_walk_that_cannot_be_read_is_told_where(
    town: Town, post: Post, day: date, body: Any
) -> None:
    visit = await called(await town.citizen(), day)

    answer = await post.program.post(f"/v1/partner/sandbox/home-visits/{visit['id']}/walk", body)

    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["motcua-livemode"] == "false"


async def test_the_clock_goes_forward_only_and_a_repetition_is_done_already(town: Town, post: Post) -> None:
    before = await shown(post.program)
    tomorrow = before + timedelta(days=1)

    forward = await moved(post.program, tomorrow)
    again = await moved(post.program, tomorrow)
    back = await moved(post.program, before + timedelta(hours=1))
    beyond = await moved(post.program, before + timedelta(days=500))
    naive = await town.http.put(CLOCK, json={"now": "2030-01-01T00:00:00"}, headers=post.program.headers)

    assert (forward.status_code, again.status_code) == (200, 200)
    assert (back.status_code, back.json()["code"]) == (409, "clock_only_forward")
    assert (beyond.status_code, beyond.json()["code"]) == (422, "clock_too_far")
    assert naive.status_code == 422
    assert tomorrow <= await shown(post.program) < tomorrow + A_MINUTE
    assert round(forward.json()["ahead_seconds"], -2) == 86_400


async def test_eight_who_move_it_at_once_leave_the_latest_time(town: Town, post: Post) -> None:
    start = await shown(post.program)
    wished = [start + timedelta(days=n) for n in range(1, 9)]

    answers = await asyncio.gather(*(moved(post.program, to) for to in wished))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert answers[-1].status_code == 200
    assert wished[-1] <= await shown(post.program) < wished[-1] + A_MINUTE


async def test_what_the_business_decides_is_decided_in_the_moved_time(
    town: Town, post: Post, day: date
) -> None:
    made = (await post.program.post("/v1/partner/webhooks", {"url": "http://127.0.0.1:9/hook"})).json()
    hoa = await town.citizen()
    opening = {"procedure": "1.001699", "lat": 20.11, "lon": 106.12, "from": str(day), "to": str(day)}
    offered = (await hoa.get("/v1/visit-windows", **opening)).json()

    await moved(post.program, await shown(post.program) + timedelta(days=2))

    closed = (await hoa.get("/v1/visit-windows", **opening)).json()
    rotated = await post.program.post(f"/v1/partner/webhooks/{made['id']}/rotate-secret")
    assert offered["windows"] != []
    assert closed["windows"] == []
    assert rotated.status_code == 200  # and the token, which is on the machine's time, still opens the door


async def process(stores: Stores, folder: Path, port: int, **extra: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop"),
        *("--port", str(port), "--no-ws", "--log-level", "warning", "app.main:serve_factory"),
        env=dict(os.environ)
        | {
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_KEYS_FILE": str(_keys_file(folder)),
            "MOTCUA_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MOTCUA_LOG_LEVEL": "warning",
        }
        | extra,
    )


async def test_another_process_and_one_that_was_restarted_show_the_same_time(
    town: Town, tmp_path: Path, opened: Stores
) -> None:
    found = await town.sign_in(Caller.PARTNER, scopes=EVERY)
    here = Person(town.http, found.headers)
    to = machine_time() + timedelta(days=3)
    await moved(here, to)

    for n in range(2):
        port = free_port()
        other = await process(opened, tmp_path, port, MOTCUA_SANDBOX="yes")
        try:
            base = f"http://127.0.0.1:{port}"
            await _until_ready(f"{base}/readyz")
            async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
                there = Person(http, found.headers)
                assert abs(await shown(there) - await shown(here)) < A_MINUTE
                assert (await moved(there, to + timedelta(days=n + 1))).status_code == 200
        finally:
            other.terminate()
            await other.wait()
        ahead = await shown(here) - machine_time()
        assert abs(ahead - timedelta(days=n + 4)) < A_MINUTE


async def test_a_program_in_production_refuses_the_sandboxs_database_in_one_line(
    town: Town, tmp_path: Path, opened: Stores
) -> None:
    refused = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "journal", "nothing"),
        env=dict(os.environ)
        | {
            "DATABASE_URL": opened.database_url,
            "REDIS_URL": opened.redis_url,
            "MOTCUA_DATA_DIR": str(tmp_path),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await refused.communicate()

    assert refused.returncode == 1
    assert b"belongs to a sandbox" in said
    assert len(said.decode().strip().splitlines()) == 1


async def test_outside_the_sandbox_there_is_no_clock_to_move_and_nobody_to_walk(
    town: Town, post: Post, day: date, app: Litestar
) -> None:
    visit = await called(await town.citizen(), day)
    sandbox.enter(sandbox=False)
    before = machine_time()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        real = Person(http, post.program.headers)
        answers = [
            await real.get(CLOCK),
            await moved(real, before + timedelta(days=30)),
            await real.post(f"/v1/partner/sandbox/home-visits/{visit['id']}/walk", {}),
            await Person(http).get(CLOCK),
        ]
        feed = await real.get(FEED)
        document = (await http.get("/openapi/partner.json")).json()

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.headers["motcua-livemode"] for answer in (*answers, feed)} == {"true"}
    assert [path for path in document["paths"] if "sandbox" in path] == []
    assert abs(machine_time() - before) < A_MINUTE
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT ahead FROM sandbox_clock") == timedelta(0)
    with pytest.raises(asyncpg.RaiseError):
        await DB.pool.execute("UPDATE sandbox_clock SET ahead = interval '-1 day'")
