"""A town with one centre of the sample, phones that receive, and a clock that can be set.

Everybody speaks HTTP. Time is the installation's own fast clock standing at a chosen moment, so that a
story happens on the day it needs.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.centres import queries as centres
from app.core.clock import FastClock, at_local, current_time, local, local_date, machine_time, set_clock
from app.core.database import DB
from app.http.principals import Caller
from app.sample import seed as sample
from app.sample.openings import publish_openings
from app.settings import Settings
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT, make_subscriptions
from notifications.emulator import running_emulator
from notifications.emulator.server import TwilioEmulator
from tests import remembered

COPIES = "2.000815"  # chứng thực bản sao
ACCOUNT = "AC" + "0" * 32
LAN = "+84912345678"


@dataclass
class Person:
    """Somebody who speaks HTTP, with a key of their own for every write."""

    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers)

    async def post(
        self, path: str, body: Any = None, *, version: int | None = None, key: str | None = None
    ) -> httpx.Response:
        headers = self.headers | {"Idempotency-Key": key or str(uuid.uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        sent = {} if body is None else {"json": body}
        return await self.http.post(path, headers=headers, **sent)


@dataclass
class Town:
    """Where the stories happen."""

    http: httpx.AsyncClient
    phones: TwilioEmulator
    drainer: Drainer
    sign_in: Callable[..., Awaitable[Any]]
    centre_id: uuid.UUID = sample.DEMO_CENTRE_ID

    def at(self, moment: datetime) -> datetime:
        """It is that moment now, and time stands nearly still."""
        set_clock(FastClock(moment, machine_time(), 1))
        return moment

    async def officer(self, *roles: Caller) -> Person:
        """Somebody who is on the roster of the centre."""
        assert DB.pool is not None
        officer_id = await DB.pool.fetchval(
            "SELECT officer_id FROM shift WHERE centre_id = $1 AND kind = 'official' ORDER BY id LIMIT 1",
            self.centre_id,
        )
        found = await self.sign_in(Caller.OFFICER, *roles, subject_id=officer_id, centre_id=self.centre_id)
        return Person(self.http, found.headers)

    async def kiosk(self) -> Person:
        found = await self.sign_in(Caller.DEVICE, centre_id=self.centre_id)
        return Person(self.http, found.headers)

    async def citizen(self, phone: str = LAN) -> Person:
        """Signs in with the code that reaches the phone."""
        person = Person(self.http)
        asked = await person.post("/v1/auth/otp", {"phone": phone, "purpose": "sign_in"})
        text = (await self.texts(phone))[-1]
        code = next(word for word in text.replace(".", " ").split() if word.isdigit() and len(word) == 6)
        tokens = await person.post(f"/v1/auth/otp/{asked.json()['challenge_id']}/verify", {"code": code})
        person.headers["Authorization"] = f"Bearer {tokens.json()['access_token']}"
        return person

    async def texts(self, phone: str = LAN) -> list[str]:
        """Every message that has reached the phone, once everything due has been sent."""
        await self.drainer.drain()
        return [record.body for record in self.phones.mailbox.all() if record.to == phone]

    async def texts_later(self, phone: str = LAN) -> list[str]:
        """The same once what waits ten minutes for others to go with it has been sent."""
        await self.drainer.drain()
        self.at(current_time() + timedelta(minutes=11))
        assert DB.pool is not None
        await DB.pool.execute("UPDATE outbox_work SET next_at = clock_timestamp() WHERE state = 'ready'")
        return await self.texts(phone)

    async def starts(self, day: date, procedure: str = COPIES) -> list[datetime]:
        """The starts anybody can see for that day."""
        answer = await self.http.get(
            "/v1/availability",
            params={
                "centre": str(self.centre_id),
                "procedure": procedure,
                "from": day.isoformat(),
                "to": day.isoformat(),
            },
        )
        assert answer.status_code == 200, answer.text
        return [
            datetime.fromisoformat(slot["starts_at"])
            for found in answer.json()["days"]
            for slot in found["slots"]
        ]

    def wish(self, starts_at: datetime, procedure: str = COPIES) -> dict[str, Any]:
        return {
            "centre_id": str(self.centre_id),
            "starts_at": local(starts_at).isoformat(),
            "items": [{"procedure": procedure, "quantity": 1}],
        }

    async def booked(self, person: Person, starts_at: datetime, procedure: str = COPIES) -> dict[str, Any]:
        """Held and confirmed."""
        held = await person.post("/v1/appointments", self.wish(starts_at, procedure))
        assert held.status_code == 201, held.text
        confirmed = await person.post(f"/v1/appointments/{held.json()['id']}/confirm", {})
        assert confirmed.status_code == 200, confirmed.text
        found: dict[str, Any] = confirmed.json()
        return found


@pytest.fixture
async def town(
    client: httpx.AsyncClient, sign_in: Callable[..., Awaitable[Any]], settings: Settings
) -> AsyncIterator[Town]:
    """The sample is loaded, its openings published when a story has set its day."""
    assert settings.twilio.account_sid == ACCOUNT
    with running_emulator(account_sid=ACCOUNT, auth_token=str(settings.twilio.auth_token)) as phones:
        own = replace(settings, twilio=replace(settings.twilio, api_base=phones.base_url))
        await remembered.catalogue(machine_time())
        async with make_subscriptions(own) as subscriptions:
            yield Town(client, phones, Drainer(subscriptions, silent=SILENT), sign_in)


@pytest.fixture(autouse=True)
def the_machines_clock_afterwards() -> Iterator[None]:
    yield
    set_clock(None)


async def a_working_day(after: date) -> date:
    """The first Tuesday, Wednesday or Thursday after that day that is worked, and so is the day before."""
    calendar = await centres.load_working_calendar()
    day = after + timedelta(days=1)
    while not (
        day.isoweekday() in {2, 3, 4}
        and calendar.is_working_day(day)
        and calendar.is_working_day(day - timedelta(days=1))
    ):
        day += timedelta(days=1)
    return day


@pytest.fixture
async def day(town: Town) -> date:
    """An ordinary day next week; it is eight o'clock there, and the counters of the fortnight are open."""
    day = await a_working_day(local_date(machine_time()) + timedelta(days=7))
    town.at(at_local(day, 6))
    await remembered.remembered("openings", str(day), prepare=_open_four_days, on_top=True)
    town.at(at_local(day, 8))
    return day


async def _open_four_days() -> None:
    """They were told long ago."""
    await publish_openings(now=current_time(), working_days=4)
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM outbox")
