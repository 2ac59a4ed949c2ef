"""Story 24: the postal enterprise's program talks to us: twice, late, and not always honestly."""

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from app.core.clock import at_local, machine_time
from app.core.database import DB
from app.custody.audit import verify
from app.http.principals import Caller
from app.main import create_app
from app.settings import Settings
from partners.postal import scopes, signing
from tests.conftest import Stores
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import EVERY, Post

SCOPES = EVERY | {scopes.WEBHOOK_MANAGE}
LATE = timedelta(minutes=5, seconds=2)


class Pushed(NamedTuple):
    """A message on its way to our callback, as it is sent."""

    body: bytes
    headers: dict[str, str]


class Enterprise(NamedTuple):
    """One partner: its code with us, its program, its work, and the secret it signs with."""

    code: str
    post: Post
    secret: str

    def message(
        self, events: list[dict[str, Any]], *, secret: str = "", age: timedelta = timedelta()
    ) -> Pushed:
        body = json.dumps({"events": events}).encode()
        headers = signing.headers(
            event_id=str(uuid.uuid4()),
            body=body,
            signing_secrets=[secret or self.secret],
            now=machine_time() - age,
        )
        return Pushed(body, headers)

    async def push(self, message: Pushed, *, to: str = "") -> httpx.Response:
        return await self.post.town.http.post(
            f"/v1/callbacks/postal/{to or self.code}", content=message.body, headers=message.headers
        )


@pytest.fixture
def found_enterprise(town: Town, day: date) -> Callable[[str], Any]:
    """`await found_enterprise("vnpost")`: a partner that may call, and push."""

    async def run(code: str) -> Enterprise:
        assert DB.pool is not None
        partner_id = uuid.uuid4()
        await DB.pool.execute(
            "INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
            " VALUES ($1, $2, $2, $2, now())",
            partner_id,
            code,
        )
        signed_in = await town.sign_in(Caller.PARTNER, subject_id=partner_id, scopes=SCOPES)
        program = Person(town.http, signed_in.headers)
        made = await program.post("/v1/partner/callback-secret")
        assert made.status_code == 201, made.text
        return Enterprise(code, Post(town, program, day), made.json()["secret"])

    return run


@pytest.fixture
async def vnpost(found_enterprise: Callable[[str], Any]) -> Enterprise:
    enterprise: Enterprise = await found_enterprise("vnpost")
    await enterprise.post.hires("tu")
    return enterprise


async def status_of(citizen: Person, visit: dict[str, Any]) -> str:
    return str((await citizen.get(f"/v1/home-visits/{visit['id']}")).json()["status"])


async def test_story_24_the_same_report_three_times_and_out_of_order_has_one_effect(
    town: Town, vnpost: Enterprise
) -> None:
    hoa = await town.citizen()
    visit = await vnpost.post.called_to(hoa)
    events = vnpost.post.to_the_seal(visit, "NIEM-24")
    town.at(at_local(vnpost.post.day, 18))
    random.Random(24).shuffle(events)
    message = vnpost.message(events)

    answers = [await vnpost.push(message) for _ in range(3)]
    by_call = await vnpost.post.reports(events)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    outcomes = [[r["outcome"] for r in answer.json()["results"]] for answer in answers]
    assert outcomes == [["applied"] * 5, ["duplicate"] * 5, ["duplicate"] * 5]
    assert by_call == ["duplicate"] * 5
    assert await status_of(hoa, visit) == "sealed"
    assert (await verify())[:2] == (1, 1)


async def test_story_24_a_forged_signature_is_refused_and_changes_nothing(
    town: Town, vnpost: Enterprise
) -> None:
    hoa = await town.citizen()
    visit = await vnpost.post.called_to(hoa)
    events = vnpost.post.to_the_seal(visit, "NIEM-24")
    good = vnpost.message(events)
    bad = {
        "another secret": vnpost.message(events, secret=signing.new_secret()),
        "another body": Pushed(vnpost.message(events[:1]).body, good.headers),
        "no signature": Pushed(good.body, {"content-type": "application/json"}),
        "another id": Pushed(good.body, good.headers | {"webhook-id": "msg_other"}),
        "garbled": Pushed(good.body, good.headers | {"webhook-signature": "v1,%% v1 v2,x"}),
        "garbled time": Pushed(good.body, good.headers | {"webhook-timestamp": "9" * 40}),
    }

    answers = {how: await vnpost.push(message) for how, message in bad.items()}
    nobody = await vnpost.push(good, to="nobody")

    assert {how: answer.status_code for how, answer in answers.items()} == dict.fromkeys(bad, 401)
    assert {answer.json()["code"] for answer in answers.values()} == {"signature_not_accepted"}
    assert (nobody.status_code, nobody.json()["code"]) == (401, "signature_not_accepted")
    assert await status_of(hoa, visit) == "assigned"


