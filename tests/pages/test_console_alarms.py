"""The console tells of long waits, and a lead calls a standby officer with one press."""

import re
import uuid
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.database import fetch_value
from app.http.principals import Caller
from app.identity import operations as identity
from app.monitoring import operations as monitoring
from app.sample import seed
from tests.queue.conftest import Hall, hall, walk_in  # noqa: F401 - a fixture

LONG = timedelta(minutes=16)


@pytest.fixture
def now(at_noon: datetime) -> datetime:
    return at_noon


async def at_the_console(client: httpx.AsyncClient, *roles: Caller, now: datetime) -> None:
    await identity.enrol_officer(
        officer_id=uuid.uuid4(),
        username="somebody",
        password="demo-somebody",
        centre_id=seed.DEMO_CENTRE_ID,
        roles=[Caller.OFFICER, *roles],
        now=now,
    )
    answer = await client.post("/v1/auth/staff", json={"username": "somebody", "password": "demo-somebody"})
    assert answer.status_code == 200


@pytest.fixture
async def long_wait(hall: Hall, now: datetime) -> str:  # noqa: F811
    """Somebody has waited sixteen minutes, and no counter is open."""
    ticket = await walk_in(hall, now - LONG)
    await monitoring.watch(centre_id=hall.centre_id, now=now)
    return ticket.number


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))


async def test_an_officer_reads_who_waits_and_what_helps_and_a_lead_acts_on_it(
    client: httpx.AsyncClient,
    hall: Hall,  # noqa: F811
    long_wait: str,
    now: datetime,
) -> None:
    await at_the_console(client, Caller.SHIFT_LEAD, now=now)
    shown = await client.get(f"/console/desk/{hall.counters[0]}", headers={"Accept-Language": "vi"})
    assert f"Số {long_wait} đã chờ 16 phút" in shown.text
    assert "Nên làm:" in shown.text

    region = (await client.get("/console/alarms", headers={"Accept-Language": "en"})).text
    assert "Waiting too long" in region
    assert "Call the standby officer Phạm Thị Hoa" in region
    pressed = await client.post("/console/standby", data=fields(region), headers={"hx-request": "true"})

    assert pressed.status_code == 200, pressed.text
    assert await fetch_value("SELECT count(*) FROM counter_state WHERE state = 'open'") == 1
    assert await fetch_value("SELECT count(*) FROM standby_activation") == 1


async def test_who_does_not_lead_is_shown_no_button_and_let_through_by_none(
    client: httpx.AsyncClient,
    hall: Hall,  # noqa: F811
    long_wait: str,
    now: datetime,
) -> None:
    await at_the_console(client, now=now)
    desk = await client.get(f"/console/desk/{hall.counters[0]}")
    region = (await client.get("/console/alarms")).text
    shift = await fetch_value("SELECT id FROM shift WHERE kind = 'standby' LIMIT 1")

    answer = await client.post(
        "/console/standby",
        data=fields(desk.text) | {"shift": str(shift), "counter": str(hall.counters[0])},
    )

    assert long_wait in region
    assert "/console/standby" not in region
    assert answer.status_code == 403
    assert await fetch_value("SELECT count(*) FROM standby_activation") == 0


async def test_nobody_signed_in_learns_nothing(client: httpx.AsyncClient, long_wait: str) -> None:
    answer = await client.get("/console/alarms")

    assert answer.status_code == 401
    assert long_wait not in answer.text
