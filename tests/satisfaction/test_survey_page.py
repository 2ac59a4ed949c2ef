"""The page behind the link: forms only, in both languages, and the same rules as the API."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.database import DB, fetch_row, fetch_value
from app.http.principals import Caller
from app.identity import operations as identity
from app.identity.api import SESSION_COOKIE
from app.queue.queries import TicketRow
from app.satisfaction.rules import QUESTIONS
from tests.conftest import SignedIn
from tests.satisfaction.conftest import BODY, answer

SignIn = Callable[..., Awaitable[SignedIn]]
FORM = {field: str(value) for field, value in BODY.items()}


async def fill(client: httpx.AsyncClient, token: str, fields: dict[str, str]) -> httpx.Response:
    """What a browser without scripts does: open the page, choose, send."""
    shown = await client.get(f"/survey/{token}")
    assert shown.status_code == 200, shown.text
    csrf = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', shown.text)
    assert csrf is not None
    return await client.post(f"/survey/{token}", data=fields | {"_csrf_token": csrf[1]})


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_lan_answers_with_forms_alone_and_is_thanked(
    client: httpx.AsyncClient, token: str, language: str
) -> None:
    shown = await client.get(f"/survey/{token}?lang={language}")
    for question in QUESTIONS:
        assert question.words.in_language(language) in shown.text
    assert "<script" not in shown.text

    sent = await fill(client, token, FORM | {"comment": "Cảm ơn.\r\nTốt."})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/survey/{token}/thanks")
    thanked = await client.get(sent.headers["location"])
    again = await client.get(f"/survey/{token}")

    assert thanked.status_code == again.status_code == 200
    assert ("Cảm ơn" if language == "vi" else "Thank you") in thanked.text
    assert "<form" not in again.text
    row = await fetch_row("SELECT overall, comment, locale FROM survey_answer")
    assert row is not None
    assert tuple(row) == ("very_satisfied", "Cảm ơn.\nTốt.", language)


async def test_what_is_missing_is_named_and_what_was_chosen_stays(
    client: httpx.AsyncClient, token: str
) -> None:
    fields = {name: value for name, value in FORM.items() if name != "online"}

    sent = await fill(client, token, fields | {"comment": "<b>tốt</b>"})

    assert sent.status_code == 422
    assert 'href="#online"' in sent.text
    assert sent.text.count(" checked") == len(QUESTIONS) - 1
    assert "&lt;b&gt;tốt" in sent.text
    assert await fetch_value("SELECT count(*) FROM survey_answer") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"attitude": "3"},
        {"overall": "2"},
        {"comment": "x" * 1001},
        {"comment": "đẹp\u202e"},
        {"attitude": ""},
    ],
)
async def test_a_form_nobody_was_shown_is_not_kept(
    client: httpx.AsyncClient, token: str, fields: dict[str, str]
) -> None:
    sent = await fill(client, token, FORM | fields)

    assert sent.status_code == 422
    assert await fetch_value("SELECT count(*) FROM survey_answer") == 0


async def test_sending_twice_keeps_the_first(client: httpx.AsyncClient, token: str, now: datetime) -> None:
    shown = await client.get(f"/survey/{token}")
    csrf = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', shown.text)
    assert csrf is not None
    await answer(token, now)

    sent = await client.post(f"/survey/{token}", data=FORM | {"_csrf_token": csrf[1]})

    assert sent.status_code == 409
    assert await fetch_value("SELECT overall FROM survey_answer") == "satisfied"


async def test_nobody_is_thanked_for_nothing(client: httpx.AsyncClient, token: str) -> None:
    sent = await client.get(f"/survey/{token}/thanks")

    assert (sent.status_code, sent.headers["location"]) == (303, f"/survey/{token}")


async def test_a_form_of_another_site_is_not_kept(client: httpx.AsyncClient, token: str) -> None:
    await client.get(f"/survey/{token}")

    sent = await client.post(f"/survey/{token}", data=FORM | {"_csrf_token": "0" * 40})

    assert sent.status_code == 403
    assert await fetch_value("SELECT count(*) FROM survey_answer") == 0


async def test_an_officer_signed_in_at_the_console_is_not_asked(
    client: httpx.AsyncClient, ticket: TicketRow, token: str, now: datetime
) -> None:
    shown = await client.get(f"/survey/{token}")
    csrf = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', shown.text)
    assert csrf is not None
    facts: dict[str, Any] = {"username": "minh", "password": "demo-minh", "now": now}
    await identity.enrol_officer(
        officer_id=ticket.id, centre_id=ticket.centre_id, roles=[Caller.OFFICER], **facts
    )
    signed_in = await client.post("/v1/auth/staff", json={"username": "minh", "password": "demo-minh"})
    assert signed_in.status_code == 200, signed_in.text
    assert SESSION_COOKIE in client.cookies

    assert (await client.get(f"/survey/{token}")).status_code == 403
    sent = await client.post(f"/survey/{token}", data=FORM | {"_csrf_token": csrf[1]})
    assert sent.status_code == 403
    assert "staff_cannot_answer" in sent.text
    assert await fetch_value("SELECT count(*) FROM survey_answer") == 0


@pytest.mark.parametrize("path", ["/survey/x", "/survey/x/thanks", "/survey/" + "A" * 36])
async def test_a_wrong_link_is_a_page_that_says_so(client: httpx.AsyncClient, path: str) -> None:
    shown = await client.get(path)

    assert shown.status_code == 404
    assert "<h1" in shown.text


async def test_a_link_of_last_month_says_that_it_is_over(
    client: httpx.AsyncClient, ticket: TicketRow, token: str, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE ticket SET ended_at = $2 WHERE id = $1", ticket.id, now - timedelta(days=31)
    )

    shown = await client.get(f"/survey/{token}")

    assert shown.status_code == 410
    assert "30 ngày" in shown.text
