"""The same over HTTP: an offer comes as a held appointment, and is confirmed like any other."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.appointments import operations
from app.core.clock import at_local, current_time, local, local_date
from app.core.database import DB
from app.core.outbox import decode
from app.http.principals import Caller
from jobs.subscriptions import BRINGS_PLACES
from tests.appointments.conftest import COPIES, Place, Publish, drift
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]


def keyed(person: SignedIn) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": uuid.uuid4().hex}


def wish(place: Place, **more: object) -> dict[str, Any]:
    return {
        "centre_id": str(place.centre_id),
        "items": [{"procedure": COPIES, "quantity": 1}],
        "from": local(place.opens).isoformat(),
        "to": local(place.opens + timedelta(hours=3)).isoformat(),
    } | more


async def hear() -> int:
    """Do what the listeners of the waiting list do, at ten in the morning: how many offers."""
    assert DB.pool is not None
    morning = at_local(local_date(current_time()), 10)
    made = 0
    for row in await DB.pool.fetch("SELECT kind, payload FROM outbox ORDER BY seq"):
        fact: Any = decode(row["kind"], row["payload"])
        if type(fact) in BRINGS_PLACES:
            start, end = BRINGS_PLACES[type(fact)](fact)
            made += await operations.offer_places(
                centre_id=fact.centre_id, start=start, end=end, now=morning
            )
    return made


async def test_lan_waits_is_offered_a_place_and_takes_it(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=1, grains=1)
    lan, minh = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    booking = {
        "centre_id": str(place.centre_id),
        "starts_at": local(place.opens).isoformat(),
        "items": [{"procedure": COPIES}],
    }
    taken = await client.post("/v1/appointments", json=booking, headers=keyed(minh))
    minhs = f"/v1/appointments/{taken.json()['id']}"
    await client.post(f"{minhs}/confirm", json={}, headers=keyed(minh))

    key = keyed(lan)
    joined = await client.post("/v1/waitlist", json=wish(place), headers=key)
    replay = await client.post("/v1/waitlist", json=wish(place), headers=key)
    again = await client.post("/v1/waitlist", json=wish(place), headers=keyed(lan))

    assert joined.status_code == 201, joined.text
    assert joined.headers["etag"] == '"1"'
    assert (joined.json()["status"], joined.json()["appointment_id"]) == ("waiting", None)
    assert joined.json()["from"] == wish(place)["from"]
    assert (replay.json(), replay.headers["idempotent-replayed"]) == (joined.json(), "true")
    assert (again.status_code, again.json()["code"]) == (409, "waitlist_overlap")
    assert again.json()["entry_id"] == joined.json()["id"]
    assert await hear() == 0

    await client.post(f"{minhs}/cancel", json={}, headers=minh.headers)
    assert await hear() == 1
    assert await hear() == 0

    listed = await client.get("/v1/waitlist", headers=lan.headers)
    (entry,) = listed.json()["items"]
    held = await client.get(f"/v1/appointments/{entry['appointment_id']}", headers=lan.headers)
    assert entry["status"] == "offered"
    assert held.json()["status"] == "held"
    assert held.json()["hold_expires_at"] == entry["offer_expires_at"]

    confirmed = await client.post(
        f"/v1/appointments/{entry['appointment_id']}/confirm", json={}, headers=keyed(lan)
    )
    assert confirmed.status_code == 200
    listed = await client.get("/v1/waitlist", headers=lan.headers)
    assert listed.json()["items"][0]["status"] == "taken"
    assert await drift() == []


async def test_an_opening_serves_who_waits_for_it_before_anybody_asks(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    lan = await sign_in(Caller.CITIZEN)
    await client.post("/v1/waitlist", json=wish(place), headers=keyed(lan))
    await publish(counters=1, grains=1)

    assert await hear() == 1


async def test_leaving_is_said_once_and_anybody_elses_entry_does_not_exist(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    lan, eve = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    joined = await client.post("/v1/waitlist", json=wish(place), headers=keyed(lan))
    path = f"/v1/waitlist/{joined.json()['id']}"

    foreign = await client.delete(path, headers=eve.headers)
    answers = [await client.delete(path, headers=lan.headers) for _ in range(2)]

    assert (foreign.status_code, foreign.json()["code"]) == (404, "waitlist_entry_not_found")
    assert [answer.status_code for answer in answers] == [204, 204]
    assert (await client.get("/v1/waitlist", headers=eve.headers)).json()["items"] == []
    listed = await client.get("/v1/waitlist", headers=lan.headers)
    assert [item["status"] for item in listed.json()["items"]] == ["withdrawn"]


async def test_pages_of_the_list_follow_one_another(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    lan = await sign_in(Caller.CITIZEN)
    ids = []
    for n in range(3):
        start = place.opens + n * timedelta(hours=3)
        window = {
            "from": local(start).isoformat(),
            "to": local(start + timedelta(hours=3)).isoformat(),
        }
        joined = await client.post("/v1/waitlist", json=wish(place, **window), headers=keyed(lan))
        ids.append(joined.json()["id"])

    first = (await client.get("/v1/waitlist?limit=2", headers=lan.headers)).json()
    second = (
        await client.get(
            "/v1/waitlist",
            params={"limit": 2, "cursor": first["next_cursor"]},
            headers=lan.headers,
        )
    ).json()

    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "2026-01-01T08:00:00+07:00"}, "waiting_window_not_valid"),
        ({"items": [{"procedure": "9.9"}]}, "procedure_not_offered"),
        ({"contact": {"name": "Lan", "phone": "0912"}}, None),
        ({"from": "2026-12-01T08:00:00"}, None),
        ({"extra": 1}, None),
    ],
)
async def test_what_cannot_be_waited_for_is_422(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    change: dict[str, object],
    code: str | None,
) -> None:
    lan = await sign_in(Caller.CITIZEN)

    answer = await client.post("/v1/waitlist", json=wish(place, **change), headers=keyed(lan))

    assert answer.status_code == 422
    assert code is None or answer.json()["code"] == code


async def test_an_unknown_centre_is_404(client: httpx.AsyncClient, sign_in: SignIn, place: Place) -> None:
    lan = await sign_in(Caller.CITIZEN)
    asked = wish(place, centre_id=str(uuid.uuid4()))

    answer = await client.post("/v1/waitlist", json=asked, headers=keyed(lan))

    assert answer.status_code == 404
