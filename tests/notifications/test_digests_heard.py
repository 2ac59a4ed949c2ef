"""Changes of Lan's dossiers, heard as work hears them: what goes together is decided by what holds then."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from app.citizens.rules import Preferences
from app.core.clock import FastClock, machine_time, set_clock
from app.core.database import DB
from app.core.later import Later
from app.core.outbox import Fact
from notifications import calls as http_calls
from notifications import following, holds
from notifications.brandname.channel import BrandnameChannel
from notifications.digests.said import OTHERS_WITHIN
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.events import MessageNotDelivered
from notifications.limits import TEMPLATE
from notifications.listeners import tell_otherwise, tell_person
from notifications.port import Channels
from notifications.receipts import note_receipt
from notifications.ways import Way
from tests.citizens.conftest import make_account
from tests.notifications.conftest import LAN, MakeChannel, script, sent_to
from tests.notifications.test_brandname import BRAND, KEY, SECRET, of
from tests.notifications.test_listeners import facts
from tests.notifications.test_preferences import around, choose
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import accepted, completed

HOA = "+84987654321"
MINUTE = timedelta(minutes=1)
At = Callable[[datetime], None]


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
async def channels(
    database: object, make_channel: MakeChannel, gateway: BrandnameGateway, now: datetime
) -> AsyncIterator[Channels]:
    """Two providers, and Lan sleeps at no hour of the machine that matters here."""
    lan = await make_account(LAN, at=now)
    await choose(lan, Preferences(quiet=around(now, begins_in=20, ends_in=22)))
    async with http_calls.open_client(timeout_s=1.0) as client:
        second = BrandnameChannel(client, of(gateway.base_url), public_url="http://127.0.0.1:9")
        yield Channels(sms=make_channel(), others={Way.BRANDNAME: second})


@pytest.fixture
def at() -> Iterator[At]:
    def stand(moment: datetime) -> None:
        set_clock(FastClock(moment, machine_time(), 1))

    yield stand
    set_clock(None)


async def hear(told: Sequence[Fact], channels: Channels) -> list[bool]:
    """Of each whether everything about it is done."""
    done = []
    for fact in told:
        try:
            await tell_person(fact, channels=channels)
        except Later:
            done.append(False)
        else:
            done.append(True)
    return done


async def test_two_dossiers_accepted_one_after_the_other_are_told_in_one(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    at: At,
    now: datetime,
) -> None:
    numbers = [(await accepted(open_hall, now)).number for _ in range(2)]
    told = await facts("dossier.accepted")

    early = await hear(told, channels)
    at(now + OTHERS_WITHIN)
    late = await hear(told * 2, channels)

    assert (early, late) == ([False] * 2, [True] * 4)
    (text,) = sent_to(emulator, LAN)
    assert all(number in text for number in numbers)


async def test_a_result_leaves_at_once_and_takes_along_what_another_dossier_waits_with(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    waiting, ready = [await accepted(open_hall, now) for _ in range(2)]
    await hear(await facts("dossier.accepted"), channels)
    await completed(ready, now)

    assert await hear(await facts("dossier.completed"), channels) == [True]

    (text,) = sent_to(emulator, LAN)
    assert f"Da co ket qua: {ready.number}; da tiep nhan, hen tra: {waiting.number}" in text
    assert text.count(ready.number) == 1


async def test_a_dossier_that_has_another_reader_by_then_is_not_told_to_the_one_before(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    at: At,
    now: datetime,
) -> None:
    hers, another = [await accepted(open_hall, now) for _ in range(2)]
    told = await facts("dossier.accepted")
    await hear(told, channels)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE dossier SET applicant_phone = $2 WHERE id = $1", another.id, HOA)

    at(now + OTHERS_WITHIN)
    await hear(told, channels)

    (text,) = sent_to(emulator, LAN)
    assert hers.number in text and another.number not in text


async def test_what_the_first_provider_refuses_goes_by_the_second_each_once(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    at: At,
    now: datetime,
) -> None:
    numbers = [(await accepted(open_hall, now)).number for _ in range(3)]
    told = await facts("dossier.accepted")
    await script(emulator, LAN, status=400, code=21614)
    await hear(told, channels)

    for waited in (OTHERS_WITHIN, 2 * OTHERS_WITHIN, 2 * OTHERS_WITHIN):
        at(now + waited + timedelta(minutes=1))
        done = await hear(told, channels)

    assert done == [True] * 3
    assert (len(emulator.mailbox.calls()), sent_to(emulator, LAN)) == (1, [])
    texts = [taken["Content"] for taken in gateway.taken]
    assert [sum(number in text for text in texts) for number in numbers] == [1] * 3
    # The first at once, the others in one when its ten minutes are over.
    assert len(texts) == 2


async def test_what_did_not_arrive_after_all_goes_by_the_second_each_once(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    at: At,
    now: datetime,
) -> None:
    numbers = [(await accepted(open_hall, now)).number for _ in range(2)]
    told = await facts("dossier.accepted")
    await hear(told, channels)
    at(now + OTHERS_WITHIN)
    await hear(told, channels)
    assert DB.pool is not None
    whole = await DB.pool.fetchrow("SELECT id, provider_id FROM message WHERE state = 'accepted'")
    assert whole is not None

    assert await note_receipt(
        message_id=whole["id"],
        provider_id=whole["provider_id"],
        status="undelivered",
        error_code="30005",
        now=now + OTHERS_WITHIN,
    )
    failed = await facts(MessageNotDelivered.kind)
    for moment in (now + OTHERS_WITHIN, now + 2 * OTHERS_WITHIN + timedelta(minutes=1)):
        at(moment)
        for fact in failed:
            assert isinstance(fact, MessageNotDelivered)
            try:
                await tell_otherwise(fact, channels=channels)
            except Later:
                continue

    texts = [taken["Content"] for taken in gateway.taken]
    assert len(failed) == 2 and len(sent_to(emulator, LAN)) == 1
    assert [sum(number in text for text in texts) for number in numbers] == [1] * 2


@pytest.mark.parametrize("still_hers", [True, False])
async def test_what_is_held_when_the_others_leave_goes_when_it_is_let_go(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    at: At,
    now: datetime,
    still_hers: bool,
) -> None:
    """It had left with another, so its work is done; the provider's queue was full, and both came back."""
    waiting, ready, third = [await accepted(open_hall, now) for _ in range(3)]
    told = (await facts("dossier.accepted"))[:2]
    await hear(told, channels)
    await completed(ready, now)
    assert await hear([*await facts("dossier.completed"), *told], channels) == [True] * 3
    assert DB.pool is not None
    whole = await DB.pool.fetchrow("SELECT id, provider_id FROM message WHERE state = 'accepted'")
    assert whole is not None
    assert await note_receipt(
        message_id=whole["id"],
        provider_id=whole["provider_id"],
        status="failed",
        error_code="30001",
        now=now,
    )
    held = f"{TEMPLATE}dossier_accepted"
    await holds.hold(scope=held, reason="A number in it is wrong", officer_id=None, now=now)
    await completed(third, now)
    if not still_hers:
        await DB.pool.execute("UPDATE dossier SET applicant_phone = $2 WHERE id = $1", waiting.id, HOA)
    at(now + 11 * MINUTE)
    await hear((await facts("dossier.completed"))[1:], channels)

    await following.look_after(channels, now=now + 12 * MINUTE)
    before = sent_to(emulator, LAN)[1:]
    await holds.let_go(scope=held, now=now + 12 * MINUTE)
    await following.look_after(channels, now=now + 13 * MINUTE)

    (together,) = before
    assert ready.number in together and third.number in together and waiting.number not in together
    alone = sent_to(emulator, LAN)[2:]
    assert [waiting.number in text for text in alone] == ([True] if still_hers else [])
