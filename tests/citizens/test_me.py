"""A person's own account: what may be chosen, and by whom."""

from typing import Any

import httpx
import pytest

from app.core.database import DB
from app.http.principals import Caller
from tests.citizens.conftest import LAN, Person


async def test_lan_has_chosen_nothing_at_first(client: httpx.AsyncClient, lan: Person) -> None:
    answer = await client.get("/v1/me", headers=lan.headers)

    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"0"'
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found.pop("created_at").endswith("+07:00")
    assert found == {
        "id": str(lan.id),
        "phone": LAN,
        "language": None,
        "channel": "sms",
        "quiet_hours": None,
        "surveys": True,
    }


async def test_what_is_not_named_stays(client: httpx.AsyncClient, lan: Person) -> None:
    quiet = {"starts": "22:00", "ends": "07:15"}
    first = await client.patch(
        "/v1/me", json={"language": "en", "quiet_hours": quiet}, headers=lan.headers | {"If-Match": '"0"'}
    )
    second = await client.patch(
        "/v1/me",
        json={"channel": "none", "surveys": False},
        headers=lan.headers | {"If-Match": first.headers["etag"]},
    )
    third = await client.patch(
        "/v1/me", json={"language": None, "quiet_hours": None}, headers=lan.headers | {"If-Match": '"2"'}
    )

    assert [each.status_code for each in (first, second, third)] == [200, 200, 200], third.text
    found = second.json()
    assert (found["language"], found["quiet_hours"], found["channel"], found["surveys"]) == (
        "en",
        quiet,
        "none",
        False,
    )
    assert (third.json()["language"], third.json()["quiet_hours"], third.json()["channel"]) == (
        None,
        None,
        "none",
    )
    assert third.headers["etag"] == '"3"'
    assert (await client.get("/v1/me", headers=lan.headers)).json() == third.json()


async def test_the_same_again_changes_nothing(client: httpx.AsyncClient, lan: Person) -> None:
    headers = lan.headers | {"If-Match": '"0"'}

    answer = await client.patch("/v1/me", json={"channel": "sms"}, headers=headers)

    assert (answer.status_code, answer.headers["etag"]) == (200, '"0"')
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM citizen_preference") == 0


async def test_a_change_says_which_version_it_saw(client: httpx.AsyncClient, lan: Person) -> None:
    body = {"language": "en"}
    without = await client.patch("/v1/me", json=body, headers=lan.headers)
    await client.patch("/v1/me", json=body, headers=lan.headers | {"If-Match": '"0"'})
    stale = await client.patch(
        "/v1/me", json={"channel": "none"}, headers=lan.headers | {"If-Match": '"0"'}
    )

    assert (without.status_code, stale.status_code) == (428, 412)
    assert (await client.get("/v1/me", headers=lan.headers)).json()["channel"] == "sms"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"language": "fr"}, "invalid_value"),
        ({"channel": "fax"}, "invalid_value"),
        ({"channel": None}, "invalid_value"),
        ({"phone": "0912 345 679"}, "invalid_value"),
        ({"quiet_hours": {"starts": "22:00"}}, "invalid_value"),
        ({"quiet_hours": {"starts": "24:00", "ends": "06:00"}}, "invalid_value"),
        ({"quiet_hours": {"starts": "22:00\n", "ends": "06:00"}}, "invalid_value"),
        ({"quiet_hours": {"starts": "22:00", "ends": "22:00"}}, "quiet_hours_not_valid"),
        ({"quiet_hours": {"starts": "07:00", "ends": "23:01"}}, "quiet_hours_not_valid"),
    ],
)
async def test_a_wrong_choice_changes_nothing(
    client: httpx.AsyncClient, lan: Person, body: dict[str, Any], code: str
) -> None:
    answer = await client.patch(
        "/v1/me", json=body, headers=lan.headers | {"If-Match": '"0"', "Accept-Language": "en"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get("/v1/me", headers=lan.headers)).headers["etag"] == '"0"'


async def test_whoever_has_no_account_here_has_none_to_read(
    client: httpx.AsyncClient, sign_in: Any
) -> None:
    stranger = await sign_in(Caller.CITIZEN)

    answers = [
        await client.get("/v1/me", headers=stranger.headers),
        await client.patch("/v1/me", json={}, headers=stranger.headers | {"If-Match": '"0"'}),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "account_not_found")] * 2
