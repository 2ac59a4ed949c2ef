"""Getting a message out: once, whatever is cut, hangs, crashes or answers nonsense in between.

The tests bring `now` forward instead of waiting; each look at a message is a call of `deliver`, as the
drainer makes it.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from app.core.clock import ZONE
from app.core.later import Later
from notifications import delivery
from notifications.carrying import Errand, carry
from notifications.emulator.server import TwilioEmulator
from notifications.port import Channels, Outgoing, Sending
from notifications.readers import Reader
from notifications.receipts import note_receipt
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from tests.notifications.conftest import (
    LAN,
    NOWHERE,
    MakeChannel,
    calls,
    magic,
    owe,
    script,
    sent_to,
    stored,
    until,
)

# Any hour at which nobody is asked to be quiet, so that the hour of the run decides nothing.
CONFIRMED = "appointment_confirmed"
OTP = "otp"


@pytest.fixture
async def forgetful() -> AsyncIterator[str]:
    """A provider that hangs up on every message and, asked about it, has never heard of one."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            body = b'{"messages": [], "page": 0, "page_size": 50, "next_page_uri": null, "uri": ""}'
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def look(message_id: uuid.UUID, sms: TwilioChannel, now: datetime) -> timedelta | None:
    """One look at a message; when the next is due, if at all."""
    try:
        await delivery.deliver(message_id, channel=sms, now=now)
    except Later as later:
        return later.after
    return None


async def look_until_settled(message_id: uuid.UUID, sms: TwilioChannel, now: datetime) -> datetime:
    """As the drainer does, with the waiting left out; when the last look was."""
    for _ in range(20):
        after = await look(message_id, sms, now)
        if after is None:
            return now
        now += after
    raise AssertionError("the message never settles")


async def test_an_accepted_message_is_sent_once_however_often_it_is_looked_at(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)

    for _ in range(3):
        assert await look(message_id, sms, now) is None

    (record,) = emulator.mailbox.all()
    row = await stored(message_id)
    assert (row.state, row.provider_id, row.attempts) == ("accepted", record.sid, 1)
    assert await calls(message_id) == ["accepted"]


async def test_eight_who_look_at_once_make_one_call(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)

    await asyncio.gather(*(look(message_id, sms, now) for _ in range(8)))

    assert len(sent_to(emulator, LAN)) == 1


async def test_the_same_thing_is_owed_once_by_many_who_say_so_at_once(
    database: object, now: datetime
) -> None:
    ids = await asyncio.gather(*(owe(CONFIRMED, LAN, now) for _ in range(8)))

    assert len(set(ids)) == 1
    assert await delivery.owed() == 1


async def test_a_refused_recipient_ends_the_message(
    database: object, sms: TwilioChannel, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("04"), now)

    assert await look(message_id, sms, now) is None

    row = await stored(message_id)
    assert (row.state, row.error_code) == ("rejected", "21610")


async def test_a_busy_provider_is_asked_again_and_the_message_arrives_once(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("05"), now)

    await look_until_settled(message_id, sms, now)

    assert (await stored(message_id)).state == "accepted"
    assert await calls(message_id) == ["temporary", "temporary", "accepted"]
    assert len(sent_to(emulator, magic("05"))) == 1


async def test_a_wrong_token_costs_the_message_nothing_once_it_is_put_right(
    database: object, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)
    wrong = make_channel(token="of-last-year")
    for n in range(8):
        assert await look(message_id, wrong, now + n * timedelta(minutes=1)) is not None

    await look_until_settled(message_id, make_channel(), now + timedelta(minutes=30))

    assert (await stored(message_id)).state == "accepted"
    assert len(sent_to(emulator, LAN)) == 1


async def test_whoever_looks_sooner_than_the_provider_asked_for_does_not_call(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, status=429, code=20429, retry_after_s=60, times=1)
    message_id = await owe(CONFIRMED, LAN, now)

    assert await look(message_id, sms, now) == timedelta(seconds=60)
    assert await look(message_id, sms, now + timedelta(seconds=59)) == timedelta(seconds=1)
    assert await calls(message_id) == ["temporary"]
    assert await look(message_id, sms, now + timedelta(seconds=60)) is None

    assert await calls(message_id) == ["temporary", "accepted"]
    assert len(sent_to(emulator, LAN)) == 1


@pytest.mark.parametrize("digits", ["06", "07", "09"])
@pytest.mark.parametrize("template", [OTP, CONFIRMED])
async def test_a_call_that_arrived_without_an_answer_is_found_and_not_repeated(
    database: object,
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    now: datetime,
    template: str,
    digits: str,
) -> None:
    message_id = await owe(template, magic(digits), now)
    assert await look(message_id, sms, now) is not None
    assert (await stored(message_id)).state == "unknown"

    await look_until_settled(message_id, sms, now + timedelta(seconds=30))

    (record,) = emulator.mailbox.all()
    row = await stored(message_id)
    assert (row.state, row.provider_id, row.after_unknown) == ("accepted", record.sid, 0)
    assert await calls(message_id) == ["unknown"]


async def test_an_unknown_call_that_never_arrived_is_made_again(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("08"), now)

    await look_until_settled(message_id, sms, now)

    row = await stored(message_id)
    assert (row.state, row.after_unknown) == ("accepted", 1)
    assert await calls(message_id) == ["unknown", "accepted"]
    assert len(sent_to(emulator, magic("08"))) == 1


