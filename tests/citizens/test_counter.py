"""Somebody without the app tells an officer that they want no messages."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.citizens import preferences
from app.citizens.rules import UNCHOSEN, Channel
from app.core.database import DB
from app.http.principals import Caller
from tests.citizens.conftest import LAN, Person

URL = "/v1/staff/message-choices"


@pytest.fixture
async def officer(database: object, sign_in: Callable[..., Awaitable[Any]]) -> Any:
    return await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())


async def test_who_has_no_account_is_left_alone_from_then_on_and_may_come_back(
    client: httpx.AsyncClient, officer: Any
) -> None:
    said = {"phone": "0912 345 678", "messages": "none"}
    answers = [await client.post(URL, json=said, headers=officer.headers) for _ in range(2)]
    silent = await preferences.of_phone(LAN)
    again = await client.post(URL, json=said | {"messages": "sms"}, headers=officer.headers)

    assert [each.status_code for each in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert answers[0].json() == {"phone": "091•••5678", "channel": "none", "surveys": True}
    assert silent.channel is Channel.NONE
    assert again.status_code == 200
    assert await preferences.of_phone(LAN) == UNCHOSEN
    assert DB.pool is not None
    lines = await DB.pool.fetch("SELECT actor_id FROM journal WHERE action = 'preferences.chosen'")
    assert [line["actor_id"] for line in lines] == [str(officer.principal.id)] * 2


async def test_what_was_chosen_in_the_app_and_is_not_named_stays(
    client: httpx.AsyncClient, officer: Any, lan: Person
) -> None:
    await client.patch("/v1/me", json={"language": "en"}, headers=lan.headers | {"If-Match": '"0"'})

    answer = await client.post(URL, json={"phone": LAN, "surveys": False}, headers=officer.headers)

    assert (answer.json()["channel"], answer.json()["surveys"]) == ("sms", False)
    seen = await client.get("/v1/me", headers=lan.headers)
    assert (seen.json()["language"], seen.json()["surveys"], seen.headers["etag"]) == ("en", False, '"2"')


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"phone": "0212 345 678", "messages": "none"}, "phone_not_accepted"),
        ({"phone": LAN, "messages": "never"}, "invalid_value"),
    ],
)
async def test_what_cannot_be_meant(
    client: httpx.AsyncClient, officer: Any, body: dict[str, str], code: str
) -> None:
    answer = await client.post(URL, json=body, headers=officer.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
