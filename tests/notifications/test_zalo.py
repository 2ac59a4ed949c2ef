"""ZNS over real HTTP: tokens spent once, registered templates, errors in a 200, and the way after it."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.channel_settings import ZaloSettings
from app.citizens.rules import Channel, Preferences
from app.core.crypto import Secret
from app.core.database import DB
from app.core.later import Later
from app.settings import Settings, SettingsError
from notifications import calls, carrying
from notifications.carrying import Errand
from notifications.channels import open_channels
from notifications.classification import Verdict
from notifications.digests.said import OTHERS_WITHIN
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.emulator.zalo import ZaloEmulator
from notifications.port import Accepted, Channels, Content, Outgoing, Rejected, Unknown
from notifications.readers import Reader
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from notifications.ways import RECEIPT_WITHIN, Way
from notifications.zalo import codes
from notifications.zalo.channel import ZaloChannel
from notifications.zalo.registered import Parameter, ZaloTemplate, load
from tests.conftest import Stores
from tests.notifications.conftest import LAN, ZALO_APP, ZALO_SECRET, Site, sent_to
from tests.notifications.test_preferences import around

APP, EVENTS = ZALO_APP, ZALO_SECRET
KEY, FIRST = "secret-of-app", "first-refresh-token"
PATIENCE_S = 1.0
ACCEPTED_DOSSIER = ZaloTemplate(
    id="313441",
    language="vi",
    parameters={"ma_ho_so": Parameter("number", 30), "ngay_hen": Parameter("time", 20)},
)
DATA = {"ma_ho_so": "H42.10-261124-0007", "ngay_hen": "16:30 30/11/2026"}


@pytest.fixture
def zalo() -> Iterator[ZaloEmulator]:
    made = ZaloEmulator(
        app_id=APP, secret_key=KEY, refresh_token=FIRST, events_secret=EVENTS,
        templates={ACCEPTED_DOSSIER.id: set(ACCEPTED_DOSSIER.parameters)},
    )  # fmt: skip
    with running(made):
        yield made


@pytest.fixture
def of_zalo(zalo: ZaloEmulator, tmp_path: Path) -> ZaloSettings:
    return ZaloSettings(
        url=zalo.base_url, oauth_url=zalo.base_url, app_id=APP, secret_key=Secret(KEY),
        refresh_token=Secret(FIRST), templates=tmp_path / "zalo.json", events_secret=Secret(EVENTS),
    )  # fmt: skip


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with calls.open_client(timeout_s=PATIENCE_S) as client:
        yield client


@pytest.fixture
def channel(database: object, http: httpx.AsyncClient, of_zalo: ZaloSettings) -> ZaloChannel:
    return ZaloChannel(http, of_zalo)


def outgoing(**changes: object) -> Outgoing:
    content = Content(template_id=ACCEPTED_DOSSIER.id, parameters=DATA)
    return Outgoing(uuid.uuid4(), 1, LAN, "", 3600, content=content)._replace(**changes)


async def test_a_message_goes_in_a_registered_template_under_our_id(
    channel: ZaloChannel, zalo: ZaloEmulator
) -> None:
    message = outgoing()

    answer = await channel.send(message)

    (taken,) = zalo.taken
    assert answer == Accepted(f"zalo:{taken['msg_id']}")
    assert (taken["phone"], taken["template_data"]) == ("84912345678", DATA)
    assert taken["tracking_id"] == message.message_id.hex


async def test_one_token_serves_many_and_all_processes(
    channel: ZaloChannel, zalo: ZaloEmulator, http: httpx.AsyncClient, of_zalo: ZaloSettings
) -> None:
    await channel.send(outgoing())
    other_process = ZaloChannel(http, of_zalo)

    answers = [await each.send(outgoing()) for each in (channel, other_process, channel)]

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert zalo.renewals == 1


async def test_eight_who_need_a_token_at_once_spend_one_refresh_token(
    database: object, zalo: ZaloEmulator, http: httpx.AsyncClient, of_zalo: ZaloSettings
) -> None:
    answers = await asyncio.gather(*(ZaloChannel(http, of_zalo).send(outgoing()) for _ in range(8)))

    others = {answer for answer in answers if not isinstance(answer, Accepted)}
    assert zalo.renewals == 1
    assert len(zalo.taken) >= 1
    assert others <= {Rejected(Verdict.TEMPORARY, "renewing", timedelta(seconds=2))}


async def test_tokens_are_sealed_where_they_are_kept(channel: ZaloChannel, zalo: ZaloEmulator) -> None:
    await channel.send(outgoing())

    assert DB.pool is not None
    (row,) = await DB.pool.fetch("SELECT * FROM channel_credential")
    kept = bytes(row["access_sealed"]) + bytes(row["refresh_sealed"])
    assert not any(token.encode() in kept for token in zalo.valid)


async def test_a_token_that_is_not_taken_any_more_is_replaced(
    channel: ZaloChannel, zalo: ZaloEmulator
) -> None:
    await channel.send(outgoing())
    zalo.valid.clear()

    refused, sent = await channel.send(outgoing()), await channel.send(outgoing())

    assert refused == Rejected(Verdict.TEMPORARY, "-124")
    assert isinstance(sent, Accepted)
    assert zalo.renewals == 2


async def test_a_token_about_to_end_is_replaced_before_it_does(
    channel: ZaloChannel, zalo: ZaloEmulator
) -> None:
    zalo.lifetime_s = 200
    await channel.send(outgoing())
    await channel.send(outgoing())

    assert zalo.renewals == 2


async def test_a_broken_chain_is_the_operators_to_mend_and_mended_by_a_new_first_token(
    channel: ZaloChannel, zalo: ZaloEmulator, http: httpx.AsyncClient, of_zalo: ZaloSettings
) -> None:
    await channel.send(outgoing())
    zalo.valid.clear()
    zalo.put_refresh_token("granted-anew")
    await channel.send(outgoing())

    broken = await channel.send(outgoing())
    mended = ZaloChannel(http, replace(of_zalo, refresh_token=Secret("granted-anew")))

    assert broken == Rejected(Verdict.CONFIGURATION, "refresh_token")
    assert isinstance(await mended.send(outgoing()), Accepted)


@pytest.mark.parametrize("fault", ["error", "busy", "garbage", "cut", "silent"])
async def test_a_renewal_that_fails_sends_nothing_and_is_tried_again(
    channel: ZaloChannel, zalo: ZaloEmulator, fault: str
) -> None:
    zalo.faults.append(fault)

    answer = await channel.send(outgoing())

    assert isinstance(answer, Rejected) and answer.verdict is Verdict.TEMPORARY
    assert zalo.taken == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("silent", Unknown("ReadTimeout")),
        ("cut", Unknown("RemoteProtocolError")),
        ("garbage", Unknown("http 200")),
        ("error", Unknown("http 500")),
        ("busy", Rejected(Verdict.TEMPORARY, "429", timedelta(seconds=7))),
        ("-100", Unknown("-100")),
        *(
            (str(code), Rejected(meaning, str(code)))
            for code, meaning in codes.MEANINGS.items()
            if meaning is not Verdict.AMBIGUOUS
        ),
        ("-999", Rejected(Verdict.CONTENT, "-999")),
    ],
)
async def test_each_way_of_answering_makes_one_call_and_has_one_meaning(
    channel: ZaloChannel, zalo: ZaloEmulator, fault: str, expected: object
) -> None:
    await channel.send(outgoing())
    zalo.calls.clear()
    zalo.faults.append(fault)

    assert await channel.send(outgoing()) == expected
    assert len(zalo.calls) == 1


def errand(now: datetime, *, locale: str = "vi", number: str = DATA["ma_ho_so"]) -> Errand:
    chosen = Preferences(channel=Channel.ZALO, quiet=around(now, begins_in=2, ends_in=4))
    return Errand(
        template=TEMPLATES["dossier_accepted"],
        reader=Reader(LAN, locale, chosen),
        values={"number": number, "time": DATA["ngay_hen"]},
        about="dossier:1",
        version=1,
        # So long ago that no others are waited for.
        happened_at=now - OTHERS_WITHIN,
    )


@pytest.fixture
def channels(sms: TwilioChannel, channel: ZaloChannel) -> Channels:
    templates = {"dossier_accepted": ACCEPTED_DOSSIER}
    return Channels(sms=sms, others={Way.ZALO: channel}, zalo_templates=templates)


async def bring(errand: Errand, channels: Channels, now: datetime) -> timedelta | None:
    try:
        await carrying.carry(errand, channels=channels, now=now)
    except Later as later:
        return later.after
    return None


async def test_who_chose_zalo_is_told_there_and_no_sms_follows_a_receipt(
    channels: Channels, zalo: ZaloEmulator, emulator: TwilioEmulator, served: Site, now: datetime
) -> None:
    again = await bring(errand(now), channels, now)
    assert again is not None and timedelta() < again <= RECEIPT_WITHIN[Way.ZALO] + timedelta(seconds=5)

    answer = await asyncio.to_thread(zalo.call_back, 0, f"{served.url}/v1/callbacks/zalo")
    after = await bring(errand(now), channels, now + timedelta(hours=1))

    assert (answer, after) == (204, None)
    assert len(zalo.taken) == 1 and emulator.mailbox.all() == []


async def test_without_a_receipt_in_time_the_sms_follows_once(
    channels: Channels, zalo: ZaloEmulator, emulator: TwilioEmulator, now: datetime
) -> None:
    await bring(errand(now), channels, now)
    later = now + RECEIPT_WITHIN[Way.ZALO] + timedelta(minutes=1)

    for _ in range(3):
        assert await bring(errand(now), channels, later) is None

    assert len(zalo.taken) == 1 and len(sent_to(emulator, LAN)) == 1


async def test_an_sms_takes_along_only_what_would_leave_by_sms_now(
    channels: Channels, zalo: ZaloEmulator, served: Site, now: datetime
) -> None:
    told, later = errand(now), now + RECEIPT_WITHIN[Way.ZALO] + timedelta(minutes=1)

    async def by_sms(at: datetime) -> bool:
        return await carrying.goes_by(told, Way.SMS, channels=channels, now=at)

    untried = await by_sms(now)
    await bring(told, channels, now)
    in_time, without_a_receipt = await by_sms(now), await by_sms(later)
    await asyncio.to_thread(zalo.call_back, 0, f"{served.url}/v1/callbacks/zalo")

    assert (untried, in_time, without_a_receipt, await by_sms(later)) == (False, False, True, False)
    nothing = told.reader._replace(chosen=Preferences(channel=Channel.NONE))
    assert not await carrying.goes_by(told._replace(reader=nothing), Way.ZALO, channels=channels, now=now)


@pytest.mark.parametrize("fault", ["-118", "-133", "-141", "-144"])
async def test_what_zalo_refuses_goes_by_sms_at_once(
    channels: Channels, zalo: ZaloEmulator, emulator: TwilioEmulator, now: datetime, fault: str
) -> None:
    zalo.faults.extend(["", fault])

    assert await bring(errand(now), channels, now) is None

    assert zalo.taken == [] and len(sent_to(emulator, LAN)) == 1


async def test_an_account_that_is_wrong_for_long_does_not_hold_messages_back_for_ever(
    channels: Channels, zalo: ZaloEmulator, emulator: TwilioEmulator, now: datetime
) -> None:
    zalo.put_refresh_token("somebody else spent it")
    assert await bring(errand(now), channels, now) is not None
    assert emulator.mailbox.all() == []

    await bring(errand(now), channels, now + timedelta(minutes=11))
    zalo.put_refresh_token(FIRST)
    await bring(errand(now), channels, now + timedelta(minutes=12))

    assert zalo.taken == [] and len(sent_to(emulator, LAN)) == 1


@pytest.mark.parametrize("changes", [{"locale": "en"}, {"number": "H" * 31}, {"number": ""}])
async def test_what_its_template_cannot_say_goes_by_sms(
    channels: Channels,
    zalo: ZaloEmulator,
    emulator: TwilioEmulator,
    now: datetime,
    changes: dict[str, str],
) -> None:
    await bring(errand(now, **changes), channels, now)

    assert zalo.calls == [] and len(sent_to(emulator, LAN)) == 1


async def test_a_forged_event_changes_nothing(
    channels: Channels, zalo: ZaloEmulator, served: Site, client: httpx.AsyncClient, now: datetime
) -> None:
    await bring(errand(now), channels, now)
    url = f"{served.url}/v1/callbacks/zalo"

    forged = await asyncio.to_thread(zalo.call_back, 0, url, forged=True)
    other = await asyncio.to_thread(zalo.call_back, 0, url, event="user_send_text")

    assert (forged, other) == (403, 204)
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT state FROM message") == "accepted"
    for body in (b"", b"[]", b"\xff", b'{"message": 3}', b'{"message": {"tracking_id": {}}}'):
        assert (await client.post("/v1/callbacks/zalo", content=body)).status_code == 403


def test_a_file_that_names_what_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zalo.json"
    entry = {"id": "1", "language": "vi", "parameters": {"a": {"value": "number", "max": 30}}}

    path.write_text(json.dumps({"dossier_accepted": entry}), encoding="utf-8")
    assert load(path)["dossier_accepted"].id == "1"

    wrong = {"a": {"value": "owner", "max": 30}}
    for found in ({"nothing": entry}, {"dossier_accepted": entry | {"parameters": wrong}}, {"x": 1}):
        path.write_text(json.dumps(found), encoding="utf-8")
        with pytest.raises(ValueError, match="MOTCUA_ZALO_TEMPLATES"):
            load(path)
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "absent.json")


async def test_settings_open_the_channel_and_hide_its_secrets(tmp_path: Path, opened: Stores) -> None:
    path = tmp_path / "zalo.json"
    good = {
        "MOTCUA_ZALO_APP_ID": APP,
        "MOTCUA_ZALO_SECRET_KEY": "secret-key-of-zalo",
        "MOTCUA_ZALO_REFRESH_TOKEN": "refresh-token-of-zalo",
        "MOTCUA_ZALO_EVENTS_SECRET": "events-secret-of-zalo",
        "MOTCUA_ZALO_TEMPLATES": str(path),
    }
    settings = Settings.from_environment(good)

    assert not any(secret in repr(settings) for secret in list(good.values())[1:4])
    with pytest.raises(SettingsError, match="MOTCUA_ZALO_TEMPLATES"):
        Settings.from_environment(good | {"MOTCUA_ZALO_TEMPLATES": ""})
    with pytest.raises(SettingsError, match="https"):
        Settings.from_environment(good | {"MOTCUA_ZALO_URL": "http://zalo.example.vn"})
    with pytest.raises(SettingsError, match="cannot be read"):
        async with open_channels(settings):
            pass
    path.write_text("{}", encoding="utf-8")
    async with open_channels(settings) as channels:
        assert Way.ZALO in channels.others
