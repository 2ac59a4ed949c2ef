"""Item numbers: a stock a partner gives; each is bound once, and running out is told."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local_date
from app.core.database import DB
from app.custody.s10 import check_digit
from app.http.principals import Caller
from partners.postal import feed, item_numbers, scopes
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]


def numbers(n: int, *, start: int = 0) -> list[str]:
    serials = [f"{serial:08d}" for serial in range(start, start + n)]
    return [f"EM{serial}{check_digit(serial)}VN" for serial in serials]


@pytest.fixture
async def vnpost(client: httpx.AsyncClient, sign_in: SignIn) -> SignedIn:
    assert DB.pool is not None
    found = await sign_in(Caller.PARTNER, scopes=frozenset({scopes.COURIERS_WRITE, scopes.VISITS_READ}))
    await DB.pool.execute(
        "INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
        " VALUES ($1, 'vnpost', 'a', 'a', now())",
        found.principal.id,
    )
    return found


@pytest.fixture
def today(now: datetime) -> date:
    return local_date(now)


async def given(
    client: httpx.AsyncClient, who: SignedIn, texts: list[str], *, valid_to: date
) -> list[tuple[str, str]]:
    answer = await client.post(
        "/v1/partner/item-numbers",
        json={"numbers": texts, "valid_to": valid_to.isoformat()},
        headers=who.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 200, answer.text
    return [(result["number"], result["outcome"]) for result in answer.json()["results"]]


async def stock(client: httpx.AsyncClient, who: SignedIn) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/v1/partner/item-numbers", headers=who.headers)).json()
    return found


async def test_numbers_are_read_as_they_are_written_and_each_is_told_what_became_of_it(
    client: httpx.AsyncClient, vnpost: SignedIn, sign_in: SignIn, today: date
) -> None:
    other = await sign_in(Caller.PARTNER, scopes=frozenset({scopes.COURIERS_WRITE}))
    texts = ["rr 47312482 9 vn", "EJ012345678VN", "NIEM-1", "RR473124829VN"]

    assert await given(client, vnpost, texts, valid_to=today) == [
        ("RR473124829VN", "taken"),
        ("EJ012345678VN", "wrong_check_digit"),
        ("NIEM-1", "not_an_item_number"),
        ("RR473124829VN", "duplicate"),
    ]
    assert await given(client, other, texts[:1], valid_to=today) == [("RR473124829VN", "duplicate")]
    assert await stock(client, vnpost) == {"free": 1, "bound": 0, "expired": 0}


async def test_fifty_visits_at_once_get_fifty_numbers_and_keep_them(
    client: httpx.AsyncClient, vnpost: SignedIn, now: datetime, today: date
) -> None:
    await given(client, vnpost, numbers(60), valid_to=today)
    visits = [uuid.uuid4() for _ in range(50)]

    async def bound() -> list[str | None]:
        return await asyncio.gather(
            *(
                item_numbers.bind(partner_id=vnpost.principal.id, home_visit_id=visit, now=now)
                for visit in visits
            )
        )

    first, again = await bound(), await bound()

    assert len(set(first)) == 50
    assert None not in first
    assert again == first
    assert await stock(client, vnpost) == {"free": 10, "bound": 50, "expired": 0}
    path = f"/v1/partner/tasks/{visits[0]}/item-number"
    assert (await client.get(path, headers=vnpost.headers)).json() == {"number": first[0]}


async def test_a_visit_of_another_partner_has_no_number_to_show(
    client: httpx.AsyncClient, vnpost: SignedIn, sign_in: SignIn, now: datetime, today: date
) -> None:
    await given(client, vnpost, numbers(1), valid_to=today)
    visit = uuid.uuid4()
    await item_numbers.bind(partner_id=vnpost.principal.id, home_visit_id=visit, now=now)
    stranger = await sign_in(Caller.PARTNER, scopes=frozenset({scopes.VISITS_READ}))

    answer = await client.get(f"/v1/partner/tasks/{visit}/item-number", headers=stranger.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "item_number_not_found")


async def test_running_low_and_out_is_told_once_a_day_and_visits_go_on(
    client: httpx.AsyncClient, vnpost: SignedIn, now: datetime, today: date
) -> None:
    partner = vnpost.principal.id
    await given(client, vnpost, numbers(item_numbers.LOW + 2), valid_to=today)
    await given(client, vnpost, numbers(5, start=500), valid_to=today - timedelta(days=1))

    got = [
        await item_numbers.for_visit(partner, uuid.uuid4(), now=now) for _ in range(item_numbers.LOW + 4)
    ]

    assert [item.number is None for item in got] == [False] * (item_numbers.LOW + 2) + [True] * 2
    told = [event.type for event in await feed.after(partner, 0, limit=100)]
    assert told == ["vn.motcua.item_numbers.low", "vn.motcua.item_numbers.exhausted"]
    assert await stock(client, vnpost) == {"free": 0, "bound": item_numbers.LOW + 2, "expired": 5}


async def test_a_partner_that_gives_no_numbers_is_told_nothing(vnpost: SignedIn, now: datetime) -> None:
    assert await item_numbers.for_visit(vnpost.principal.id, uuid.uuid4(), now=now) == (None, None)
    assert await feed.after(vnpost.principal.id, 0, limit=10) == []