async def test_story_24_a_message_replayed_after_five_minutes_is_refused(
    town: Town, vnpost: Enterprise
) -> None:
    hoa = await town.citizen()
    visit = await vnpost.post.called_to(hoa)
    events = vnpost.post.to_the_seal(visit, "NIEM-24")
    town.at(at_local(vnpost.post.day, 18))

    replayed = await vnpost.push(vnpost.message(events, age=LATE))
    ahead = await vnpost.push(vnpost.message(events, age=-LATE))
    in_time = await vnpost.push(vnpost.message(events, age=LATE - timedelta(seconds=30)))

    assert (replayed.status_code, ahead.status_code, in_time.status_code) == (401, 401, 200)
    assert await status_of(hoa, visit) == "sealed"


async def test_a_signed_message_of_the_wrong_form_says_where_and_blocks_nothing(
    town: Town, vnpost: Enterprise
) -> None:
    hoa = await town.citizen()
    events = vnpost.post.to_the_seal(await vnpost.post.called_to(hoa), "NIEM-24")
    town.at(at_local(vnpost.post.day, 18))

    naive = await vnpost.push(vnpost.message([events[0] | {"occurred_at": "2026-11-27T08:00:00"}]))
    nothing = await vnpost.push(vnpost.message([]))
    mixed = await vnpost.push(vnpost.message([events[0] | {"courier": "nobody"}, *events[1:2]]))

    assert (naive.status_code, naive.json()["errors"][0]["pointer"]) == (422, "/events/0/occurred_at")
    assert nothing.status_code == 422
    assert [r["outcome"] for r in mixed.json()["results"]] == ["rejected", "applied"]


async def test_while_the_secret_is_rotated_both_open_the_door(vnpost: Enterprise) -> None:
    made = await vnpost.post.program.post("/v1/partner/callback-secret")
    events = [
        {
            "event_id": str(uuid.uuid4()),
            "task_id": str(uuid.uuid4()),
            "type": "accepted",
            "occurred_at": machine_time().isoformat(),
            "device_seq": 1,
            "courier": "tu",
        }
    ]

    former = await vnpost.push(vnpost.message(events))
    new = await vnpost.push(vnpost.message(events, secret=made.json()["secret"]))

    assert (former.status_code, new.status_code) == (200, 200)
    assert former.json()["results"][0] == {
        "event_id": events[0]["event_id"],
        "outcome": "rejected",
        "reason": "not_your_task",
    }


async def test_story_24_a_partner_sees_and_moves_only_what_is_its_own(
    town: Town, vnpost: Enterprise, found_enterprise: Callable[[str], Any]
) -> None:
    hoa = await town.citizen()
    visit = await vnpost.post.called_to(hoa)
    other: Enterprise = await found_enterprise("viettel")
    events = vnpost.post.to_the_seal(visit, "NIEM-24")
    day = vnpost.post.day.isoformat()
    endpoint = (
        await vnpost.post.program.post("/v1/partner/webhooks", {"url": "http://127.0.0.1:9/hook"})
    ).json()

    own = (await vnpost.post.program.get("/v1/partner/tasks", date=day)).json()["items"]
    theirs = (await other.post.program.get("/v1/partner/tasks", date=day)).json()["items"]
    by_call = await other.post.reports(events)
    pushed = await other.push(other.message(events))
    as_them = await other.push(other.message(events), to=vnpost.code)
    run = await other.post.program.get(f"/v1/partner/runs/{day}/tu")
    hook = f"/v1/partner/webhooks/{endpoint['id']}"
    strange = [
        await other.post.program.get(f"{hook}/deliveries"),
        await other.post.program.post(f"{hook}/rotate-secret"),
        await other.post.program.post(f"{hook}/replay", {"event_ids": [str(uuid.uuid4())]}),
        await other.post.program.post(f"{hook}/skip", {"event_id": str(uuid.uuid4())}),
        await town.http.patch(hook, json={"state": "paused"}, headers=other.post.program.headers),
        await town.http.delete(hook, headers=other.post.program.headers),
    ]

    assert [task["id"] for task in own] == [visit["id"]]
    assert theirs == []
    assert by_call == ["rejected"] * 5
    assert {r["reason"] for r in pushed.json()["results"]} == {"not_your_task"}
    assert as_them.status_code == 401
    assert run.status_code == 404
    assert [answer.status_code for answer in strange] == [404] * 6
    assert await status_of(hoa, visit) == "assigned"


async def test_story_24_too_many_requests_are_told_when_to_come_back(
    town: Town, vnpost: Enterprise, opened: Stores, settings: Settings
) -> None:
    strict = create_app(
        replace(settings, partner_requests_per_minute=5),
        database_url=opened.database_url,
        redis_url=opened.redis_url,
    )
    transport = httpx.ASGITransport(app=strict, raise_app_exceptions=False)
    headers = (await town.sign_in(Caller.PARTNER, scopes=SCOPES)).headers
    other = (await town.sign_in(Caller.PARTNER, scopes=SCOPES)).headers
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        answers = [await http.get("/v1/partner/changes", headers=headers) for _ in range(7)]
        somebody_else = await http.get("/v1/partner/changes", headers=other)

    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert answers[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 13
    assert answers[0].headers["ratelimit-limit"] == "5"
    assert [int(answer.headers["ratelimit-remaining"]) for answer in answers[:5]] == [4, 3, 2, 1, 0]
    assert somebody_else.status_code == 200
