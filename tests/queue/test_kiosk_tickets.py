"""A kiosk that asks again prints the same number; a new person is a new number."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.core.database import fetch_value
from app.http.principals import Caller
from tests.conftest import SignedIn
from tests.queue.conftest import Hall

SignIn = Callable[..., Awaitable[SignedIn]]


@pytest.fixture
async def kiosk(sign_in: SignIn, open_hall: Hall) -> SignedIn:
    return await sign_in(Caller.DEVICE, centre_id=open_hall.centre_id)


async def print_one(
    client: httpx.AsyncClient, kiosk: SignedIn, hall: Hall, key: str | None
) -> httpx.Response:
    headers = kiosk.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post("/v1/device/tickets", json={"procedures": [hall.code]}, headers=headers)


async def tickets() -> int:
    return int(await fetch_value("SELECT count(*) FROM ticket"))


async def test_one_key_pressed_eight_times_at_once_prints_one_ticket(
    client: httpx.AsyncClient, kiosk: SignedIn, hall: Hall
) -> None:
    key = uuid.uuid4().hex

    answers = await asyncio.gather(*(print_one(client, kiosk, hall, key) for _ in range(8)))
    after = await print_one(client, kiosk, hall, key)

    assert {answer.status_code for answer in answers} <= {201, 409}
    still_running = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["code"] for answer in still_running} <= {"request_in_progress"}
    printed = [answer.json() for answer in answers if answer.status_code == 201]
    assert printed
    assert all(ticket == after.json() for ticket in printed)
    assert after.headers["Idempotent-Replayed"] == "true"
    assert await tickets() == 1


async def test_another_key_is_another_ticket(
    client: httpx.AsyncClient, kiosk: SignedIn, hall: Hall
) -> None:
    answers = await asyncio.gather(*(print_one(client, kiosk, hall, uuid.uuid4().hex) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 8
    assert await tickets() == 8


async def test_two_kiosks_may_use_the_same_key(
    client: httpx.AsyncClient, sign_in: SignIn, kiosk: SignedIn, hall: Hall
) -> None:
    other = await sign_in(Caller.DEVICE, centre_id=hall.centre_id)

    first = await print_one(client, kiosk, hall, "press-1")
    second = await print_one(client, other, hall, "press-1")

    assert first.json()["number"] != second.json()["number"]


async def test_without_a_key_nothing_is_printed(
    client: httpx.AsyncClient, kiosk: SignedIn, hall: Hall
) -> None:
    answer = await print_one(client, kiosk, hall, None)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert await tickets() == 0
