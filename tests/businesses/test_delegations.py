"""Who may act for whom: noted at a counter, granted by a representative, revoked by either side."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.core.database import DB
from tests.businesses.conftest import (
    ACCOUNTANT,
    COMPANY,
    OTHER_COMPANY,
    STRANGER,
    WRONG_DIGIT,
    Grant,
    Register,
    key,
)
from tests.citizens.conftest import Person

OF_COMPANY = f"/v1/me/businesses/{COMPANY}/delegations"


async def mine(client: httpx.AsyncClient, person: Person) -> list[dict[str, Any]]:
    answer = await client.get("/v1/me/delegations", headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_an_officer_notes_the_representative_who_then_grants(
    client: httpx.AsyncClient, register: Register, director: Person, accountant: Person
) -> None:
    noted = await register()
    granted = await client.post(
        OF_COMPANY, json={"phone": "0912 000 002"}, headers=director.headers | key()
    )

    assert noted.status_code == 201, noted.text
    assert (noted.json()["role"], noted.json()["valid_to"]) == ("representative", None)
    assert granted.status_code == 201, granted.text
    assert granted.headers["etag"] == '"1"'
    view = granted.json()
    assert (view["role"], view["status"], view["business_name"]) == (
        "delegate",
        "current",
        "Công ty TNHH Cúc Phương",
    )
    assert view["phone"] == "091•••0002"
    since = date.fromisoformat(view["valid_from"])
    assert timedelta(days=363) < date.fromisoformat(view["valid_to"]) - since < timedelta(days=366)
    assert [each["id"] for each in await mine(client, accountant)] == [view["id"]]
    listed = await client.get(OF_COMPANY, headers=director.headers)
    assert [each["id"] for each in listed.json()["items"]] == [view["id"], noted.json()["id"]]


async def test_whoever_does_not_represent_the_business_finds_none(
    client: httpx.AsyncClient, grant: Grant, accountant: Person, stranger: Person
) -> None:
    granted = await grant()

    for person in (accountant, stranger):
        answers = [
            await client.get(OF_COMPANY, headers=person.headers),
            await client.post(OF_COMPANY, json={"phone": STRANGER}, headers=person.headers | key()),
            await client.get(f"/v1/me/businesses/{OTHER_COMPANY}/delegations", headers=person.headers),
            await client.get(f"/v1/me/businesses/{WRONG_DIGIT}/delegations", headers=person.headers),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        assert {answer.json()["code"] for answer in answers} == {"business_not_found"}
    revoked = await client.post(
        f"/v1/me/delegations/{granted['id']}/revoke", headers=stranger.headers | key()
    )
    assert (revoked.status_code, revoked.json()["code"]) == (404, "delegation_not_found")
    assert [each["status"] for each in await mine(client, accountant)] == ["current"]


@pytest.mark.parametrize("who", ["director", "accountant"])
async def test_either_side_ends_it_and_a_second_time_changes_nothing(
    client: httpx.AsyncClient, grant: Grant, director: Person, accountant: Person, who: str
) -> None:
    granted = await grant()
    person = director if who == "director" else accountant

    answers = [
        await client.post(f"/v1/me/delegations/{granted['id']}/revoke", headers=person.headers | key())
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["status"], answers[0].headers["etag"]) == ("revoked", '"2"')
    assert DB.pool is not None
    lines = await DB.pool.fetch(
        "SELECT action, actor_id, detail FROM journal WHERE object_id = $1 ORDER BY at, id", granted["id"]
    )
    assert [(line["action"], line["actor_id"]) for line in lines] == [
        ("delegation.granted", str(director.id)),
        ("delegation.revoked", str(person.id)),
    ]
    assert COMPANY not in "".join(line["detail"] for line in lines)
    assert (await grant())["status"] == "current"  # granted anew


async def test_a_representative_is_changed_at_the_counter_only(
    client: httpx.AsyncClient, register: Register, director: Person, officer: dict[str, str]
) -> None:
    noted = (await register()).json()

    own = await client.post(f"/v1/me/delegations/{noted['id']}/revoke", headers=director.headers | key())
    seen = await client.get("/v1/staff/delegations", params={"tax_code": COMPANY}, headers=officer)
    ended = await client.post(
        f"/v1/staff/delegations/{noted['id']}/revoke",
        json={"reason": "Thay đổi người đại diện theo pháp luật"},
        headers=officer | key(),
    )
    after = await client.post(OF_COMPANY, json={"phone": ACCOUNTANT}, headers=director.headers | key())

    assert (own.status_code, own.json()["code"]) == (409, "representative_not_to_be_revoked")
    assert [each["id"] for each in seen.json()["items"]] == [noted["id"]]
    assert (ended.status_code, ended.json()["status"]) == (200, "revoked")
    assert (after.status_code, after.json()["code"]) == (404, "business_not_found")


async def test_a_second_one_for_the_same_days_is_refused_and_told_so(
    client: httpx.AsyncClient, grant: Grant, director: Person, register: Register
) -> None:
    await grant()

    answers = [
        await client.post(OF_COMPANY, json={"phone": ACCOUNTANT}, headers=director.headers | key()),
        await register(),
    ]
    yourself = await client.post(
        OF_COMPANY, json={"phone": director.phone}, headers=director.headers | key()
    )

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (409, "delegation_overlap")
    ] * 2
    assert (yourself.status_code, yourself.json()["errors"][0]["code"]) == (422, "yourself")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tax_code": WRONG_DIGIT}, "tax_code_check_digit"),
        ({"tax_code": "020020020"}, "invalid_tax_code"),
        ({"tax_code": "037090000001"}, "tax_code_of_person"),
        ({"phone": "0212 345 678"}, "phone_not_accepted"),
        ({"valid_from": "2020-01-01"}, "delegation_not_valid"),
        ({"valid_to": "9999-12-31"}, "delegation_not_valid"),
        ({"valid_from": "9999-12-31", "valid_to": "9999-12-31"}, "delegation_not_valid"),
        ({"name": "x\u202ey"}, "delegation_not_valid"),
        ({"role": "owner"}, "invalid_value"),
    ],
)
async def test_what_an_officer_cannot_mean(register: Register, changes: dict[str, str], code: str) -> None:
    answer = await register(**changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not any(value in answer.text for field, value in changes.items() if field != "name")


async def test_a_wrong_check_digit_is_said_in_both_languages(
    client: httpx.AsyncClient, officer: dict[str, str]
) -> None:
    said = {
        language: (
            await client.get(
                "/v1/staff/delegations",
                params={"tax_code": WRONG_DIGIT},
                headers=officer | {"Accept-Language": language},
            )
        ).json()["detail"]
        for language in ("vi", "en")
    }

    assert "chữ số kiểm tra" in said["vi"]
    assert "check digit" in said["en"]


async def test_granting_and_ending_the_representative_at_once_leaves_one_order(
    client: httpx.AsyncClient, register: Register, director: Person, officer: dict[str, str]
) -> None:
    """Either the grant came first, or it found no business; never a grant after the end."""
    for phone in (f"+8491200{n:04d}" for n in range(10, 22)):
        noted = (await register()).json()
        granted, ended = await asyncio.gather(
            client.post(OF_COMPANY, json={"phone": phone}, headers=director.headers | key()),
            client.post(
                f"/v1/staff/delegations/{noted['id']}/revoke",
                json={"reason": "Hết nhiệm kỳ"},
                headers=officer | key(),
            ),
        )
        assert ended.status_code == 200, ended.text
        assert granted.status_code in {201, 404}, granted.text
        late = await client.post(OF_COMPANY, json={"phone": phone}, headers=director.headers | key())
        assert late.status_code == 404
