"""What a dispatcher sees of a day: every door promised, drawn and told; nobody's name."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.home_service import operations
from app.home_service.operations.areas import Draft
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from app.identity import operations as identity
from app.rounds.closures import Area, ClosureKind
from tests.home_service.conftest import (  # noqa: F401 - fixtures
    Promise,
    hire,
    kim_son,
    promise,
    publish,
    tomorrow,
    tu,
    zone,
)

SignIn = Callable[[HomeVisitRow, Caller], Awaitable[None]]


@pytest.fixture
def sign_in(client: httpx.AsyncClient, now: datetime) -> SignIn:
    """`await sign_in(visit, Caller.MONITOR)`: the browser has the cookie of such an officer."""

    async def run(visit: HomeVisitRow, role: Caller) -> None:
        facts: dict[str, Any] = {"username": "dung", "password": "some-password"}
        await identity.enrol_officer(
            officer_id=uuid.uuid4(), centre_id=visit.centre_id, roles=[role], now=now, **facts
        )
        answer = await client.post("/v1/auth/staff", json=facts)
        assert answer.status_code == 200, answer.text

    return run


async def open_rounds(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await client.get("/rounds", params=query)


async def test_a_door_promised_is_on_the_page_and_nobodys_name(
    promise: Promise,  # noqa: F811
    tomorrow: date,  # noqa: F811
    client: httpx.AsyncClient,
    sign_in: SignIn,
) -> None:
    visit = await promise()
    await sign_in(visit, Caller.DISPATCHER)

    shown = await open_rounds(client, day=tomorrow.isoformat(), lang="vi")
    today = await open_rounds(client, lang="en")

    assert shown.status_code == 200
    assert visit.reference in shown.text
    assert "<polyline" in shown.text
    assert "Thu gom" in shown.text
    assert "Xã Kim Sơn" in shown.text
    for secret in (visit.contact_name, visit.contact_phone, visit.address_text):
        assert secret not in shown.text
    assert "Nobody works on this day." in today.text


async def test_a_closed_area_of_the_day_is_shown_with_whom_it_left_without_a_round(
    promise: Promise,  # noqa: F811
    client: httpx.AsyncClient,
    sign_in: SignIn,
    tomorrow: date,  # noqa: F811
    now: datetime,
) -> None:
    visit = await promise()
    draft = Draft(
        Area(["14638"]), visit.starts_at, visit.ends_at, ClosureKind.FLOOD, "Lũ <sông Đáy>", "The river"
    )
    seen = await operations.preview_closure(draft=draft, now=now)
    await operations.announce_closure(draft=draft, seen=seen.seen, officer_id=None, now=now)
    await sign_in(visit, Caller.MONITOR)

    shown = await open_rounds(client, day=tomorrow.isoformat(), lang="vi")
    english = await open_rounds(client, day=tomorrow.isoformat(), lang="en")
    later = await open_rounds(client, day=(tomorrow + timedelta(days=1)).isoformat(), lang="vi")

    assert "Lũ &lt;sông Đáy&gt;" in shown.text
    assert visit.reference in shown.text
    assert "The river" in english.text and "its area is closed" in english.text
    assert "Xã Kim Sơn" in shown.text and "14638" not in shown.text
    assert "sông Đáy" not in later.text


@pytest.mark.parametrize("caller", [Caller.OFFICER, Caller.CENTRE_LEADER, Caller.CALENDAR_EDITOR])
async def test_the_rounds_are_not_for_everybody(
    promise: Promise,  # noqa: F811
    client: httpx.AsyncClient,
    sign_in: SignIn,
    caller: Caller,
) -> None:
    visit = await promise()
    await sign_in(visit, caller)

    refused = await open_rounds(client)

    assert refused.status_code == 403
    assert visit.reference not in refused.text


async def test_a_dispatcher_who_signs_in_is_led_to_the_rounds(
    promise: Promise,  # noqa: F811
    client: httpx.AsyncClient,
    sign_in: SignIn,
) -> None:
    await sign_in(await promise(), Caller.DISPATCHER)
    answer = await client.get("/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rounds")


async def test_who_is_not_signed_in_is_asked_to(client: httpx.AsyncClient) -> None:
    answer = await open_rounds(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("day", ["", "yesterday", "0001-01-01", "9999-12-31", "2026-02-30"])
async def test_a_day_that_never_was_is_today(
    promise: Promise,  # noqa: F811
    client: httpx.AsyncClient,
    sign_in: SignIn,
    day: str,
) -> None:
    visit = await promise()
    await sign_in(visit, Caller.MONITOR)
    assert (await open_rounds(client, day=day)).status_code == 200
