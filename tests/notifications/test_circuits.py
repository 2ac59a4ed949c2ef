"""A way that fails is left alone by every process, tried by one, and nothing waiting for it is used up.

Over real HTTP against the emulator; `now` is brought forward instead of waited for.
"""

import asyncio
import sys
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from app.core.database import DB
from app.core.later import Later
from app.core.operation import operation
from notifications import circuits, delivery
from notifications.emulator.server import TwilioEmulator
from notifications.receipts import note_receipt
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from tests.conftest import Stores
from tests.notifications.conftest import LAN, MakeChannel, calls, magic, owe, script, sent_to, stored

CONFIRMED = "appointment_confirmed"
SECOND = timedelta(seconds=1)
FAILURES = 5
REST = timedelta(seconds=30)

# Another worker: its own process, its own connections, one call to a provider.
WORKER = """
import asyncio, sys, uuid
from datetime import datetime
from app.core.crypto import Secret
from app.core.database import DB
from app.core.later import Later
from app.settings import TwilioSettings
from notifications import delivery
from notifications.twilio_channel import TwilioChannel

async def main(database_url, api_base, token, message_id, now):
    settings = TwilioSettings(
        account_sid="AC" + "0" * 32, auth_token=Secret(token), api_base=api_base, sender="MOTCUA"
    )
    channel = TwilioChannel(settings, public_url="http://127.0.0.1:9", timeout_s=5.0)
    await DB.open(database_url, size=2)
    try:
        await delivery.deliver(uuid.UUID(message_id), channel=channel, now=datetime.fromisoformat(now))
    except Later as later:
        print(later.after.total_seconds())
    finally:
        await DB.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def look(message_id: uuid.UUID, sms: TwilioChannel, now: datetime) -> timedelta | None:
    try:
        await delivery.deliver(message_id, channel=sms, now=now)
    except Later as later:
        return later.after
    return None


async def owe_many(count: int, now: datetime, *, of: str = CONFIRMED) -> list[uuid.UUID]:
    """To as many phones, so that no phone has more than its share."""
    return [await owe(of, f"+8498000{n:04}", now, about=f"appointment:{n}") for n in range(1, count + 1)]


async def fail_at(moments: Sequence[datetime], sms: TwilioChannel, now: datetime) -> None:
    """One call for each moment, all of messages of their own."""
    for message_id, at in zip(await owe_many(len(moments), now), moments, strict=True):
        assert await look(message_id, sms, at) is not None


async def closed(now: datetime) -> bool:
    return Way.SMS in await circuits.closed_ways(now=now)


async def journaled(action: str) -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT count(*) FROM journal WHERE action = $1", action))


@pytest.mark.parametrize(
    "how",
    [{"status": 429, "code": 20429}, {"status": 503}, {"status": 502, "body": "html"}, {"then": "cut"}],
    ids=["busy", "away", "html", "cut"],
)
async def test_five_failures_within_thirty_seconds_close_a_way_for_thirty_more(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, how: dict[str, object]
) -> None:
    """What passes and what nobody knows the fate of count alike."""
    await script(emulator, **how)
    await fail_at([now + n * 7 * SECOND for n in range(FAILURES - 1)], sms, now)
    assert not await closed(now + 28 * SECOND)
    await script(emulator, **how)
    fifth = await owe(CONFIRMED, LAN, now, about="appointment:fifth")
    at = now + 29 * SECOND
    await look(fifth, sms, at)

    await script(emulator)  # the provider is well again, and nobody asks it
    waiting = await owe(CONFIRMED, magic("01"), now)
    assert await look(waiting, sms, at + SECOND) == REST - SECOND
    assert await look(waiting, sms, at + REST - SECOND) == SECOND

    assert sent_to(emulator, magic("01")) == []
    assert (await stored(waiting)).attempts == 0
    assert await calls(waiting) == []
    assert await journaled("message_way.closed") == 1


async def test_failures_far_apart_close_nothing(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, status=503)

    await fail_at([now + n * 31 * SECOND for n in range(FAILURES + 1)], sms, now)

    assert not await closed(now + 156 * SECOND)
    assert await look(await owe(CONFIRMED, LAN, now), sms, now + 156 * SECOND) is not None
    assert await calls(await owe(CONFIRMED, LAN, now)) == ["unknown"], "the provider is still asked"


async def test_after_its_rest_one_message_tries_and_the_others_wait_for_it(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, status=503)
    await fail_at([now] * FAILURES, sms, now)
    waiting = [await owe(CONFIRMED, magic(f"{n:02}"), now, about=f"visit:{n}") for n in range(30, 38)]
    at = now + REST + SECOND

    again = await asyncio.gather(*(look(message_id, sms, at) for message_id in waiting))

    tried = [message_id for message_id in waiting if await calls(message_id)]
    assert len(tried) == 1, "one tries for all"
    assert all(after is not None and after <= REST for after in again), again
    # It failed, too: the way rests again, and the others have used up nothing.
    assert await closed(at + REST - SECOND)
    assert [(await stored(m)).attempts for m in waiting if m not in tried] == [0] * 7


async def test_when_the_one_that_tries_arrives_all_the_others_leave(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, status=503)
    await fail_at([now] * FAILURES, sms, now)
    await script(emulator)
    waiting = [await owe(CONFIRMED, magic(f"{n:02}"), now, about=f"visit:{n}") for n in range(30, 34)]
    at = now + REST + SECOND

    assert await look(waiting[0], sms, at) is None
    for message_id in waiting[1:]:
        assert await look(message_id, sms, at) is None

    assert {(await stored(message_id)).state for message_id in waiting} == {"accepted"}
    assert await journaled("message_way.opened") == 1


async def test_a_way_another_process_closed_is_closed_here(
    database: Stores, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """A worker with a wrong token is one process, and the account is everybody's."""
    (first,) = await owe_many(1, now)
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        database.database_url,
        emulator.base_url,
        "of-last-year",
        str(first),
        now.isoformat(),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await worker.communicate()

    assert (worker.returncode, told.decode().splitlines()[-1]) == (0, "60.0")
    assert await look(await owe(CONFIRMED, LAN, now), make_channel(), now + SECOND) == 59 * SECOND
    assert sent_to(emulator, LAN) == []


