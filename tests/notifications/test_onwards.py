"""A message its provider took and did not bring goes on by the next way, however late that is told.

Over real HTTP: Twilio's client, the gateway's, callbacks to a served application, the worker's own table.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from app.citizens.rules import QuietHours
from app.core.clock import ZONE, current_time
from app.core.crypto import Secret
from app.core.database import DB
from app.core.later import Later
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT, make_subscriptions
from notifications import calls as http_calls
from notifications import following
from notifications.brandname.channel import BrandnameChannel
from notifications.emulator import running_emulator
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.events import MessageNotDelivered
from notifications.listeners import tell_otherwise, tell_person
from notifications.port import Channels
from notifications.receipts import note_receipt
from notifications.ways import Way
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    place,
    publish,
    tomorrow,
)
from tests.notifications.conftest import (
    ACCOUNT,
    LAN,
    NOWHERE,
    TOKEN,
    MakeChannel,
    Site,
    script,
    sent_to,
    tell,
    until,
)
from tests.notifications.test_brandname import BRAND, KEY, SECRET, of
from tests.notifications.test_listeners import ask_for_code, confirmed, facts
from tests.notifications.test_outages import errand, look, states


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
async def drainer(
    served: Site, emulator: TwilioEmulator, gateway: BrandnameGateway
) -> AsyncIterator[Drainer]:
    """The worker of an installation with two providers, which the first can call back."""
    own = replace(
        served.settings,
        channels=replace(served.settings.channels, zalo=None, brandname=of(gateway.base_url)),
        twilio=replace(
            served.settings.twilio,
            account_sid=ACCOUNT,
            auth_token=Secret(TOKEN),
            api_base=emulator.base_url,
        ),
    )
    async with make_subscriptions(own) as subscriptions:
        yield Drainer(subscriptions, silent=SILENT)


@pytest.fixture
async def channels(
    database: object, make_channel: MakeChannel, gateway: BrandnameGateway
) -> AsyncIterator[Channels]:
    """Both providers, neither of which reaches us."""
    async with http_calls.open_client(timeout_s=1.0) as client:
        second = BrandnameChannel(client, of(gateway.base_url), public_url="http://127.0.0.1:9")
        yield Channels(sms=make_channel(), others={Way.BRANDNAME: second})


class State(NamedTuple):
    way: str
    state: str


async def ways_taken() -> list[State]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT channel, state FROM message ORDER BY created_at, channel DESC")
    return [State(row["channel"], row["state"]) for row in rows]


async def fail_late(code: str, now: datetime) -> MessageNotDelivered:
    """The first provider tells that what it took did not arrive."""
    assert DB.pool is not None
    row = await DB.pool.fetchrow("SELECT id, provider_id FROM message WHERE channel = 'sms'")
    assert row is not None
    assert await note_receipt(
        message_id=row["id"], provider_id=row["provider_id"], status="undelivered", error_code=code, now=now
    )
    (told,) = await facts(MessageNotDelivered.kind)
    assert isinstance(told, MessageNotDelivered)
    return told


async def test_what_the_first_provider_took_and_did_not_bring_goes_by_the_second(
    drainer: Drainer,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    await script(emulator, LAN, callbacks=["queued", "sent", "undelivered:30005"])
    row = await confirmed(place, now)

    async def at_rest() -> bool:
        await drainer.turn()
        assert DB.pool is not None
        return bool(gateway.taken) and not await DB.pool.fetchval(
            "SELECT count(*) FROM outbox_work WHERE state IN ('ready', 'claimed')"
        )

    await until(at_rest)

    (taken,) = gateway.taken
    assert row.reference in taken["Content"]
    assert len(sent_to(emulator, LAN)) == 1
    assert sorted(await ways_taken()) == [("brandname", "accepted"), ("sms", "undelivered")]


async def test_eight_who_hear_of_a_late_failure_at_once_take_the_next_way_once(
    channels: Channels, gateway: BrandnameGateway, now: datetime
) -> None:
    await tell_person(await ask_for_code(now), channels=channels)
    failed = await fail_late("30005", now)

    answers = await asyncio.gather(
        *(tell_otherwise(failed, channels=channels) for _ in range(8)), return_exceptions=True
    )

    assert all(answer is None or isinstance(answer, Later) for answer in answers), answers
    assert len(gateway.taken) == 1


async def test_what_was_blocked_as_fraud_afterwards_goes_on_by_none(
    channels: Channels, gateway: BrandnameGateway, now: datetime
) -> None:
    await tell_person(await ask_for_code(now), channels=channels)

    await tell_otherwise(await fail_late("30450", now), channels=channels)

    assert gateway.taken == []
    assert await ways_taken() == [("sms", "undelivered")]


async def test_what_is_stale_when_its_failure_is_told_goes_on_by_none(
    channels: Channels, gateway: BrandnameGateway, now: datetime
) -> None:
    await tell_person(await ask_for_code(now), channels=channels)
    failed = await fail_late("30005", now)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE message SET expires_at = $1", now - timedelta(seconds=1))

    await tell_otherwise(failed, channels=channels)

    assert gateway.taken == []


async def test_the_next_way_is_no_longer_of_use_than_the_first_was(
    channels: Channels, now: datetime
) -> None:
    await tell_person(await ask_for_code(now), channels=channels)
    failed = await fail_late("30005", now)
    assert DB.pool is not None
    ends = now + timedelta(minutes=2)
    await DB.pool.execute("UPDATE message SET expires_at = $1", ends)

    await tell_otherwise(failed, channels=channels)

    found = await DB.pool.fetchval("SELECT expires_at FROM message WHERE channel = 'brandname'")
    assert found == ends


async def test_what_came_from_no_fact_this_program_knows_goes_on_by_none(
    channels: Channels, gateway: BrandnameGateway, now: datetime
) -> None:
    await tell_person(await ask_for_code(now), channels=channels)
    failed = await fail_late("30005", now)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE message SET fact_kind = ''")

    await tell_otherwise(failed, channels=channels)

    assert gateway.taken == []


VISIT = {"reference": "NB-7K3Q-92", "window": "08:00-10:00 25/11/2026"}
MINUTE = timedelta(minutes=1)


async def unanswered(emulator: TwilioEmulator) -> None:
    """The first provider takes it, and its answer says nothing of that."""
    await script(emulator, LAN, status=503, accepted=True, callbacks=[])


async def test_what_was_left_for_the_second_is_not_sent_again_when_the_first_fails_late(
    channels: Channels,
    served: Site,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    """It cannot be asked, so the second brings it; only then the first, which had it, speaks."""
    await unanswered(emulator)
    failed = errand("home_visit_failed", now)._replace(values=VISIT)
    first = make_channel(public_url=served.url, timeout_s=5.0)
    await look(failed, channels._replace(sms=first), now)
    await look(failed, channels._replace(sms=make_channel(api_base=NOWHERE)), now + timedelta(seconds=31))
    assert (await states(), len(gateway.taken)) == ({"sms": "gave_up", "brandname": "accepted"}, 1)
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "queued", "sent", "undelivered:30003")

    assert await states() == {"sms": "undelivered", "brandname": "accepted"}
    assert await following.look_after(channels, now=current_time() + 16 * MINUTE) == 0
    assert (len(sent_to(emulator, LAN)), len(gateway.taken)) == (1, 1)


@pytest.mark.parametrize(("told", "brought"), [("sent", 1), ("delivered", 0)])
async def test_what_was_left_for_the_second_stays_with_it_until_the_first_has_brought_it(
    channels: Channels,
    served: Site,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    now: datetime,
    told: str,
    brought: int,
) -> None:
    """The second is busy just then, so somebody looks again."""
    await unanswered(emulator)
    called = errand("ticket_called", now)
    first = make_channel(public_url=served.url, timeout_s=5.0)
    await look(called, channels._replace(sms=first), now)
    gateway.faults.append("busy")
    await look(called, channels._replace(sms=make_channel(api_base=NOWHERE)), now + timedelta(seconds=31))
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "queued", told)
    await look(called, channels._replace(sms=first), now + MINUTE)

    assert len(gateway.taken) == brought
    assert (await states())["sms"] == told


async def test_what_was_given_up_and_went_on_is_not_sent_again_when_the_first_fails_late(
    channels: Channels,
    served: Site,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    """Three times asked the provider did not know of it, and had it nevertheless; its person is awake."""
    await unanswered(emulator)
    later = now.astimezone(ZONE) + timedelta(hours=6)
    sleeps = QuietHours(later.time(), (later + MINUTE).time())
    at_risk = errand("home_visit_at_risk", now, quiet=sleeps)._replace(values=VISIT)
    first = make_channel(public_url=served.url, timeout_s=5.0)
    await look(at_risk, channels._replace(sms=first), now)
    with running_emulator(account_sid=ACCOUNT, auth_token=TOKEN) as unaware:
        asked = channels._replace(sms=make_channel(api_base=unaware.base_url))
        for minutes in (1, 3, 11):
            await look(at_risk, asked, now + minutes * MINUTE)
    assert (await states(), len(gateway.taken)) == ({"sms": "gave_up", "brandname": "accepted"}, 1)
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "queued", "sent", "undelivered:30003")

    assert await states() == {"sms": "undelivered", "brandname": "accepted"}
    assert await following.look_after(channels, now=current_time() + 16 * MINUTE) == 0
    assert (len(sent_to(emulator, LAN)), len(gateway.taken)) == (1, 1)
