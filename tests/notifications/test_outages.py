"""The first provider is down: what cannot wait goes by the second, all else waits, nobody is told twice."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, time, timedelta

import pytest

from app.citizens.rules import Preferences, QuietHours
from app.core.clock import ZONE, local_date
from app.core.database import DB, transaction
from app.core.later import Later
from app.servers.ports import free_port
from notifications import calls, carrying, circuits, holds, limits
from notifications.brandname.channel import BrandnameChannel
from notifications.carrying import Errand
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.faults import EVERYBODY, Script
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.port import Channels
from notifications.readers import Reader
from notifications.templates import TEMPLATES
from notifications.ways import Way
from tests.notifications.conftest import LAN, MakeChannel, sent_to
from tests.notifications.test_brandname import BRAND, KEY, SECRET, of
from tests.notifications.test_preferences import around

WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
VALUES = {"number": "A012", "counter": "3"}
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZONE)
MORNING = datetime(2026, 11, 25, 6, 30, tzinfo=ZONE)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
async def second(database: object, gateway: BrandnameGateway) -> AsyncIterator[BrandnameChannel]:
    async with calls.open_client(timeout_s=1.0) as client:
        yield BrandnameChannel(client, of(gateway.base_url), public_url="")


def errand(template: str, now: datetime, *, quiet: QuietHours | None = None) -> Errand:
    lan = Reader(LAN, "vi", Preferences(quiet=quiet))
    return Errand(TEMPLATES[template], lan, VALUES, about="ticket:1", version=1, happened_at=now)


async def look(told: Errand, channels: Channels, now: datetime) -> timedelta | None:
    try:
        await carrying.carry(told, channels=channels, now=now)
    except Later as later:
        return later.after
    return None


async def states() -> dict[str, str]:
    assert DB.pool is not None
    return {
        row["channel"]: row["state"] for row in await DB.pool.fetch("SELECT channel, state FROM message")
    }


async def test_who_is_called_hears_of_it_by_the_second_provider_and_not_again_by_the_first(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    others: dict[Way, BrandnameChannel] = {Way.BRANDNAME: second}
    called = errand("ticket_called", now)

    again = await look(called, Channels(sms=down, others=others), now)
    before = len(gateway.taken)
    await look(called, Channels(sms=down, others=others), now + timedelta(seconds=31))
    # The first is back: what was left behind stays there.
    await look(called, Channels(sms=make_channel(), others=others), now + timedelta(seconds=60))

    assert again is not None and again <= timedelta(seconds=31)
    assert (before, len(gateway.taken)) == (0, 1)
    assert emulator.mailbox.all() == []
    assert await states() == {"sms": "superseded", "brandname": "accepted"}


async def test_what_went_on_to_the_second_is_looked_after_there_until_it_is_taken(
    make_channel: MakeChannel,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    channels = Channels(sms=down, others={Way.BRANDNAME: second})
    called = errand("ticket_called", now)
    await look(called, channels, now)
    gateway.faults.append("busy")

    again = await look(called, channels, now + timedelta(seconds=31))
    done = await look(called, channels, now + timedelta(seconds=60))

    assert (again is None, done, len(gateway.taken)) == (False, None, 1)
    assert await states() == {"sms": "superseded", "brandname": "accepted"}


async def test_a_call_whose_fate_is_unknown_does_not_keep_who_is_called_waiting(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    emulator.scripts.put(EVERYBODY, Script(status=503))
    channels = Channels(sms=make_channel(), others={Way.BRANDNAME: second})
    called = errand("ticket_called", now)

    await look(called, channels, now)
    emulator.scripts.clear()
    await look(called, channels, now + timedelta(seconds=31))

    assert len(sent_to(emulator, LAN)) + len(gateway.taken) == 1


async def test_what_a_newer_one_ended_goes_by_no_other_way(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    others: dict[Way, BrandnameChannel] = {Way.BRANDNAME: second}
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    older = errand("ticket_called", now)._replace(thing="ticket:1")

    await look(older, Channels(sms=down, others=others), now)
    await look(older._replace(version=2), Channels(sms=make_channel(), others=others), now)
    again = await look(older, Channels(sms=make_channel(), others=others), now + timedelta(seconds=31))

    assert again is None
    assert set(await states()) == {"sms"}
    assert gateway.taken == []
    assert len(sent_to(emulator, LAN)) == 1


async def test_what_can_wait_waits_twenty_minutes_and_goes_once_by_the_first(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    now: datetime,
) -> None:
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    others: dict[Way, BrandnameChannel] = {Way.BRANDNAME: second}
    # At no hour of the machine anybody's quiet one.
    returned = errand("dossier_returned", now, quiet=around(now, begins_in=3, ends_in=5))

    for minutes in (0, 1, 10, 20):
        at = now + timedelta(minutes=minutes)
        assert await look(returned, Channels(sms=down, others=others), at) is not None
    for minutes in (21, 30, 45):
        await look(returned, Channels(sms=make_channel(), others=others), now + timedelta(minutes=minutes))

    assert gateway.taken == []
    assert len(sent_to(emulator, LAN)) == 1


@pytest.mark.parametrize(
    ("template", "scope", "looks_s"),
    [
        ("ticket_called", limits.EVERYTHING, [0, 31, 120]),
        ("ticket_called", f"{limits.TEMPLATE}ticket_called", [0, 31, 120]),
        ("dossier_returned", limits.EVERYTHING, [0, 700, 4_400, 9_000]),
    ],
)
async def test_what_is_held_waits_on_its_way_and_is_told_once_when_it_is_let_go(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    template: str,
    scope: str,
    looks_s: list[int],
) -> None:
    channels = Channels(sms=make_channel(), others={Way.BRANDNAME: second})
    told, at = errand(template, NOON), NOON
    await holds.hold(scope=scope, reason="a test", officer_id=None, now=NOON)

    for seconds in looks_s:
        at = NOON + timedelta(seconds=seconds)
        assert await look(told, channels, at) is not None
        assert await states() == {"sms": "ready"}
    await holds.let_go(scope=scope, now=at)
    for _ in range(2):
        at += limits.HOLD_LOOK
        assert await look(told, channels, at) is None

    assert len(sent_to(emulator, LAN)) == 1 and gateway.taken == []
    assert await states() == {"sms": "accepted"}


async def test_a_way_has_all_its_time_when_what_was_held_is_let_go(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
) -> None:
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    channels = Channels(sms=down, others={Way.BRANDNAME: second})
    called = errand("ticket_called", NOON)
    await holds.hold(scope=limits.EVERYTHING, reason="a test", officer_id=None, now=NOON)
    for seconds in (0, 60):
        await look(called, channels, NOON + timedelta(seconds=seconds))
    await holds.let_go(scope=limits.EVERYTHING, now=NOON + MINUTE)

    await look(called, channels, NOON + timedelta(seconds=95))
    at_first = await states()
    await look(called, channels, NOON + timedelta(seconds=125))

    assert at_first == {"sms": "ready"}
    assert await states() == {"sms": "superseded", "brandname": "accepted"}
    assert len(gateway.taken) == 1


async def test_what_waits_for_a_budget_waits_on_its_way(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
) -> None:
    centre = uuid.uuid4()
    assert DB.pool is not None
    await DB.pool.execute("INSERT INTO message_budget VALUES ($1, 1, 1, $2, $1)", centre, NOON)
    await DB.pool.execute("INSERT INTO message_spending VALUES ($1, $2, 1)", centre, local_date(NOON))
    channels = Channels(sms=make_channel(), others={Way.BRANDNAME: second})
    returned = errand("dossier_returned", NOON)._replace(centre_id=centre)

    at = NOON
    while (again := await look(returned, channels, at)) is not None and at < NOON + timedelta(hours=3):
        at += again
        assert await states() == {"sms": "ready"}
    await DB.pool.execute("DELETE FROM message_spending")
    done = [await look(returned, channels, at + n * limits.BUDGET_LOOK) for n in (1, 2)]

    assert done == [None, None]
    assert len(sent_to(emulator, LAN)) == 1 and gateway.taken == []
    assert await states() == {"sms": "accepted"}


@pytest.mark.parametrize(
    ("own", "leaves"),
    [
        (None, MORNING),
        (QuietHours(time(1), time(5)), MORNING - timedelta(hours=7)),
        (QuietHours(time(23), time(9)), MORNING + 150 * MINUTE),
    ],
)
async def test_what_an_outage_kept_until_the_night_leaves_when_its_person_is_awake(
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    second: BrandnameChannel,
    gateway: BrandnameGateway,
    own: QuietHours | None,
    leaves: datetime,
) -> None:
    """From ten to nine until half past eleven at night nobody answers at the first provider."""
    others: dict[Way, BrandnameChannel] = {Way.BRANDNAME: second}
    down = make_channel(api_base=f"http://127.0.0.1:{free_port()}")
    begun, back = MORNING - timedelta(hours=9, minutes=40), MORNING - timedelta(hours=7)
    returned = errand("dossier_completed", begun, quiet=own)

    await look(returned, Channels(sms=down, others=others), begun)
    again, at = await look(returned, Channels(sms=make_channel(), others=others), back), back
    if again is not None:
        at += again
        assert sent_to(emulator, LAN) == [] and gateway.taken == []
        assert await look(returned, Channels(sms=make_channel(), others=others), at) is None

    assert at == leaves
    assert len(sent_to(emulator, LAN)) == 1 and gateway.taken == []


async def test_a_call_fails_while_another_that_succeeded_forgets_the_failures_before(
    database: object, now: datetime
) -> None:
    assert DB.pool is not None

    async def fail() -> None:
        async with transaction():
            await circuits.failed("sms", now=now, reason="500")

    await fail()
    async with DB.pool.acquire() as elsewhere, elsewhere.transaction():
        await elsewhere.execute("SELECT FROM message_circuit WHERE way = 'sms' FOR UPDATE")
        holder = await elsewhere.fetchval("SELECT pg_backend_pid()")
        failing = asyncio.ensure_future(fail())
        async with asyncio.timeout(30):
            while not await DB.pool.fetchval(WAITING, holder):
                await asyncio.sleep(0.01)
        await elsewhere.execute("DELETE FROM message_circuit WHERE way = 'sms'")
    await failing

    assert await DB.pool.fetchval("SELECT failures FROM message_circuit WHERE way = 'sms'") == 1
