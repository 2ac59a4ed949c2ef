"""Notices of the app over real HTTP: bought access, dead tokens, and the SMS when the app is silent."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.citizens import addresses, devices
from app.citizens.rules import Channel, Preferences
from app.core.database import DB
from app.core.later import Later
from app.http.principals import Caller
from app.settings import Settings, SettingsError
from notifications import calls, carrying
from notifications.carrying import Errand
from notifications.channels import open_channels
from notifications.classification import Verdict
from notifications.emulator.gateway import running
from notifications.emulator.push import STATUSES, PushService
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_beside, tell_person
from notifications.port import Accepted, Channels, Content, Outgoing, Rejected, Unknown
from notifications.push import codes
from notifications.push.access import Account, load
from notifications.push.channel import PushChannel
from notifications.readers import Reader
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from tests.citizens.conftest import make_account
from tests.conftest import SignIn
from tests.notifications.conftest import LAN, sent_to
from tests.notifications.test_listeners import ask_for_code
from tests.notifications.test_preferences import around

DEVICE = "dG9rZW4tb2YtYS1kZXZpY2U"
PATIENCE_S = 1.0


@pytest.fixture
def service() -> Iterator[PushService]:
    made = PushService()
    made.devices.add(DEVICE)
    with running(made):
        yield made


@pytest.fixture
def account(service: PushService, tmp_path: Path) -> Account:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(service.account_file()), encoding="utf-8")
    return load(path)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with calls.open_client(timeout_s=PATIENCE_S) as client:
        yield client


@pytest.fixture
def channel(
    database: object, http: httpx.AsyncClient, service: PushService, account: Account
) -> PushChannel:
    return PushChannel(http, account, url=service.base_url)


def outgoing(token: str = DEVICE) -> Outgoing:
    content = Content(title="Hồ sơ H42")
    return Outgoing(
        uuid.uuid4(), 1, LAN, "Motcua: hồ sơ đã có kết quả.", 900, address=token, content=content
    )


async def test_a_notice_reaches_the_device_with_its_marks_and_replaces_itself(
    channel: PushChannel, service: PushService
) -> None:
    message = outgoing()

    answers = [await channel.send(message) for _ in range(2)]

    assert answers == [Accepted(f"push:{message.message_id.hex}")] * 2
    first, second = service.taken
    assert first == second
    assert first["notification"] == {"title": "Hồ sơ H42", "body": message.body}
    assert first["data"] == {"message_id": str(message.message_id)}
    assert first["android"]["notification"]["tag"] == first["apns"]["headers"]["apns-collapse-id"]
    assert first["android"]["ttl"] == "900s"


async def test_access_is_bought_once_and_again_when_it_is_taken_no_more(
    channel: PushChannel, service: PushService
) -> None:
    for _ in range(3):
        await channel.send(outgoing())
    bought = service.bought
    service.valid.clear()

    refused, sent = await channel.send(outgoing()), await channel.send(outgoing())

    assert bought == 1
    assert refused == Rejected(Verdict.TEMPORARY, "UNAUTHENTICATED")
    assert isinstance(sent, Accepted)
    assert service.bought == 2


async def test_anothers_key_buys_nothing(
    http: httpx.AsyncClient, service: PushService, account: Account, database: object
) -> None:
    with running(other := PushService()):
        stranger = other.account_file()["private_key"]
    wrong = Account(account.project_id, account.client_email, stranger, account.token_uri)

    answer = await PushChannel(http, wrong, url=service.base_url).send(outgoing())

    assert answer == Rejected(Verdict.CONFIGURATION, "access")
    assert service.taken == []


def meaning_of(code: str) -> object:
    found = codes.MEANINGS[code]
    return Unknown(code) if found is Verdict.AMBIGUOUS else Rejected(found, code)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("silent", Unknown("ReadTimeout")),
        ("cut", Unknown("RemoteProtocolError")),
        ("garbage", Unknown("http 200")),
        ("error", Unknown("http 500")),
        ("busy", Rejected(Verdict.TEMPORARY, "429", timedelta(seconds=7))),
        *((code, meaning_of(code)) for code in STATUSES),
    ],
)
async def test_each_way_of_answering_makes_one_call_and_has_one_meaning(
    channel: PushChannel, service: PushService, fault: str, expected: object
) -> None:
    await channel.send(outgoing())
    service.calls.clear()
    service.faults.append(fault)

    assert await channel.send(outgoing()) == expected
    assert len(service.calls) == 1


@pytest.mark.parametrize("fault", ["error", "busy", "garbage", "cut", "silent"])
async def test_no_access_now_sends_nothing_and_is_tried_again(
    channel: PushChannel, service: PushService, fault: str
) -> None:
    service.faults.append(fault)

    answer = await channel.send(outgoing())

    assert isinstance(answer, Rejected) and answer.verdict is Verdict.TEMPORARY
    assert service.taken == []


async def with_device(now: datetime, token: str = DEVICE) -> uuid.UUID:
    lan = await make_account(LAN, at=now)
    await devices.register(citizen_id=lan, platform="android", token=token, now=now)
    return lan


@pytest.fixture
def channels(sms: TwilioChannel, channel: PushChannel) -> Channels:
    return Channels(sms=sms, others={Way.PUSH: channel})


def errand(now: datetime, template: str = "dossier_completed") -> Errand:
    chosen = Preferences(channel=Channel.PUSH, quiet=around(now, begins_in=2, ends_in=4))
    values = {"number": "H42.10-261124-0007", "counter": "3"}
    return Errand(
        TEMPLATES[template],
        Reader(LAN, "vi", chosen),
        values,
        about="dossier:1",
        version=1,
        happened_at=now,
    )


async def bring(errand: Errand, channels: Channels, now: datetime) -> timedelta | None:
    try:
        await carrying.carry(errand, channels=channels, now=now)
    except Later as later:
        return later.after
    return None


async def test_a_device_that_is_gone_is_forgotten_and_the_sms_goes_at_once(
    channels: Channels, service: PushService, emulator: TwilioEmulator, now: datetime
) -> None:
    await with_device(now, "a-token-nobody-knows")

    assert await bring(errand(now), channels, now) is None

    assert (await addresses.of_phone(LAN)).push == ()
    assert service.taken == [] and len(sent_to(emulator, LAN)) == 1


async def test_who_chose_notices_gets_no_sms_once_the_app_said_it_came(
    channels: Channels,
    service: PushService,
    emulator: TwilioEmulator,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    now: datetime,
) -> None:
    lan = await sign_in(Caller.CITIZEN, subject_id=await with_device(now))
    minh = await sign_in(Caller.CITIZEN, subject_id=await make_account("+84912345679", at=now))
    assert await bring(errand(now), channels, now) is not None
    (taken,) = service.taken
    path = f"/v1/me/notices/{taken['data']['message_id']}/received"

    theirs = await client.put(path, headers=minh.headers)
    own = [await client.put(path, headers=lan.headers) for _ in range(2)]

    assert (theirs.status_code, theirs.json()["code"]) == (404, "notice_not_found")
    assert [each.status_code for each in own] == [204, 204]
    assert await bring(errand(now), channels, now + timedelta(hours=1)) is None
    assert emulator.mailbox.all() == []


async def test_without_a_word_of_the_app_the_sms_follows_once(
    channels: Channels, service: PushService, emulator: TwilioEmulator, now: datetime
) -> None:
    await with_device(now)
    await bring(errand(now), channels, now)

    for _ in range(3):
        assert await bring(errand(now), channels, now + timedelta(minutes=1)) is None

    assert len(service.taken) == 1 and len(sent_to(emulator, LAN)) == 1


async def test_what_cannot_wait_goes_both_ways_at_once(
    channels: Channels, service: PushService, emulator: TwilioEmulator, now: datetime
) -> None:
    await with_device(now)
    called = errand(now, "ticket_called")

    await carrying.carry(called, channels=channels, now=now)
    await carrying.accompany(called, channels=channels, now=now)

    assert len(service.taken) == 1 and len(sent_to(emulator, LAN)) == 1
    assert service.taken[0]["notification"]["title"].startswith("Mời số")


async def test_a_code_is_in_no_notice(
    channels: Channels, service: PushService, emulator: TwilioEmulator, now: datetime
) -> None:
    await with_device(now)
    fact = await ask_for_code(now)

    await tell_person(fact, channels=channels)
    await tell_beside(fact, channels=channels)

    assert service.calls == [] and len(sent_to(emulator, LAN)) == 1


async def test_a_service_that_is_down_delays_no_sms(
    channels: Channels, service: PushService, emulator: TwilioEmulator, now: datetime
) -> None:
    await with_device(now)
    service.faults.extend(["error"] * 3)
    called = errand(now, "ticket_called")

    with pytest.raises(Later):
        await carrying.accompany(called, channels=channels, now=now)
    await carrying.carry(called, channels=channels, now=now)

    assert len(sent_to(emulator, LAN)) == 1
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT state FROM message WHERE channel = 'sms'") == "accepted"


async def test_settings_open_the_channel_and_say_nothing_of_its_key(
    service: PushService, tmp_path: Path, opened: object
) -> None:
    path = tmp_path / "account.json"
    settings = Settings.from_environment({"MOTCUA_PUSH_ACCOUNT": str(path)})
    key = service.account_file()["private_key"]

    for content in ("", "{}", json.dumps(service.account_file() | {"private_key": key.replace("A", "B")})):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError, match="MOTCUA_PUSH_ACCOUNT") as refused:
            async with open_channels(settings):
                pass
        assert key[40:80] not in str(refused.value)
    path.write_text(json.dumps(service.account_file()), encoding="utf-8")
    async with open_channels(settings) as channels:
        assert Way.PUSH in channels.others
    assert key[40:80] not in repr(load(path))
    with pytest.raises(SettingsError, match="https"):
        Settings.from_environment(
            {"MOTCUA_PUSH_ACCOUNT": str(path), "MOTCUA_PUSH_URL": "http://push.example.vn"}
        )
    assert replace(settings).channels.push is not None
