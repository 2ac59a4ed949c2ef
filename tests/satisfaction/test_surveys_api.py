"""The survey over HTTP: one journey, what is refused, and what is never kept."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.database import DB, fetch_value
from app.http.principals import Caller
from app.queue.queries import TicketRow
from tests.conftest import SignedIn
from tests.satisfaction.conftest import BODY

SignIn = Callable[..., Awaitable[SignedIn]]


async def answers() -> int:
    return int(await fetch_value("SELECT count(*) FROM survey_answer"))


async def test_lan_answers_by_her_link_and_the_same_key_gives_the_same_answer(
    client: httpx.AsyncClient, token: str
) -> None:
    body = BODY | {"comment": "  Rất tốt,\ncảm ơn. "}
    key = {"Idempotency-Key": uuid.uuid4().hex}

    first = await client.post(f"/v1/surveys/{token}", json=body, headers=key)
    again = await client.post(f"/v1/surveys/{token}", json=body, headers=key)
    other = await client.post(f"/v1/surveys/{token}", json=BODY | {"overall": "not_satisfied"})

    assert first.status_code == again.status_code == 201, first.text
    assert first.json()["subject"] == "ticket"
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "already_answered")
    assert await fetch_value("SELECT comment FROM survey_answer") == "Rất tốt,\ncảm ơn."
    assert await answers() == 1


async def test_of_eight_answers_at_once_over_http_one_is_kept(
    client: httpx.AsyncClient, token: str
) -> None:
    sent = await asyncio.gather(
        *(client.post(f"/v1/surveys/{token}", json=BODY | {"attitude": n % 3}) for n in range(8))
    )

    assert sorted(answer.status_code for answer in sent) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in sent if answer.status_code == 409} == {"already_answered"}
    assert await answers() == 1


@pytest.mark.parametrize("role", [Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR])
async def test_somebody_with_a_staff_token_cannot_answer(
    client: httpx.AsyncClient, sign_in: SignIn, token: str, role: Caller
) -> None:
    minh = await sign_in(role, centre_id=uuid.uuid4())

    answer = await client.post(f"/v1/surveys/{token}", json=BODY, headers=minh.headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "staff_cannot_answer")
    assert await answers() == 0


async def test_a_citizen_and_a_tablet_in_the_hall_can(
    client: httpx.AsyncClient, sign_in: SignIn, token: str
) -> None:
    tablet = await sign_in(Caller.DEVICE, centre_id=uuid.uuid4())
    lan = await sign_in(Caller.CITIZEN)

    first = await client.post(f"/v1/surveys/{token}", json=BODY, headers=tablet.headers)
    second = await client.post(f"/v1/surveys/{token}", json=BODY, headers=lan.headers)

    assert (first.status_code, second.status_code) == (201, 409)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"attitude": 3}, "/attitude"),
        ({"attitude": -1}, "/attitude"),
        ({"attitude": True}, "/attitude"),
        ({"attitude": "2"}, "/attitude"),
        ({"attitude": 1.5}, "/attitude"),
        ({"attitude": None}, "/attitude"),
        ({"overall": "delighted"}, "/overall"),
        ({"convenience": 2}, "/convenience"),
        ({"name": "Lan"}, ""),
        ({"comment": "x" * 1001}, "/comment"),
        ({"comment": "đẹp\u202e"}, "/comment"),
        ({"comment": "a\u0007b"}, "/comment"),
        ({"comment": "a\u0000b"}, ""),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
async def test_an_answer_is_taken_as_it_was_asked_for_or_not_at_all(
    client: httpx.AsyncClient, token: str, change: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(f"/v1/surveys/{token}", json=BODY | change)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await answers() == 0


@pytest.mark.parametrize("field", sorted(BODY))
async def test_every_question_is_answered(client: httpx.AsyncClient, token: str, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}

    answer = await client.post(f"/v1/surveys/{token}", json=body)

    assert answer.status_code == 422
    assert await answers() == 0


async def test_no_words_are_no_comment(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.post(f"/v1/surveys/{token}", json=BODY | {"comment": " \n "})).status_code == 201

    assert await fetch_value("SELECT comment FROM survey_answer") is None


@pytest.mark.parametrize("wrong", ["x", "A" * 36, "%00" * 3, "..%2f", "Ư" * 36])
async def test_a_wrong_link_is_a_404(client: httpx.AsyncClient, database: object, wrong: str) -> None:
    answer = await client.post(f"/v1/surveys/{wrong}", json=BODY)

    assert answer.status_code == 404, answer.text


async def test_a_link_of_last_month_is_gone(
    client: httpx.AsyncClient, ticket: TicketRow, token: str, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE ticket SET ended_at = $2 WHERE id = $1", ticket.id, now - timedelta(days=31)
    )

    answer = await client.post(f"/v1/surveys/{token}", json=BODY)

    assert (answer.status_code, answer.json()["code"]) == (410, "survey_closed")
