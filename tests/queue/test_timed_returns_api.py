"""Going away and coming back over HTTP: at the counter, at the kiosk, by the link; and what is refused."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import at_local, current_time, local_date
from app.core.database import DB
from app.core.links import tracking_token
from app.http.principals import Caller
from app.queue import queries
from app.queue.queries import TicketRow
from tests.queue.conftest import Hall, walk_in
from tests.queue.test_timed_returns import opening

SignIn = Callable[..., Awaitable[Any]]
MINUTE = timedelta(minutes=1)


async def offered_by_the_clock(hall: Hall, *, phone: str = "+84912345678") -> TicketRow:
    """Somebody who came this moment, by the real clock, and was offered a time in half an hour."""
    assert DB.pool is not None
    moment = current_time()
    ticket = await walk_in(hall, moment, phone=phone)
    await opening(hall, at_local(local_date(moment) + timedelta(days=1), 9), until=10)
    await DB.pool.execute(
        "UPDATE slot SET starts_at = $2, ends_at = $2::timestamptz + interval '30 minutes' WHERE id ="
        " (SELECT id FROM slot WHERE pool_id = $1 ORDER BY starts_at LIMIT 1)",
        hall.pool_id,
        moment + 30 * MINUTE,
    )
    row = await DB.pool.fetchrow(
        "UPDATE ticket SET returns_at = $2, return_state = 'offered' WHERE id = $1"
        f" RETURNING {queries.COLUMNS}",
        ticket.id,
        moment + 30 * MINUTE,
    )
    assert row is not None
    return TicketRow(*row)


@pytest.mark.parametrize("way", ["staff", "device", "track"])
async def test_the_counter_the_kiosk_and_the_link_answer_and_say_back(
    open_hall: Hall, client: httpx.AsyncClient, sign_in: SignIn, way: str
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    caller = Caller.DEVICE if way == "device" else Caller.OFFICER
    headers = {} if way == "track" else (await sign_in(caller, centre_id=open_hall.centre_id)).headers
    path = f"/v1/track/{tracking_token('ticket', ticket.id)}"
    base = path if way == "track" else f"/v1/{way}/tickets/{ticket.id}"
    key = {"Idempotency-Key": str(uuid.uuid4())}

    early = await client.post(f"{base}/back", headers=headers)
    agreed = await client.post(f"{base}/return", json={"accept": True}, headers=headers | key)
    replayed = await client.post(f"{base}/return", json={"accept": True}, headers=headers | key)
    again = await client.post(f"{base}/return", json={"accept": True}, headers=headers)
    other = await client.post(f"{base}/return", json={"accept": False}, headers=headers)
    followed = await client.get(path)
    came = await client.post(f"{base}/back", headers=headers)
    twice = await client.post(f"{base}/back", headers=headers)

    assert (early.status_code, early.json()["code"]) == (409, "no_return_agreed")
    assert (agreed.status_code, agreed.json()["return_state"]) == (200, "agreed")
    assert agreed.json()["ticket_class"] == "returning"
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert again.json() == replayed.json() == agreed.json()
    assert (other.status_code, other.json()["code"]) == (409, "return_answered")
    assert followed.json()["return_state"] == "agreed"
    assert followed.json()["return_at"] == agreed.json()["return_at"]
    assert "p80_minutes" not in followed.json()
    assert (came.status_code, came.json()["return_state"]) == (200, "back")
    assert twice.json() == came.json()
    assert "p80_minutes" in (await client.get(path)).json()


async def test_a_gone_time_is_answered_with_what_is_left(
    open_hall: Hall, client: httpx.AsyncClient
) -> None:
    assert DB.pool is not None
    ticket = await offered_by_the_clock(open_hall)
    await DB.pool.execute("UPDATE slot SET taken_staff = capacity")

    gone = await client.post(
        f"/v1/track/{tracking_token('ticket', ticket.id)}/return", json={"accept": True}
    )

    assert (gone.status_code, gone.json()["code"]) == (409, "return_gone")
    assert gone.json()["return_offer"] is None


@pytest.mark.parametrize(
    "body", [{}, {"accept": None}, {"accept": "yes"}, {"accept": 1}, {"accept": True, "at": "10:40"}, []]
)
async def test_what_is_no_answer_is_refused(
    open_hall: Hall, client: httpx.AsyncClient, body: object
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    path = f"/v1/track/{tracking_token('ticket', ticket.id)}"

    answered = await client.post(f"{path}/return", json=body)

    assert answered.status_code in {400, 422}
    assert (await client.get(path)).json()["return_state"] == "offered"


@pytest.mark.parametrize("verb", ["return", "back"])
async def test_links_that_name_no_ticket_and_tickets_of_other_centres_are_not_found(
    open_hall: Hall, client: httpx.AsyncClient, sign_in: SignIn, verb: str
) -> None:
    ticket = await offered_by_the_clock(open_hall)
    elsewhere = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    of_another = tracking_token("appointment", ticket.id)
    body = {"json": {"accept": True}} if verb == "return" else {}

    for path, headers in (
        (f"/v1/track/nothing/{verb}", {}),
        (f"/v1/track/{of_another}/{verb}", {}),
        (f"/v1/track/{tracking_token('ticket', uuid.uuid4())}/{verb}", {}),
        (f"/v1/staff/tickets/{ticket.id}/{verb}", elsewhere.headers),
    ):
        answered = await client.post(path, headers=headers, **body)
        assert answered.status_code == 404
