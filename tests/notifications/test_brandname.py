"""The domestic gateway over real HTTP: said again is asked again, and each code by what it means."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from app.channel_settings import BrandnameSettings
from app.core.crypto import Secret
from app.core.later import Later
from app.servers.ports import free_port
from app.settings import Settings, SettingsError
from notifications import calls, delivery
from notifications.brandname import codes
from notifications.brandname.channel import BrandnameChannel, mac
from notifications.classification import Verdict
from notifications.delivery import Carried
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_person
from notifications.port import Accepted, Channels, Outgoing, Rejected, Unknown
from notifications.templates import TEMPLATES
from notifications.ways import Way
from tests.notifications.conftest import LAN, MakeChannel, Site, magic, sent_to, stored
from tests.notifications.test_listeners import ask_for_code

KEY, SECRET, BRAND = "key-of-tests", "secret-of-tests", "MOTCUANB"
PATIENCE_S = 1.0


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with calls.open_client(timeout_s=PATIENCE_S) as client:
        yield client


def of(url: str, *, secret: str = SECRET, brandname: str = BRAND) -> BrandnameSettings:
    return BrandnameSettings(url=url, key=KEY, secret=Secret(secret), brandname=brandname)


@pytest.fixture
def channel(opened: object, http: httpx.AsyncClient, gateway: BrandnameGateway) -> BrandnameChannel:
    return BrandnameChannel(http, of(gateway.base_url), public_url="http://127.0.0.1:9")


def outgoing(phone: str = LAN) -> Outgoing:
    return Outgoing(uuid.uuid4(), 1, phone, "Motcua: moi so A012 den quay 3.", 180)


async def test_a_message_goes_under_the_brand_name_with_our_id(
    channel: BrandnameChannel, gateway: BrandnameGateway
) -> None:
    message = outgoing()

    answer = await channel.send(message)

    (taken,) = gateway.taken
    assert answer == Accepted(f"brandname:{taken['SMSID']}")
    assert (taken["Phone"], taken["Content"], taken["Brandname"]) == ("0912345678", message.body, BRAND)
    assert (taken["RequestId"], taken["SmsType"], taken["IsUnicode"]) == (message.message_id.hex, "2", "0")


async def test_saying_it_again_is_asking_whether_it_arrived(
    channel: BrandnameChannel, gateway: BrandnameGateway
) -> None:
    message = outgoing()
    gateway.faults.append("cut")

    first, second, third = [await channel.send(message) for _ in range(3)]

    assert isinstance(first, Unknown)
    assert second == third == Accepted(f"brandname:{message.message_id.hex}")
    assert len(gateway.taken) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("silent", Unknown("ReadTimeout")),
        ("cut", Unknown("RemoteProtocolError")),
        ("garbage", Unknown("http 200")),
        ("error", Unknown("http 500")),
        ("busy", Rejected(Verdict.TEMPORARY, "429", timedelta(seconds=7))),
        *((code, Rejected(meaning, code)) for code, meaning in codes.MEANINGS.items()),
        ("987", Rejected(Verdict.CONTENT, "987")),
    ],
)
async def test_each_way_of_answering_makes_one_call_and_has_one_meaning(
    channel: BrandnameChannel, gateway: BrandnameGateway, fault: str, expected: object
) -> None:
    gateway.faults.append(fault)

    assert await channel.send(outgoing()) == expected
    assert len(gateway.calls) == 1


async def test_a_wrong_account_is_the_operators_to_mend(
    http: httpx.AsyncClient, gateway: BrandnameGateway, opened: object
) -> None:
    url = gateway.base_url
    answers = [
        await BrandnameChannel(http, settings, public_url="").send(outgoing())
        for settings in (of(url, secret="old"), of(url, brandname="OTHER"), of(f"{url}/elsewhere"))
    ]

    assert [each.verdict for each in answers if isinstance(each, Rejected)] == [Verdict.CONFIGURATION] * 3
    assert gateway.taken == []


async def test_nobody_there_and_nobody_abroad(http: httpx.AsyncClient, opened: object) -> None:
    channel = BrandnameChannel(http, of(f"http://127.0.0.1:{free_port()}"), public_url="")

    assert await channel.send(outgoing()) == Rejected(Verdict.TEMPORARY, "connection")
    assert await channel.send(outgoing("+4915112345678")) == Rejected(Verdict.RECIPIENT, "foreign")


async def owe_by_gateway(now: datetime) -> uuid.UUID:
    return await delivery.owe(
        template=TEMPLATES["ticket_called"], locale="vi", phone=LAN,
        values={"number": "A012", "counter": "3"}, about="ticket:1", version=1, now=now,
        carried=Carried(Way.BRANDNAME),
    )  # fmt: skip


async def bring(message_id: uuid.UUID, channel: BrandnameChannel, now: datetime) -> None:
    """As the drainer does, with the waiting left out."""
    for _ in range(10):
        try:
            await delivery.deliver(message_id, channel=channel, now=now)
        except Later as later:
            now += later.after
        else:
            return
    raise AssertionError("the message never settles")


@pytest.mark.parametrize("fault", ["silent", "cut", "garbage", "error", "busy"])
async def test_whatever_goes_wrong_once_the_message_arrives_once(
    database: object, channel: BrandnameChannel, gateway: BrandnameGateway, now: datetime, fault: str
) -> None:
    """Also one of which a template would send no second copy: the gateway blocks it by our id."""
    message_id = await owe_by_gateway(now)
    gateway.faults.append(fault)

    await bring(message_id, channel, now)

    assert (await stored(message_id)).state == "accepted"
    assert len(gateway.taken) == 1


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([("5", 1, 0)], "delivered"),
        ([("5", 0, 1)], "undelivered"),
        ([("4", 0, 0)], "undelivered"),
        ([("7", 0, 0)], "sent"),
        ([("5", 1, 0), ("7", 0, 0), ("1", 0, 0), ("5", 1, 0)], "delivered"),
        ([("99", 0, 0)], "accepted"),
    ],
)
async def test_what_became_of_it_is_called_back(
    database: object,
    http: httpx.AsyncClient,
    gateway: BrandnameGateway,
    served: Site,
    now: datetime,
    told: list[tuple[str, int, int]],
    state: str,
) -> None:
    channel = BrandnameChannel(http, of(gateway.base_url), public_url=served.url)
    message_id = await owe_by_gateway(now)
    await bring(message_id, channel, now)

    answers = [
        await asyncio.to_thread(gateway.call_back, 0, status, succeeded=good, failed=bad)
        for status, good, bad in told
    ]

    assert set(answers) == {204}
    assert (await stored(message_id)).state == state


async def test_an_address_nobody_was_given_opens_nothing(
    client: httpx.AsyncClient, channel: BrandnameChannel, gateway: BrandnameGateway, now: datetime
) -> None:
    message_id = await owe_by_gateway(now)
    await bring(message_id, channel, now)
    others = mac(uuid.uuid4())

    for proof in (others, "x", "đ"):
        answer = await client.get(
            f"/v1/callbacks/brandname/{message_id}/{proof}", params={"SendStatus": "5", "SendSuccess": "1"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "callback_address")
    assert (await stored(message_id)).state == "accepted"


async def test_a_code_the_first_provider_refuses_goes_by_the_gateway(
    database: object,
    channel: BrandnameChannel,
    gateway: BrandnameGateway,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    channels = Channels(sms=make_channel(), others={Way.BRANDNAME: channel})
    refused = magic("04")

    await tell_person(await ask_for_code(now, refused), channels=channels)

    (taken,) = gateway.taken
    assert "ma xac nhan" in taken["Content"] and sent_to(emulator, refused) == []


async def test_the_gateway_may_be_the_first(
    database: object,
    channel: BrandnameChannel,
    gateway: BrandnameGateway,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    channels = Channels(sms=make_channel(), others={Way.BRANDNAME: channel}, sms_first=Way.BRANDNAME)

    await tell_person(await ask_for_code(now), channels=channels)

    assert len(gateway.taken) == 1 and emulator.mailbox.all() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MOTCUA_BRANDNAME_URL": "http://gateway.example.vn"}, "https"),
        ({"MOTCUA_BRANDNAME_URL": "https://user:secret@gateway.example.vn"}, "without an account"),
        ({"MOTCUA_BRANDNAME": ""}, "MOTCUA_BRANDNAME too"),
        ({"MOTCUA_SMS_FIRST": "pigeon"}, "MOTCUA_SMS_FIRST"),
        ({"MOTCUA_SMS_FIRST": "brandname", "MOTCUA_BRANDNAME_URL": ""}, "MOTCUA_BRANDNAME_URL"),
    ],
)
def test_settings_that_would_send_phones_astray_are_refused(changes: dict[str, str], words: str) -> None:
    good = {
        "MOTCUA_BRANDNAME_URL": "https://gateway.example.vn/api/",
        "MOTCUA_BRANDNAME_KEY": "key",
        "MOTCUA_BRANDNAME_SECRET": "secret-of-gateway",
        "MOTCUA_BRANDNAME": BRAND,
    }
    settings = Settings.from_environment(good)

    assert settings.channels.brandname is not None
    assert settings.channels.brandname.url == "https://gateway.example.vn/api"
    assert "secret-of-gateway" not in repr(settings)
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(good | changes)