async def test_a_wrong_account_closes_the_way_for_everybody_and_uses_up_nothing(
    database: object, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    wrong = make_channel(token="of-last-year")
    messages = await owe_many(6, now)

    for minute in range(5):
        for message_id in messages:
            assert await look(message_id, wrong, now + timedelta(seconds=61 * minute)) is not None

    made = [len(await calls(message_id)) for message_id in messages]
    assert sum(made) == 5, "one call a minute, whoever makes it"
    assert await journaled("message_way.closed") == 1
    at = now + timedelta(seconds=61 * 5)
    for message_id in messages:
        assert await look(message_id, make_channel(), at) is None
    assert len(emulator.mailbox.all()) == 6
    assert {(await stored(message_id)).state for message_id in messages} == {"accepted"}


@pytest.mark.parametrize("code", [20003, 21408, 30044])
async def test_each_code_of_a_wrong_account_closes_the_way_at_once(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, code: int
) -> None:
    await script(emulator, status=400, code=code, times=1)
    message_id = await owe(CONFIRMED, LAN, now)

    assert await look(message_id, sms, now) == timedelta(seconds=60)

    assert await closed(now + 59 * SECOND)
    assert (await stored(message_id)).state == "ready"
    assert await look(message_id, sms, now + 61 * SECOND) is None
    assert len(sent_to(emulator, LAN)) == 1


async def test_an_account_found_wrong_afterwards_closes_the_way_and_the_message_leaves_later(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """30002, told by a callback: the account is suspended, and what was taken is owed again."""
    message_id = await owe(CONFIRMED, LAN, now)
    await look(message_id, sms, now)

    await note_receipt(
        message_id=message_id, provider_id="SM1", status="failed", error_code="30002", now=now
    )

    assert await closed(now + 59 * SECOND)
    assert (await stored(message_id)).state == "ready"


async def test_a_no_is_an_answer_and_closes_nothing(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, status=400, code=21614)
    for message_id in await owe_many(FAILURES + 1, now):
        assert await look(message_id, sms, now) is None

    assert not await closed(now)
    await script(emulator)
    assert await look(await owe(CONFIRMED, LAN, now), sms, now) is None
    assert len(sent_to(emulator, LAN)) == 1


async def test_failures_of_one_way_close_no_other(database: object, now: datetime) -> None:
    @operation
    async def fail() -> None:
        await circuits.failed(Way.BRANDNAME, now=now, reason="x", at_once=True)

    await fail()

    assert list(await circuits.closed_ways(now=now)) == [Way.BRANDNAME]
