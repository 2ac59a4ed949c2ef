"""The page behind a message's link: where it stands, and the answer to a time to come back at."""

import re
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.core.clock import current_time, local
from app.core.links import tracking_token
from app.home_service.states import NAMES, State
from app.queue import queries
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
from tests.queue.conftest import Hall, expected, hall, open_hall, walk_in  # noqa: F401 - fixtures
from tests.queue.test_timed_returns_api import offered_by_the_clock

FORM = re.compile(r'name="_csrf_token" value="([0-9a-f]+)"')


async def send(client: httpx.AsyncClient, url: str, verb: str, **fields: str) -> httpx.Response:
    """What a browser without scripts does with the form it was shown."""
    shown = await client.get(url)
    csrf = FORM.search(shown.text)
    assert csrf is not None, shown.text
    return await client.post(f"{url}/{verb}", data=fields | {"_csrf_token": csrf[1]})


async def test_a_number_says_how_long_it_may_take(open_hall: Hall, client: httpx.AsyncClient) -> None:  # noqa: F811
    ticket = await walk_in(open_hall, current_time())
    url = f"/t/{tracking_token('ticket', ticket.id)}"

    vietnamese, english = await client.get(f"{url}?lang=vi"), await client.get(f"{url}?lang=en")

    assert (vietnamese.status_code, english.status_code) == (200, 200)
    assert ticket.number in vietnamese.text
    assert "Thời gian chờ dự kiến" in vietnamese.text
    assert "Expected wait" in english.text


async def test_going_away_and_coming_back_with_two_buttons(
    open_hall: Hall,  # noqa: F811
    client: httpx.AsyncClient,
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    url = f"/t/{tracking_token('ticket', ticket.id)}"
    assert ticket.returns_at is not None

    agreed = await send(client, url, "return", accept="yes")
    away = await client.get(f"{url}?lang=vi")
    came = await send(client, url, "back")

    assert (agreed.status_code, agreed.headers["location"]) == (303, url)
    assert f"{local(ticket.returns_at):%H:%M}" in away.text
    assert "Tôi đã quay lại" in away.text
    assert (came.status_code, came.headers["location"]) == (303, url)
    row = await queries.by_id(ticket.id)
    assert row is not None
    assert row.return_state == "back"


async def test_who_would_rather_wait_says_so_and_an_answer_stands(
    open_hall: Hall,  # noqa: F811
    client: httpx.AsyncClient,
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    url = f"/t/{tracking_token('ticket', ticket.id)}"
    csrf = FORM.search((await client.get(url)).text)
    assert csrf is not None

    stayed = await client.post(f"{url}/return", data={"accept": "no", "_csrf_token": csrf[1]})
    other = await client.post(f"{url}/return", data={"accept": "yes", "_csrf_token": csrf[1]})

    assert stayed.status_code == 303
    assert other.status_code == 409
    row = await queries.by_id(ticket.id)
    assert row is not None
    assert row.return_state == "refused"


async def test_a_form_of_another_site_changes_nothing(
    open_hall: Hall,  # noqa: F811
    client: httpx.AsyncClient,
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    url = f"/t/{tracking_token('ticket', ticket.id)}"

    assert (await client.post(f"{url}/return", data={"accept": "yes"})).status_code == 403
    row = await queries.by_id(ticket.id)
    assert row is not None
    assert row.return_state == "offered"


async def test_an_appointment_and_a_home_visit_say_where_they_stand(
    open_hall: Hall,  # noqa: F811
    promise: Promise,  # noqa: F811
    client: httpx.AsyncClient,
    now: datetime,
) -> None:
    appointment, visit = await expected(open_hall, now), await promise()

    at_counter = await client.get(f"/t/{tracking_token('appointment', appointment.id)}?lang=vi")
    at_home = await client.get(f"/t/{tracking_token('home_visit', visit.id)}?lang=vi")

    assert appointment.reference in at_counter.text
    assert "Đã xác nhận" in at_counter.text
    assert visit.reference in at_home.text
    assert NAMES[State(visit.state)].vi in at_home.text
    assert visit.contact_name not in at_home.text
    assert visit.address_text not in at_home.text
    assert "<form" not in at_counter.text + at_home.text


@pytest.mark.parametrize("token", ["nothing", "x" * 36, "é" * 36])
async def test_a_link_we_did_not_make_leads_nowhere(
    opened: Any, client: httpx.AsyncClient, token: str
) -> None:
    shown = await client.get(f"/t/{token}")
    assert shown.status_code == 404
    assert "<h1" in shown.text


async def test_nobody_comes_back_by_a_link_of_another_kind(
    open_hall: Hall,  # noqa: F811
    client: httpx.AsyncClient,
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    csrf = FORM.search((await client.get(f"/t/{tracking_token('ticket', ticket.id)}")).text)
    assert csrf is not None
    other = f"/t/{tracking_token('appointment', ticket.id)}"

    answer = await client.post(f"{other}/return", data={"accept": "yes", "_csrf_token": csrf[1]})

    assert answer.status_code == 404
    row = await queries.by_id(ticket.id)
    assert row is not None
    assert row.return_state == "offered"
