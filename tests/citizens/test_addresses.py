"""Where a person is told beside their phone: shown to be theirs first, and nobody else's to see."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.citizens import addresses, devices, emails
from app.citizens.errors import CodeOfEmailNotAccepted, TooManyEmails
from app.core.database import DB
from tests.citizens.conftest import LAN, Person

MAIL = "Lan.Nguyen+motcua@example.vn"
TOKEN = "dG9rZW4tb2YtYS1kZXZpY2U"


async def challenge_of(person: Person) -> uuid.UUID:
    assert DB.pool is not None
    found: uuid.UUID = await DB.pool.fetchval(
        "SELECT id FROM email_challenge WHERE citizen_id = $1 AND ended_at IS NULL", person.id
    )
    return found


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def confirm(client: httpx.AsyncClient, person: Person, code: str) -> httpx.Response:
    return await client.post("/v1/me/email/confirmation", json={"code": code}, headers=person.headers)


async def test_an_address_is_used_once_its_code_came_back(client: httpx.AsyncClient, lan: Person) -> None:
    named = await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)
    before = await addresses.of_phone(LAN)
    confirmed = await confirm(client, lan, emails.code_of(await challenge_of(lan)))
    shown = await client.get("/v1/me/addresses", headers=lan.headers)

    assert (named.status_code, named.json()["address"]) == (202, MAIL)
    assert before.email is None
    assert confirmed.status_code == 200, confirmed.text
    assert (await addresses.of_phone(LAN)).email == MAIL
    assert shown.json()["email"] == confirmed.json()
    assert shown.headers["cache-control"] == "no-store"


async def test_the_address_of_before_stays_until_the_next_is_confirmed(
    client: httpx.AsyncClient, lan: Person
) -> None:
    await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)
    await confirm(client, lan, emails.code_of(await challenge_of(lan)))

    await client.put("/v1/me/email", json={"address": "other@example.vn"}, headers=lan.headers)

    assert (await addresses.of_phone(LAN)).email == MAIL


async def test_a_wrong_code_costs_a_try_and_five_end_it(client: httpx.AsyncClient, lan: Person) -> None:
    await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)
    code = emails.code_of(await challenge_of(lan))

    refused = [await confirm(client, lan, wrong(code)) for _ in range(emails.CODE_ATTEMPTS)]
    too_late = await confirm(client, lan, code)

    assert {each.json()["code"] for each in [*refused, too_late]} == {"email_code_not_accepted"}
    assert await emails.of_citizen(lan.id) is None


async def test_two_at_once_with_the_right_code_confirm_once(client: httpx.AsyncClient, lan: Person) -> None:
    await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)
    code = emails.code_of(await challenge_of(lan))

    answers = await asyncio.gather(*(confirm(client, lan, code) for _ in range(4)))

    assert sorted(each.status_code for each in answers) == [200, 422, 422, 422]


async def test_anothers_code_is_no_code(
    client: httpx.AsyncClient, lan: Person, make_person: Callable[[str], Awaitable[Person]]
) -> None:
    minh = await make_person("+84912345679")
    await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)

    answer = await confirm(client, minh, emails.code_of(await challenge_of(lan)))

    assert answer.status_code == 422
    assert await emails.of_citizen(minh.id) is None


async def test_nobodys_mailbox_is_filled_through_us(
    database: object,
    lan: Person,
    make_person: Callable[[str], Awaitable[Person]],
    now: datetime,
) -> None:
    minh = await make_person("+84912345679")
    for person in (lan, minh, lan):
        await emails.name(citizen_id=person.id, address=MAIL, now=now)

    with pytest.raises(TooManyEmails) as by_address:
        await emails.name(citizen_id=minh.id, address=MAIL.upper(), now=now + timedelta(minutes=59))
    await emails.name(citizen_id=minh.id, address=MAIL, now=now + timedelta(minutes=61))

    assert 0 < by_address.value.facts["retry_after"] <= 3600


async def test_a_code_of_yesterday_is_none(database: object, lan: Person, now: datetime) -> None:
    named = await emails.name(citizen_id=lan.id, address=MAIL, now=now - timedelta(days=1))

    with pytest.raises(CodeOfEmailNotAccepted):
        await emails.confirm(citizen_id=lan.id, code=emails.code_of(named.id), now=now)


async def test_giving_up_ends_what_was_confirmed_and_what_was_asked(
    client: httpx.AsyncClient, lan: Person
) -> None:
    await client.put("/v1/me/email", json={"address": MAIL}, headers=lan.headers)
    code = emails.code_of(await challenge_of(lan))

    first = await client.delete("/v1/me/email", headers=lan.headers)
    again = await client.delete("/v1/me/email", headers=lan.headers)

    assert (first.status_code, again.status_code) == (204, 204)
    assert (await confirm(client, lan, code)).status_code == 422
    assert (await client.get("/v1/me/addresses", headers=lan.headers)).json()["email"] is None


@pytest.mark.parametrize(
    "address",
    ["lan", "lan@example", "a@b.vn\r\nBcc: x@y.vn", "lan @example.vn", "a,b@example.vn", "ă@b.vn"],
)
async def test_what_is_no_address_is_refused(client: httpx.AsyncClient, lan: Person, address: str) -> None:
    answer = await client.put("/v1/me/email", json={"address": address}, headers=lan.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "email_not_valid")


async def register(client: httpx.AsyncClient, person: Person, **body: Any) -> httpx.Response:
    headers = person.headers | {"Idempotency-Key": uuid.uuid4().hex}
    return await client.post(
        "/v1/me/devices", json={"platform": "android", "token": TOKEN} | body, headers=headers
    )


async def test_a_device_seen_again_is_the_same_and_its_token_is_shown_to_nobody(
    client: httpx.AsyncClient, lan: Person
) -> None:
    first, again = await register(client, lan), await register(client, lan)
    shown = await client.get("/v1/me/addresses", headers=lan.headers)

    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    assert len(shown.json()["devices"]) == 1
    assert TOKEN not in shown.text + first.text
    assert (await addresses.of_phone(LAN)).push == (TOKEN,)


async def test_who_signs_in_last_on_a_device_is_told_there(
    client: httpx.AsyncClient, lan: Person, make_person: Callable[[str], Awaitable[Person]]
) -> None:
    minh = await make_person("+84912345679")
    await register(client, lan)
    await register(client, minh)

    assert (await addresses.of_phone(LAN)).push == ()
    assert (await addresses.of_phone(minh.phone)).push == (TOKEN,)


async def test_of_many_devices_the_one_seen_longest_ago_gives_way(
    database: object, lan: Person, now: datetime
) -> None:
    for n in range(devices.MOST_DEVICES + 2):
        at = now + timedelta(minutes=n)
        await devices.register(citizen_id=lan.id, platform="web", token=f"{TOKEN}-{n}", now=at)

    kept = (await addresses.of_phone(LAN)).push

    assert kept == tuple(f"{TOKEN}-{n}" for n in range(devices.MOST_DEVICES + 1, 1, -1))


async def test_an_app_nobody_opened_for_months_is_told_nothing(
    database: object, lan: Person, now: datetime
) -> None:
    long_ago = now - devices.FRESH - timedelta(days=1)
    await devices.register(citizen_id=lan.id, platform="ios", token=TOKEN, now=long_ago)

    assert (await addresses.of_phone(LAN)).push == ()
    assert list(await devices.of_citizen(lan.id)) == []


async def test_anothers_device_does_not_exist(
    client: httpx.AsyncClient, lan: Person, make_person: Callable[[str], Awaitable[Person]]
) -> None:
    minh = await make_person("+84912345679")
    device_id = (await register(client, lan)).json()["id"]

    theirs = await client.delete(f"/v1/me/devices/{device_id}", headers=minh.headers)
    own = await client.delete(f"/v1/me/devices/{device_id}", headers=lan.headers)

    assert (theirs.status_code, theirs.json()["code"]) == (404, "device_of_person_not_found")
    assert own.status_code == 204


@pytest.mark.parametrize("body", [{"token": "short"}, {"token": "x" * 20 + " y"}, {"platform": "fax"}])
async def test_what_is_no_device_is_refused(
    client: httpx.AsyncClient, lan: Person, body: dict[str, str]
) -> None:
    assert (await register(client, lan, **body)).status_code == 422
