"""The console by ordinary forms: what an officer and a shift lead can do beyond the next call."""

import re
import uuid
from datetime import datetime

import httpx
import pytest

from app.core.database import DB, fetch_value
from app.core.keys import keys
from app.http.principals import Caller
from app.identity import operations as identity
from app.identity.operations.officers import TOTP_STEP_S, totp_code
from app.queue import operations, queries
from app.queue.states import State
from app.sample.files import sample_id
from tests.queue.conftest import MINH, Hall, hall, open_hall, put, walk_in
from tests.queue.test_periods import another_here, serving

__all__ = ["hall", "open_hall"]

HA = sample_id("officer", "ha")


def token_of(html: str) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


class Console:
    """Somebody signed in at the console, who presses buttons of forms."""

    def __init__(self, http: httpx.AsyncClient, desk: str, token: str) -> None:
        self.http, self.desk, self.token = http, desk, token

    async def look(self) -> str:
        return (await self.http.get(self.desk)).text

    async def press(self, path: str, **fields: object) -> httpx.Response:
        """A button of the desk as htmx presses it: the answer is the workspace."""
        return await self.http.post(
            f"{self.desk}/{path}",
            data={"_csrf_token": self.token} | {name: str(value) for name, value in fields.items()},
            headers={"HX-Request": "true"},
        )


async def sign_in(
    http: httpx.AsyncClient, hall: Hall, officer_id: uuid.UUID, roles: list[Caller], now: datetime
) -> Console:
    await identity.enrol_officer(
        officer_id=officer_id,
        username="somebody",
        password="some-password",
        centre_id=hall.centre_id,
        roles=roles,
        now=now,
    )
    token = token_of((await http.get("/console/sign-in")).text)
    answer = await http.post(
        "/console/sign-in",
        data={"_csrf_token": token, "username": "somebody", "password": "some-password"},
    )
    assert answer.status_code == 303, answer.text
    return Console(http, f"/console/desk/{hall.counters[0]}", token)


async def test_a_code_of_an_authenticator_is_six_plain_digits(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime
) -> None:
    """Wide digits, as some keyboards write them, are refused like any other wrong code."""
    await identity.enrol_officer(
        officer_id=MINH,
        username="somebody",
        password="some-password",
        centre_id=open_hall.centre_id,
        roles=[Caller.OFFICER],
        now=now,
    )
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE officer_credential SET totp_sealed = $2 WHERE officer_id = $1",
        MINH,
        keys().fields.encrypt(b"a secret", place=f"officer_credential|totp_sealed|{MINH}"),
    )
    typed = {"username": "somebody", "password": "some-password"}
    typed["_csrf_token"] = token_of((await client.get("/console/sign-in")).text)
    code = totp_code(b"a secret", int(now.timestamp()) // TOTP_STEP_S)
    wide = code.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})

    refused = await client.post("/console/sign-in", data=typed | {"totp": wide})
    taken = await client.post("/console/sign-in", data=typed | {"totp": code})

    assert (refused.status_code, taken.status_code) == (422, 303)


async def test_an_officer_goes_on_with_another_procedure(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime
) -> None:
    console = await sign_in(client, open_hall, MINH, [Caller.OFFICER], now)
    second = await another_here(open_hall, now)
    ticket = await serving(open_hall, now)
    path = f"tickets/{ticket.id}/next-procedure"
    assert f'action="{console.desk}/{path}"' in await console.look()

    answer = await console.press(path, version=ticket.version, procedure=second)
    stale = await console.press(path, version=ticket.version, procedure=second)

    assert answer.status_code == 200, answer.text
    assert "Đang làm" in answer.text
    assert [row.procedure_code for row in await queries.periods_of(ticket.id)] == [open_hall.code, second]
    assert 'role="alert"' in stale.text


async def test_a_missed_number_is_put_back_by_a_button_that_then_is_gone(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime
) -> None:
    console = await sign_in(client, open_hall, MINH, [Caller.OFFICER], now)
    ticket = await put(await walk_in(open_hall, now), State.MISSED, None)
    button = f'action="{console.desk}/tickets/{ticket.id}/put-back"'
    assert button in await console.look()

    answer = await console.press(f"tickets/{ticket.id}/put-back", version=ticket.version)

    assert answer.status_code == 200
    back = await queries.by_id(ticket.id)
    assert back is not None
    assert back.state == State.WAITING
    await put(back, State.MISSED, None)
    assert button not in await console.look()


@pytest.mark.parametrize("leads", [True, False])
async def test_a_lead_alone_calls_out_of_order_and_says_why(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime, *, leads: bool
) -> None:
    roles = [Caller.OFFICER, Caller.SHIFT_LEAD] if leads else [Caller.OFFICER]
    console = await sign_in(client, open_hall, HA, roles, now)
    await walk_in(open_hall, now)
    last = await walk_in(open_hall, now)
    path = f"tickets/{last.id}/call"
    assert (f'action="{console.desk}/{path}"' in await console.look()) is leads

    without = await console.press(path, reason=" ")
    assert 'role="alert"' in without.text
    answer = await console.press(path, reason="Cháu nhỏ ốm")

    called = await queries.by_id(last.id)
    assert called is not None
    assert (called.state == State.CALLED) is leads
    assert ("ngoài thứ tự" in answer.text) is leads


async def test_who_is_not_on_the_roster_is_told_so_where_counters_are_chosen(
    client: httpx.AsyncClient, hall: Hall, now: datetime
) -> None:
    console = await sign_in(client, hall, uuid.uuid4(), [Caller.OFFICER], now)

    answer = await client.post(
        "/console/counters", data={"_csrf_token": console.token, "counter": str(hall.counters[0])}
    )

    assert answer.status_code == 409
    assert "không có phân công" in answer.text
    assert await fetch_value("SELECT count(*) FROM counter_state") == 0


async def test_a_version_nobody_could_have_seen_is_a_stale_screen(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime
) -> None:
    console = await sign_in(client, open_hall, MINH, [Caller.OFFICER], now)
    ticket = await walk_in(open_hall, now)

    for version in ("9" * 40, "x", "", "²"):
        answer = await console.press(f"tickets/{ticket.id}/left", version=version)
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text
    assert await operations.call_next(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now
    )