async def test_a_code_whose_fate_is_unknown_is_given_up_and_never_sent_again(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(OTP, magic("08"), now)

    await look_until_settled(message_id, sms, now)

    assert (await stored(message_id)).state == "gave_up"
    assert await calls(message_id) == ["unknown"]
    assert sent_to(emulator, magic("08")) == []


async def test_calls_with_an_unknown_end_stop_at_the_templates_budget(
    database: object, make_channel: MakeChannel, forgetful: str, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)

    await look_until_settled(message_id, make_channel(api_base=forgetful), now)

    assert (await stored(message_id)).state == "gave_up"
    assert await calls(message_id) == ["unknown"] * (1 + TEMPLATES[CONFIRMED].resend_after_unknown)


async def test_a_worker_that_dies_during_the_call_neither_loses_nor_repeats_the_message(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    phone = magic("06")
    message_id = await owe(CONFIRMED, phone, now)
    dying = asyncio.create_task(delivery.deliver(message_id, channel=sms, now=now))

    async def arrived() -> bool:
        return bool(sent_to(emulator, phone))

    await until(arrived)
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert (await stored(message_id)).state == "calling"

    early = await look(message_id, sms, now + timedelta(seconds=1))
    assert early is not None, "a call that may still be under way is left alone"
    assert (await stored(message_id)).state == "calling"

    await look_until_settled(message_id, sms, now + early + timedelta(seconds=1))

    assert (await stored(message_id)).state == "accepted"
    assert len(sent_to(emulator, phone)) == 1


async def test_a_worker_that_dies_before_the_call_leaves_a_message_that_is_sent(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery._begin(message_id=message_id, now=now)

    await look_until_settled(message_id, sms, now + delivery.CALL_LOST_AFTER)

    assert (await stored(message_id)).state == "accepted"
    assert len(sent_to(emulator, LAN)) == 1


async def test_a_receipt_that_comes_while_the_provider_is_asked_is_not_overwritten(
    database: object, sms: TwilioChannel, now: datetime
) -> None:
    """Asked too early the provider knows nothing, and in that moment its receipt arrives."""

    class Slow:
        async def send(self, message: Outgoing) -> Sending:
            return await sms.send(message)

        async def find(self, *, phone: str, body: str, since: datetime) -> str | None:
            found = await sms.find(phone=phone, body=body, since=since)
            await note_receipt(
                message_id=message_id, provider_id="SM1", status="delivered", error_code="", now=now
            )
            return found

    message_id = await owe(OTP, magic("08"), now)
    assert await look(message_id, sms, now) is not None

    await delivery.deliver(message_id, channel=Slow(), now=now + timedelta(seconds=30))

    assert (await stored(message_id)).state == "delivered"


async def test_a_message_nobody_needs_any_more_is_not_sent(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe("ticket_called", LAN, now)

    assert await look(message_id, sms, now + timedelta(minutes=4)) is None

    assert (await stored(message_id)).state == "expired"
    assert sent_to(emulator, LAN) == []


async def test_what_can_wait_is_held_until_the_morning_and_then_leaves(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    night = datetime(2026, 11, 24, 23, 0, tzinfo=ZONE)
    message_id = await owe("dossier_completed", LAN, night)

    after = await look(message_id, sms, night)

    assert after == timedelta(hours=7, minutes=30)
    assert sent_to(emulator, LAN) == []
    assert await look(message_id, sms, night + after) is None
    assert len(sent_to(emulator, LAN)) == 1


@pytest.mark.parametrize(("opens", "sent"), [(7, 1), (8, 0)])
@pytest.mark.parametrize("tried_before", [False, True])
async def test_what_is_about_the_early_morning_leaves_at_night(
    database: object,
    sms: TwilioChannel,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    opens: int,
    sent: int,
    tried_before: bool,
) -> None:
    """Also where it was owed in the evening and its provider was away until the night."""
    night = datetime(2026, 11, 24, 23, 0, tzinfo=ZONE)
    evening = night - timedelta(hours=2)
    told = Errand(
        TEMPLATES["appointment_cancelled_by_centre"],
        Reader(LAN, "vi"),
        {"reference": "NB-7K3Q-92", "time": f"{opens:02}:00 25/11/2026"},
        about="appointment:1",
        version=1,
        happened_at=night,
        event_at=datetime(2026, 11, 25, opens, 0, tzinfo=ZONE),
    )

    if tried_before:
        with pytest.raises(Later):
            await carry(told, channels=Channels(sms=make_channel(api_base=NOWHERE)), now=evening)
    with contextlib.suppress(Later):
        await carry(told, channels=Channels(sms=sms), now=night)

    assert len(sent_to(emulator, LAN)) == sent


async def test_a_provider_that_is_away_gets_the_message_when_it_is_back(
    database: object, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, LAN, now)
    away = make_channel(api_base="http://127.0.0.1:9")
    after = await look(message_id, away, now)
    assert after is not None

    await look_until_settled(message_id, make_channel(), now + after)

    assert (await stored(message_id)).state == "accepted"
    assert len(sent_to(emulator, LAN)) == 1


async def test_a_provider_that_cannot_be_asked_leaves_the_message_unknown(
    database: object, sms: TwilioChannel, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("07"), now)
    await look(message_id, sms, now)

    away = make_channel(api_base="http://127.0.0.1:9")
    assert await look(message_id, away, now + timedelta(seconds=30)) is not None

    assert (await stored(message_id)).state == "unknown"
    assert len(sent_to(emulator, magic("07"))) == 1
