"""Servers die under load: nothing acknowledged is lost, nobody sees a 500, the same processes go on."""

import asyncio
import random
import uuid

import httpx
import pytest

from app.sample.seed import DEMO_CENTRE_ID
from tests.faults.conftest import House, until

pytestmark = pytest.mark.faults

CLIENTS = 10
OPEN_WORK = (
    "SELECT (SELECT count(*) FROM outbox_work WHERE state IN ('ready', 'claimed'))"
    " + (SELECT count(*) FROM outbox WHERE state = 'ready')"
)


class Load:
    """Clients that hold and confirm, and remember every answer."""

    def __init__(self, house: House, people: list[dict[str, str]], starts: list[str]) -> None:
        self.house, self.people, self.starts = house, people, starts
        self.statuses: list[int] = []
        self.without_retry_after = 0
        self.cut = 0
        self.acknowledged: list[tuple[dict[str, str], str, str, bytes]] = []
        self.stop = asyncio.Event()

    async def client(self) -> None:
        while not self.stop.is_set() and self.people:
            headers, starts_at = self.people.pop(), random.choice(self.starts)
            key = str(uuid.uuid4())
            held = await self._noted(self.house.hold(headers, starts_at, key))
            if held is None or held.status_code == 503:
                # Asks again when told to, as a client should; an outage uses nobody up.
                self.people.insert(0, headers)
                await asyncio.sleep(float(held.headers.get("retry-after", 0)) if held is not None else 0)
                continue
            if held.status_code != 201:
                continue
            self.acknowledged.append((headers, starts_at, key, held.content))
            await self._noted(self.house.confirm(headers, held.json()["id"], str(uuid.uuid4())))

    async def _noted(self, asked: object) -> httpx.Response | None:
        try:
            answer: httpx.Response = await asked  # type: ignore[misc]
        except httpx.TransportError:
            self.cut += 1
            return None
        self.statuses.append(answer.status_code)
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            self.without_retry_after += 1
        return answer


async def test_postgresql_restarts_under_load_and_nothing_acknowledged_is_lost(
    house: House,
) -> None:
    load = Load(house, await house.citizens(400), await house.starts())
    pid = house.worker.process.pid
    assert house.servers.postgres is not None
    clients = [asyncio.create_task(load.client()) for _ in range(CLIENTS)]

    async def acknowledged(at_least: int) -> bool:
        return len(load.acknowledged) >= at_least

    await until("load before", lambda: acknowledged(25))
    await house.servers.postgres.restart_immediately()
    before = len(load.acknowledged)
    await until("load after", lambda: acknowledged(before + 25))
    load.stop.set()
    await asyncio.gather(*clients)

    assert set(load.statuses) <= {200, 201, 409, 422, 503}, sorted(set(load.statuses))
    assert load.without_retry_after == 0
    for headers, starts_at, key, body in load.acknowledged:
        replayed = await house.hold(headers, starts_at, key)
        assert replayed.headers.get("idempotent-replayed") == "true"
        assert replayed.content == body

    async def drained() -> bool:
        return await house.sql(OPEN_WORK) == 0

    await until("the outbox to be drained", drained)
    assert house.worker.process.pid == pid
    assert not house.worker.ended
    owed = await house.sql("SELECT count(*) FROM message")
    assert owed > 0
    assert len(house.phones.mailbox.all()) >= owed


async def test_booking_calling_and_messages_go_on_without_redis(house: House) -> None:
    assert house.servers.redis is not None
    [lan] = await house.citizens(1)
    starts_at = (await house.starts())[0]
    before = len(house.phones.mailbox.all())
    await house.servers.redis.kill(emptied=True)
    try:
        held = await house.hold(lan, starts_at, str(uuid.uuid4()))
        assert held.status_code == 201, held.text
        confirmed = await house.confirm(lan, held.json()["id"], str(uuid.uuid4()))
        assert confirmed.status_code == 200, confirmed.text
        await _minh_calls(house)

        async def sent() -> bool:
            return any(
                held.json()["reference"] in message.body for message in house.phones.mailbox.all()[before:]
            )

        await until("the SMS without Redis", sent)
    finally:
        await house.servers.redis.start()
    assert not house.worker.ended
    assert (await house.http.get("/readyz")).status_code == 200


async def _minh_calls(house: House) -> None:
    signed_in = await house.http.post("/v1/auth/staff", json={"username": "minh", "password": "demo-minh"})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    ticket = await house.http.post("/v1/staff/tickets", headers=headers, json={"procedures": ["2.000815"]})
    assert ticket.status_code == 201, ticket.text
    counters = await house.http.get(
        "/v1/staff/counters", headers=headers, params={"pool": ticket.json()["pool_id"]}
    )
    counter = counters.json()["items"][0]["id"]
    opened = await house.http.post(f"/v1/staff/counters/{counter}/open", headers=headers)
    called = await house.http.post(f"/v1/staff/counters/{counter}/next", headers=headers)
    assert (opened.status_code, called.status_code) == (200, 200), called.text


async def test_a_hold_is_gone_after_its_time_with_the_worker_stopped(house: House) -> None:
    lan, minh = await house.citizens(2)
    starts_at = (await house.starts())[-1]
    house.worker.process.terminate()
    await house.worker.process.wait()
    seats = await _seats(house, starts_at)
    held = await house.hold(lan, starts_at, str(uuid.uuid4()))
    assert await _seats(house, starts_at) == seats - 1

    await house.sql(
        "UPDATE appointment SET hold_expires_at = now() - interval '1 second' WHERE id = $1",
        uuid.UUID(held.json()["id"]),
    )

    assert await _seats(house, starts_at) == seats
    refused = await house.confirm(lan, held.json()["id"], str(uuid.uuid4()))
    assert (refused.status_code, refused.json()["code"]) == (410, "hold_expired")
    assert (await house.hold(minh, starts_at, str(uuid.uuid4()))).status_code == 201


async def _seats(house: House, starts_at: str) -> int:
    answer = await house.http.get(
        "/v1/availability",
        params={
            "centre": str(DEMO_CENTRE_ID),
            "procedure": "2.000815",
            "from": starts_at[:10],
            "to": starts_at[:10],
        },
    )
    slots = [slot for day in answer.json()["days"] for slot in day["slots"]]
    return next((slot["seats"] for slot in slots if slot["starts_at"] == starts_at), 0)
