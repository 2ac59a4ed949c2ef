"""A provider on this machine, the real client that speaks to it, and the application it calls back."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from app.channel_settings import ZaloSettings
from app.core.crypto import Secret
from app.core.database import DB
from app.main import create_app
from app.servers.ports import free_port
from app.settings import Settings, TwilioSettings
from notifications import delivery
from notifications.emulator import running_emulator
from notifications.emulator.server import TwilioEmulator
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from tests.conftest import Stores

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token-of-these-tests"
# The account's token of tomorrow, while it is being changed.
NEXT_TOKEN = "the-next-token-of-these-tests"
SENDER = "MOTCUA"
LAN = "+84912345678"
ZALO_APP, ZALO_SECRET = "4000001", "secret-of-events"
# As much of it as an application needs that hears Zalo's events and sends nothing there.
ZALO_EVENTS = ZaloSettings(
    url="", oauth_url="", app_id=ZALO_APP, secret_key=Secret(""), refresh_token=Secret(""),
    templates=Path("zalo.json"), events_secret=Secret(ZALO_SECRET),
)  # fmt: skip
# Nothing listens at this address: whoever is called back there hears nothing.
NOWHERE = "http://127.0.0.1:9"
# Long enough for an answer on this machine, short enough to wait for in a test.
PATIENCE_S = 1.0
# Only what never comes waits so long; a busy machine is no failure.
WAIT_AT_MOST_S = 60.0

MakeChannel = Callable[..., TwilioChannel]


def magic(digits: str) -> str:
    """A number that makes the emulator misbehave (`notifications.emulator.faults`)."""
    return f"+849000000{digits}"


@pytest.fixture
def emulator() -> Iterator[TwilioEmulator]:
    with running_emulator(account_sid=ACCOUNT, auth_token=TOKEN) as running:
        yield running


@pytest.fixture
def make_channel(emulator: TwilioEmulator) -> MakeChannel:
    """`make_channel(token=..., api_base=..., public_url=...)`: the real client."""

    def make(
        *,
        token: str = TOKEN,
        api_base: str = emulator.base_url,
        public_url: str = NOWHERE,
        timeout_s: float = PATIENCE_S,
        service_codes: str = "",
        service_notices: str = "",
    ) -> TwilioChannel:
        settings = TwilioSettings(
            account_sid=ACCOUNT,
            auth_token=Secret(token),
            api_base=api_base,
            sender=SENDER,
            service_codes=service_codes,
            service_notices=service_notices,
        )
        return TwilioChannel(settings, public_url=public_url, timeout_s=timeout_s)

    return make


@pytest.fixture
def sms(make_channel: MakeChannel) -> TwilioChannel:
    """The channel of an installation whose callbacks reach nobody."""
    return make_channel()


async def script(emulator: TwilioEmulator, to: str = "*", **how: Any) -> None:
    """Tell the emulator over HTTP how calls to a number go from now on."""
    async with httpx.AsyncClient(base_url=emulator.base_url, trust_env=False) as http:
        answer = await http.post("/__script", json={"to": to, "script": how})
    assert answer.status_code == 200, answer.text


async def tell(emulator: TwilioEmulator, sid: str, *callbacks: str, forged: bool = False) -> None:
    """Have the provider call back about an accepted message now."""
    async with httpx.AsyncClient(base_url=emulator.base_url, trust_env=False, timeout=30) as http:
        how = {"callbacks": callbacks, "forged": forged}
        answer = await http.post("/__callback", json={"sid": sid, "script": how})
    assert answer.status_code == 200, answer.text


def sent_to(emulator: TwilioEmulator, phone: str) -> list[str]:
    """What the provider accepted for a phone."""
    return [record.body for record in emulator.mailbox.all() if record.to == phone]


async def owe(template: str, phone: str, now: datetime, *, about: str = "visit:1") -> uuid.UUID:
    """A message that is owed and not yet sent."""
    values = {
        "code": "123456",
        "reference": "NB-7K3Q-92",
        "time": "08:00 25/11/2026",
        "place": "Trung tâm Hoa Lư",
        "number": "H42-000001",
        "counter": "3",
        "window": "08:00-10:00 25/11/2026",
        "courier": "Tú",
        "seal": "NP0001",
    }
    return await delivery.owe(
        template=TEMPLATES[template],
        locale="vi",
        phone=phone,
        values=values,
        about=about,
        version=1,
        now=now,
    )


class Stored(NamedTuple):
    """A message as the database has it."""

    state: str
    attempts: int
    after_unknown: int
    provider_id: str | None
    error_code: str


async def stored(message_id: uuid.UUID) -> Stored:
    assert DB.pool is not None
    row = await DB.pool.fetchrow(
        "SELECT state, attempts, after_unknown, provider_id, error_code FROM message WHERE id = $1",
        message_id,
    )
    assert row is not None
    return Stored(*row)


async def calls(message_id: uuid.UUID) -> list[str]:
    """What each call to the provider came to, in order."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT outcome FROM message_attempt WHERE message_id = $1 ORDER BY n", message_id
    )
    return [row["outcome"] for row in rows]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that another thread or process brings about; fails when it never holds."""
    async with asyncio.timeout(WAIT_AT_MOST_S):
        while not await holds():
            await asyncio.sleep(0.01)


class Site(NamedTuple):
    """The application, reachable by the provider."""

    url: str
    settings: Settings


@pytest.fixture(scope="session")
async def served(opened: Stores, settings: Settings) -> AsyncIterator[Site]:
    """The application on a real port, knowing it as its public address and the tests' token."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    own = replace(
        settings,
        public_url=url,
        channels=replace(settings.channels, zalo=ZALO_EVENTS),
        twilio=replace(
            settings.twilio,
            account_sid=ACCOUNT,
            auth_token=Secret(TOKEN),
            other_token=Secret(NEXT_TOKEN),
        ),
    )
    app = create_app(own, database_url=opened.database_url, redis_url=opened.redis_url)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(trust_env=False) as http:
        begun = time.monotonic()
        while True:
            try:
                await http.get(f"{url}/health/live")
                break
            except httpx.TransportError:
                assert time.monotonic() - begun < WAIT_AT_MOST_S, "the application did not start"
                await asyncio.sleep(0.02)
    yield Site(url, own)
    server.stop()  # type: ignore[no-untyped-call]
    await serving
