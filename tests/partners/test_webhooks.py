"""A partner's webhook: changed, paused, stuck, passed over, told again; over HTTP in both directions."""

import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, post

from app.core import sandbox
from app.core.clock import machine_time
from app.core.database import DB
from app.core.later import Later
from app.http.principals import Caller
from app.servers.ports import free_port
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT, make_subscriptions
from partners.postal import feed, pushing, scopes, service_levels, signing, webhooks
from partners.postal.egress import Egress
from partners.postal.feed import Event
from partners.postal.serving import served
from tests.conftest import SignedIn, Stores
from tests.plans import looked_up

HOST = "127.0.0.1"
EGRESS = Egress(allow_private=True)
NO_TIME = timedelta()
SignIn = Callable[..., Awaitable[SignedIn]]


class Receiver:
    """A partner's endpoint that answers as told, and keeps what it heard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 204
        self.headers: dict[str, str] = {}
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.refused_kind = ""
        self.before_it_answers: Callable[[], Awaitable[Any]] | None = None

    def answer(self, body: bytes) -> int:
        is_refused = self.refused_kind and self.refused_kind in json.loads(body)["type"]
        return 422 if is_refused else self.status

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.heard]

    def versions_of(self, visit: uuid.UUID) -> list[int]:
        """Of a visit's events it heard, in order."""
        data = [json.loads(body)["data"] for _, body in self.heard]
        return [each["version"] for each in data if each.get("task_id") == str(visit)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as found:
        yield found


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    port = free_port()
    found = Receiver(f"http://{HOST}:{port}/hook")

    @post("/hook")
    async def hook(request: Request[Any, Any, Any]) -> Response[None]:
        body = await request.body()
        found.heard.append((dict(request.headers), body))
        if found.before_it_answers is not None:
            await found.before_it_answers()
        return Response(None, status_code=found.answer(body), headers=found.headers)

    app = Litestar(route_handlers=[hook], openapi_config=None, logging_config=None)
    async with served(app, host=HOST, port=port):
        yield found


class Partner:
    """A partner with an endpoint at the receiver."""

    def __init__(self, http: httpx.AsyncClient, signed_in: SignedIn) -> None:
        self.http = http
        self.id = signed_in.principal.id
        self.headers = signed_in.headers
        self.hook: dict[str, Any] = {}

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        sent = {} if body is None else {"json": body}
        return await self.http.request(method, f"/v1/partner/webhooks{path}", headers=self.headers, **sent)

    async def own(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.ask(method, f"/{self.hook['id']}{path}", body)

    async def shown(self) -> dict[str, Any]:
        items: list[dict[str, Any]] = (await self.ask("GET", "")).json()["items"]
        return items[0]

    async def event(self, subject: str, now: datetime) -> Event:
        event = await feed.publish(
            partner_id=self.id,
            fact_key=uuid.uuid4().hex,
            kind="home_visit.assigned",
            subject=subject,
            data={"task_id": subject},
            at=now,
        )
        assert event is not None
        return event


@pytest.fixture
async def partner(client: httpx.AsyncClient, sign_in: SignIn, receiver: Receiver) -> Partner:
    assert DB.pool is not None
    scope = frozenset({scopes.WEBHOOK_MANAGE, scopes.VISITS_READ})
    found = Partner(client, await sign_in(Caller.PARTNER, scopes=scope))
    await DB.pool.execute(
        "INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
        " VALUES ($1, 'vnpost', 'a', 'a', now())",
        found.id,
    )
    found.hook = (await found.ask("POST", "", {"url": receiver.url})).json()
    return found


async def push(
    event: Event, now: datetime, *, after: timedelta = NO_TIME, has_row: bool = True
) -> timedelta | None:
    """One attempt, so much later; after how long the next is due."""
    at = machine_time() + after
    try:
        await pushing.push(event, egress=EGRESS, now=now + after, signed_at=at, has_row=has_row)
    except Later as later:
        return later.after
    return None


async def test_what_is_not_taken_is_seen_and_the_pauses_grow(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 500

    pauses = [await push(event, now), await push(event, now), await push(event, now)]

    low = [timedelta(seconds=4), timedelta(minutes=4), timedelta(minutes=26)]
    high = [timedelta(seconds=6), timedelta(minutes=6), timedelta(minutes=34)]
    assert all(a <= p <= b for a, p, b in zip(low, pauses, high, strict=True) if p is not None)
    assert None not in pauses
    stuck = (await partner.shown())["stuck"]
    assert (stuck["event_id"], stuck["attempts"], stuck["last_outcome"]) == (str(event.id), 3, "refused")
    assert receiver.ids == [str(event.id)] * 3

    receiver.status = 200
    assert await push(event, now) is None
    assert "stuck" not in await partner.shown()


@pytest.mark.parametrize(
    "odd", ["https://hooks..example.vn/x", f"https://{'a' * 64}.vn/x", "http://127.0.0.1/x\x01"]
)
async def test_an_address_no_request_can_be_made_of_keeps_nothing_from_the_other_endpoints(
    partner: Partner, receiver: Receiver, now: datetime, odd: str
) -> None:
    """It is refused when it is named; one that is there from before is blocked, and seen."""
    assert DB.pool is not None
    assert (await partner.ask("POST", "", {"url": odd})).json()["code"] == "url_not_allowed"
    await DB.pool.execute("UPDATE webhook_endpoint SET url = $1", odd)
    event = await partner.event("visit-1", now)

    async with listening() as healthy:
        await partner.ask("POST", "", {"url": healthy.url})
        assert await push(event, now) is not None
        assert healthy.ids == [str(event.id)]

    attempts = (await partner.own("GET", "/deliveries")).json()["items"]
    assert [attempt["outcome"] for attempt in attempts] == ["blocked"]


@pytest.mark.parametrize("real", [True, False])
async def test_an_event_says_by_webhook_and_in_the_feed_whether_it_is_real(
    partner: Partner, receiver: Receiver, now: datetime, *, real: bool
) -> None:
    sandbox.enter(sandbox=not real)
    try:
        event = await partner.event("visit-1", now)
        await push(event, now)
    finally:
        sandbox.enter(sandbox=False)

    listed = await partner.http.get("/v1/partner/changes", headers=partner.headers)
    [(_, pushed)] = receiver.heard
    assert json.loads(pushed)["livemode"] is real
    assert [item["event"]["livemode"] for item in listed.json()["items"]] == [real]


async def test_an_endpoint_that_asks_for_time_is_given_it(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status, receiver.headers = 429, {"Retry-After": "900"}

    assert await push(event, now) == timedelta(minutes=15)


async def test_an_event_that_is_passed_over_is_owed_no_longer(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 422
    await push(event, now)

    answers = [await partner.own("POST", "/skip", {"event_id": str(event.id)}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert await push(event, now) is None
    assert len(receiver.heard) == 1
    assert "stuck" not in await partner.shown()
    attempts = (await partner.own("GET", "/deliveries")).json()["items"]
    assert [attempt["outcome"] for attempt in attempts] == ["skipped", "refused"]
    unknown = await partner.own("POST", "/skip", {"event_id": str(uuid.uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "event_not_found")


async def test_events_are_told_again_in_order_under_their_own_ids(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any
) -> None:
    early, late = now - timedelta(hours=2), now
    events = [
        await partner.event("visit-1", early),
        await partner.event("visit-2", late),
        await partner.event("visit-1", late),
    ]
    for event in events:
        assert await push(event, now) is None
    receiver.heard.clear()

    by_ids = await partner.own("POST", "/replay", {"event_ids": [str(e.id) for e in events[:2]]})
    by_time = await partner.own(
        "POST",
        "/replay",
        {
            "from": (now - timedelta(hours=3)).isoformat(),
            "to": (now - timedelta(hours=1)).isoformat(),
        },
    )
    async with make_subscriptions(settings) as subscriptions:
        drainer = Drainer(subscriptions, silent=SILENT)
        await drainer.drain()
        await drainer.drain()

    assert (by_ids.status_code, by_ids.json()["events"]) == (202, 2)
    assert (by_time.status_code, by_time.json()["events"]) == (202, 1)
    assert receiver.ids == [str(events[0].id), str(events[1].id), str(events[0].id)]
    attempts = (await partner.own("GET", "/deliveries")).json()["items"]
    replayed = [attempt["replay_id"] for attempt in attempts if attempt["replay_id"]]
    assert sorted(replayed) == sorted([by_ids.json()["replay_id"]] * 2 + [by_time.json()["replay_id"]])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"from": "2026-11-27T08:00:00+07:00"},
        {"from": "2026-11-27T08:00:00+07:00", "to": "2026-11-27T07:00:00+07:00"},
        {"event_ids": [str(uuid.uuid4())], "from": "2026-11-27T08:00:00+07:00"},
        {"event_ids": []},
    ],
)
async def test_a_replay_of_nothing_clear_is_refused(partner: Partner, asked: dict[str, Any]) -> None:
    answer = await partner.own("POST", "/replay", asked)

    assert answer.status_code == 422


async def test_a_paused_endpoint_hears_nothing_and_catches_up_when_it_asks(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any
) -> None:
    paused = await partner.own("PATCH", "", {"state": "paused"})
    event = await partner.event("visit-1", now)

    assert (paused.status_code, paused.json()["state"], paused.headers["etag"]) == (200, "paused", '"2"')
    assert await push(event, now) is None
    assert receiver.heard == []
    refused = await partner.own("POST", "/replay", {"event_ids": [str(event.id)]})
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_not_active")

    async with listening() as moved:
        await partner.own("PATCH", "", {"state": "active", "url": moved.url})
        await partner.own("POST", "/replay", {"event_ids": [str(event.id)]})
        async with make_subscriptions(settings) as subscriptions:
            await Drainer(subscriptions, silent=SILENT).drain()
        assert moved.ids == [str(event.id)]
    assert receiver.heard == []


async def test_an_endpoint_that_failed_for_five_days_is_paused_and_one_that_is_gone_ends(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 500
    await push(event, now)
    await push(event, now + timedelta(days=4))
    assert (await partner.shown())["state"] == "active"

    await push(event, now + timedelta(days=5, minutes=1))
    assert (await partner.shown())["state"] == "paused"

    await partner.own("PATCH", "", {"state": "active"})
    receiver.status = 410
    assert await push(event, now + timedelta(days=6)) is None
    assert (await partner.ask("GET", "")).json()["items"] == []
    assert (await partner.own("PATCH", "", {"state": "active"})).status_code == 404


async def test_an_endpoint_made_active_again_has_five_days_again(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """Its first failure is not the one too many: whoever mends something has time to see that it works."""
    event = await partner.event("visit-1", now)
    receiver.status = 500
    await push(event, now - timedelta(days=6))
    await push(event, now - timedelta(minutes=1))
    assert (await partner.shown())["state"] == "paused"

    await partner.own("PATCH", "", {"state": "active"})
    await push(event, now + timedelta(minutes=1))
    assert (await partner.shown())["state"] == "active"

    await push(event, now + timedelta(days=5, minutes=2))
    assert (await partner.shown())["state"] == "paused"


async def test_an_endpoint_that_moved_has_five_days_there(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 500
    await push(event, now - timedelta(days=4))

    await partner.own("PATCH", "", {"url": receiver.url})
    await push(event, now + timedelta(days=2))
    await push(event, now + timedelta(days=6))
    assert (await partner.shown())["state"] == "active"

    await push(event, now + timedelta(days=7, minutes=1))
    assert (await partner.shown())["state"] == "paused"


async def test_what_was_passed_over_does_not_begin_the_five_days(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """A partner that passes an event over says so; it has not failed."""
    early, late = await partner.event("visit-1", now), await partner.event("visit-2", now)
    assert (await partner.own("POST", "/skip", {"event_id": str(early.id)})).status_code == 204
    receiver.status = 500

    await push(late, now + timedelta(days=6))
    assert (await partner.shown())["state"] == "active"

    await push(late, now + timedelta(days=11, minutes=1))
    assert (await partner.shown())["state"] == "paused"


async def test_what_was_taken_begins_the_five_days_anew(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 500
    await push(event, now)
    receiver.status = 204
    await push(await partner.event("visit-2", now), now + timedelta(days=3))
    receiver.status = 500

    await push(event, now + timedelta(days=6))
    await push(event, now + timedelta(days=10))
    assert (await partner.shown())["state"] == "active"

    await push(event, now + timedelta(days=11, minutes=1))
    assert (await partner.shown())["state"] == "paused"


async def test_an_event_that_is_told_no_more_is_not_stuck(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """The outbox gives it up after five days, and what waited behind it goes."""
    given_up, told = now - timedelta(days=5, minutes=1), now - timedelta(days=4)
    receiver.status = 422
    await push(await partner.event("visit-1", given_up), now - timedelta(days=1))
    assert "stuck" not in await partner.shown()

    later = await partner.event("visit-2", told)
    await push(later, now)
    assert (await partner.shown())["stuck"]["event_id"] == str(later.id)


HISTORY = """
WITH event AS (
    INSERT INTO partner_event (id, partner_id, seq, fact_key, type, subject, subject_seq, body, at)
    SELECT gen_random_uuid(), $2, 1000 + n, gen_random_uuid()::text, 'home_visit.assigned', 'visit:' || n,
           1, '{}', now() - interval '60 days'
      FROM generate_series($3::int + 1, $3 + $1) n
    RETURNING id, seq, at)
INSERT INTO webhook_delivery (id, endpoint_id, event_id, at, took_ms, outcome)
SELECT gen_random_uuid(), $4, id, at + made.n * interval '1 minute', 1, outcome
  FROM event, unnest('{refused,delivered}'::text[]) WITH ORDINALITY AS made (outcome, n)
"""
ASKED = {
    "given up": (pushing.GIVEN_UP, "('{endpoint}', now() - interval '5 days')"),
    "stuck": (webhooks.STUCK, "('{{{endpoint}}}', now() - interval '5 days')"),
    "listed": (webhooks.LISTED, "('{endpoint}', '{middle}', 20)"),
    "levels": (service_levels.WEBHOOKS, "('{partner}', now() - interval '1 day', now())"),
}


@pytest.mark.parametrize("name", list(ASKED))
async def test_what_was_told_long_ago_is_not_read(partner: Partner, database: Stores, name: str) -> None:
    """Ten times the history of an endpoint touches as many pages."""
    assert DB.pool is not None
    statement, arguments = ASKED[name]
    endpoint = uuid.UUID(partner.hook["id"])
    given = arguments.format(endpoint=endpoint, partner=partner.id, middle=uuid.UUID(int=1 << 127))
    tables = ("partner_event", "webhook_delivery")
    await DB.pool.execute(HISTORY, 500, partner.id, 0, endpoint)
    little, _ = await looked_up(database.database_url, statement, given, tables=tables, for_any=False)
    await DB.pool.execute(HISTORY, 4_500, partner.id, 500, endpoint)

    much, whole = await looked_up(database.database_url, statement, given, tables=tables, for_any=False)

    # How many endpoints there are is the partners' affair, and does not grow.
    assert set(whole) <= {"webhook_endpoint"}
    assert much <= 2 * little + 50


async def test_during_a_rotation_both_secrets_sign(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    rotated = (await partner.own("POST", "/rotate-secret")).json()

    await push(await partner.event("visit-1", now), now)
    await push(await partner.event("visit-2", now), now + timedelta(hours=25))

    both, one = receiver.heard
    for secret in (partner.hook["secret"], rotated["secret"]):
        signing.verify(known_secrets=[secret], body=both[1], received=both[0], now=machine_time())
    assert [len(headers["webhook-signature"].split()) for headers, _ in (both, one)] == [2, 1]


async def test_attempts_are_listed_page_by_page(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 500
    for _ in range(3):
        await push(event, now)

    first = (await partner.own("GET", "/deliveries?limit=2")).json()
    second = (await partner.own("GET", f"/deliveries?limit=2&cursor={first['next_cursor']}")).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert len(ids) == len(set(ids)) == 3
    assert second["next_cursor"] is None
