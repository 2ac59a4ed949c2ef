"""What happens after the provider has a message: errors told later, silence, prices; over real HTTP.

`look_after` is called as the worker calls it, with `now` brought forward.
"""

import asyncio
import uuid
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.citizens.rules import Preferences, QuietHours
from app.core.clock import ZONE, current_time
from app.core.database import DB
from app.core.later import Later
from notifications import delivery, ending, following
from notifications.afterwards import AGAIN, once_more_at
from notifications.classification import FINAL, SAID_NO, Verdict
from notifications.emulator.server import TwilioEmulator
from notifications.port import Channels
from notifications.receipts import note_receipt
from notifications.templates import TEMPLATES, Category
from notifications.twilio_channel import TwilioChannel
from tests.citizens.conftest import make_account
from tests.notifications.conftest import (
    LAN,
    MakeChannel,
    Site,
    calls,
    magic,
    owe,
    script,
    sent_to,
    stored,
    tell,
    until,
)
from tests.notifications.test_preferences import choose

CONFIRMED = "appointment_confirmed"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def told(served: Site, make_channel: MakeChannel) -> TwilioChannel:
    """The channel of an installation the provider can call back."""
    return make_channel(public_url=served.url, timeout_s=5.0)


async def becomes(message_id: uuid.UUID, state: str, code: str = "") -> None:
    async def is_so() -> bool:
        row = await stored(message_id)
        return (row.state, row.error_code) == (state, code)

    await until(is_so)


async def look_at(message_id: uuid.UUID) -> datetime | None:
    assert DB.pool is not None
    found: datetime | None = await DB.pool.fetchval("SELECT look_at FROM message WHERE id = $1", message_id)
    return found


async def facts_of(message_id: uuid.UUID) -> list[str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT payload::jsonb ->> 'verdict' AS verdict FROM outbox WHERE kind = 'message.not_delivered'"
        " AND subject = $1",
        f"message:{message_id}",
    )
    return [row["verdict"] for row in rows]


@pytest.mark.parametrize("code", ["30003", "30008", "30009"])
async def test_a_phone_that_was_not_reached_is_tried_once_more_a_quarter_of_an_hour_later(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime, code: str
) -> None:
    await script(emulator, LAN, callbacks=["queued", "sent", f"undelivered:{code}"])
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", code)

    assert await following.look_after(Channels(told), now=now + 14 * MINUTE) == 0
    assert len(sent_to(emulator, LAN)) == 1
    assert await following.look_after(Channels(told), now=current_time() + 16 * MINUTE) == 1

    await becomes(message_id, "undelivered", code)
    assert len(sent_to(emulator, LAN)) == 2, "a third text to a phone that is off helps nobody"
    assert await facts_of(message_id) == ["unreachable"]


async def test_a_phone_that_is_reached_at_the_second_try_has_its_message(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, callbacks=["queued", "sent", "undelivered:30003"], times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", "30003")

    await following.look_after(Channels(told), now=current_time() + 16 * MINUTE)

    await becomes(message_id, "delivered")
    assert await calls(message_id) == ["unreachable", "accepted"]
    assert await facts_of(message_id) == []


EVENING = datetime(2026, 11, 24, 21, 20, tzinfo=ZONE)
MORNING = datetime(2026, 11, 25, 6, 30, tzinfo=ZONE)
CAN_WAIT = "appointment_cancelled_by_centre"


async def unreached(message_id: uuid.UUID, sms: TwilioChannel, at: datetime) -> None:
    """Sent a minute ago, and not arrived."""
    await delivery.deliver(message_id, channel=sms, now=at - MINUTE)
    assert await note_receipt(
        message_id=message_id, provider_id="", status="undelivered", error_code="30003", now=at
    )


@pytest.mark.parametrize(
    ("own", "leaves"),
    [
        (None, MORNING),
        (QuietHours(time(21, 30), time(9)), MORNING + 150 * MINUTE),
        (QuietHours(time(1), time(5)), EVENING + 15 * MINUTE),
    ],
)
async def test_what_is_tried_once_more_is_not_at_night(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, own: QuietHours | None, leaves: datetime
) -> None:
    """Put back at 21:20 for 21:35. Her own hours stand in place of the house's."""
    message_id = await owe(CAN_WAIT, LAN, EVENING - MINUTE)
    await unreached(message_id, sms, EVENING)
    if own is not None:
        await choose(await make_account(LAN, at=EVENING), Preferences(quiet=own))

    at = EVENING + 15 * MINUTE
    assert await following.look_after(Channels(sms), now=at) == 1

    assert len(sent_to(emulator, LAN)) == (2 if leaves == at else 1)
    if leaves > at:
        assert await look_at(message_id) == leaves
        assert await following.look_after(Channels(sms), now=leaves) == 1
        assert len(sent_to(emulator, LAN)) == 2


async def test_what_left_at_night_on_purpose_is_tried_once_more_at_night(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    """What it is about begins at seven: whoever looks after it does not know, and sees that it left."""
    night = EVENING + 60 * MINUTE
    message_id = await delivery.owe(
        template=TEMPLATES[CAN_WAIT],
        locale="vi",
        phone=LAN,
        values={"reference": "NB-7K3Q-92", "time": "07:00 25/11/2026"},
        about="appointment:1",
        version=1,
        now=night - MINUTE,
        event_at=MORNING + 30 * MINUTE,
    )
    await unreached(message_id, sms, night)

    assert await following.look_after(Channels(sms), now=night + 15 * MINUTE) == 1

    assert len(sent_to(emulator, LAN)) == 2


async def test_what_is_stale_by_then_is_not_tried_once_more(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """A number that was called is served long before."""
    message_id = await owe("ticket_called", magic("03"), now)

    await delivery.deliver(message_id, channel=told, now=now)

    await becomes(message_id, "undelivered", "30003")
    assert await facts_of(message_id) == ["unreachable"]


@pytest.mark.parametrize("digits", ["03", "22"])
async def test_a_code_that_did_not_arrive_is_not_sent_again(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime, digits: str
) -> None:
    message_id = await owe("otp", magic(digits), now)

    await delivery.deliver(message_id, channel=told, now=now)

    await becomes(message_id, "undelivered", "30003" if digits == "03" else "30001")


async def test_what_never_left_the_providers_queue_is_sent_again(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """30001, its queue was full: certainly not sent, so as often as it is of use."""
    await script(emulator, LAN, callbacks=["queued", "failed:30001"], times=4)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    at = current_time()
    for n in range(4):
        await becomes(message_id, "ready", "30001")
        at += timedelta(seconds=30) * 2**n + timedelta(seconds=1)
        assert await following.look_after(Channels(told), now=at) == 1

    await becomes(message_id, "delivered")
    assert await calls(message_id) == ["temporary"] * 4 + ["accepted"]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("30004", "recipient"), ("30005", "recipient"), ("30006", "recipient"), ("30007", "content"),
     ("30024", "content"), ("30450", "fraud")],
)  # fmt: skip
async def test_what_will_never_arrive_ends_and_is_told_to_whoever_has_another_way(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime, code: str, verdict: str
) -> None:
    await script(emulator, LAN, callbacks=["queued", "sent", f"undelivered:{code}"])
    message_id = await owe(CONFIRMED, LAN, now)

    await delivery.deliver(message_id, channel=told, now=now)

    await becomes(message_id, "undelivered", code)
    assert await facts_of(message_id) == [verdict]
    assert len(sent_to(emulator, LAN)) == 1


async def suppressed() -> list[tuple[str, str]]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT phone, code FROM phone_suppression ORDER BY phone")
    return [(row["phone"], row["code"]) for row in rows]


async def test_a_phone_that_said_no_gets_codes_only_until_one_arrives(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """21610: its holder told the operator to stop. A code is what they have just asked for."""
    phone = magic("04")
    first = await owe(CONFIRMED, phone, now)
    await delivery.deliver(first, channel=told, now=now)
    assert await suppressed() == [(phone, "21610")]
    await script(emulator, phone)  # from now on the operator would let it through

    second = await owe(CONFIRMED, phone, now, about="visit:2")
    await delivery.deliver(second, channel=told, now=now)
    assert (await stored(second))[0] == "rejected"
    assert (await stored(second)).error_code == "suppressed"
    assert await facts_of(second) == ["recipient"], "another way may be taken"
    assert sent_to(emulator, phone) == []

    code = await owe("otp", phone, now, about="otp:1")
    await delivery.deliver(code, channel=told, now=now)
    await becomes(code, "delivered")
    assert await suppressed() == []
    third = await owe(CONFIRMED, phone, now, about="visit:3")
    await delivery.deliver(third, channel=told, now=now)
    await becomes(third, "delivered")


@pytest.mark.parametrize(("digits", "code"), [("14", "30004"), ("02", ""), ("13", "")])
async def test_only_a_no_closes_a_phone(
    database: object, told: TwilioChannel, now: datetime, digits: str, code: str
) -> None:
    message_id = await owe(CONFIRMED, magic(digits), now)
    await delivery.deliver(message_id, channel=told, now=now)

    async def is_over() -> bool:
        return (await stored(message_id)).state == "undelivered"

    await until(is_over)
    assert await suppressed() == ([(magic(digits), code)] if code else [])


async def test_a_receipt_of_an_earlier_call_counts_only_if_it_arrived_after_all(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, callbacks=["sent", "undelivered:30003"], times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", "30003")
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "delivered")

    await becomes(message_id, "delivered")
    await following.look_after(Channels(told), now=current_time() + 20 * MINUTE)
    assert len(sent_to(emulator, LAN)) == 1, "the person has it: it is not sent again"


async def test_late_bad_news_of_an_earlier_call_does_not_touch_the_later_one(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, callbacks=["undelivered:30003"], times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", "30003")
    await script(emulator, LAN, callbacks=[])
    await following.look_after(Channels(told), now=current_time() + 16 * MINUTE)
    first, _ = emulator.mailbox.all()

    await tell(emulator, first.sid, "failed:30005", "sent")

    assert (await stored(message_id)).state == "accepted"


async def test_a_message_nobody_calls_back_about_is_asked_about_after_ten_minutes(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("18"), now)
    await delivery.deliver(message_id, channel=sms, now=now)

    assert await following.look_after(Channels(sms), now=now + 9 * MINUTE) == 0
    assert (await stored(message_id)).state == "accepted"
    assert await following.look_after(Channels(sms), now=now + 10 * MINUTE) == 1

    assert (await stored(message_id)).state == "delivered"


async def test_a_failure_nobody_called_back_about_is_learned_by_asking(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, callbacks=[], outcome="undelivered:30004")
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=sms, now=now)

    await following.look_after(Channels(sms), now=now + 10 * MINUTE)

    row = await stored(message_id)
    assert (row.state, row.error_code) == ("undelivered", "30004")
    assert await suppressed() == [(LAN, "30004")]


async def test_after_three_days_without_a_word_nothing_is_said_to_have_arrived(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("12"), now)
    await delivery.deliver(message_id, channel=sms, now=now)
    at, looks = now, 0
    while (due := await look_at(message_id)) is not None and looks < 100:
        assert due > at, "each look is later than the one before"
        at, looks = due, looks + 1
        if due < now + timedelta(hours=72):
            assert (await stored(message_id)).state == "accepted"
        await following.look_after(Channels(sms), now=at)

    row = await stored(message_id)
    assert (row.state, row.error_code) == ("undelivered", "no_receipt")
    assert at == now + timedelta(hours=72)
    assert looks < 25, "asked less and less often"
    assert len(sent_to(emulator, magic("12"))) == 1
    assert await facts_of(message_id) == [""]


async def test_a_provider_that_cannot_be_asked_is_asked_again_in_a_minute(
    database: object, sms: TwilioChannel, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("18"), now)
    await delivery.deliver(message_id, channel=sms, now=now)
    away = make_channel(api_base="http://127.0.0.1:9")

    await following.look_after(Channels(away), now=now + 10 * MINUTE)
    assert (await stored(message_id)).state == "accepted"
    assert await look_at(message_id) == now + 11 * MINUTE

    await following.look_after(Channels(sms), now=now + 11 * MINUTE)
    assert (await stored(message_id)).state == "delivered"


async def test_many_who_look_at_once_look_once(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    for n in range(6):
        await delivery.deliver(
            await owe(CONFIRMED, magic("18"), now, about=f"visit:{n}"), channel=sms, now=now
        )

    looked = await asyncio.gather(
        *(following.look_after(Channels(sms), now=now + 10 * MINUTE, limit=2) for _ in range(8))
    )

    assert sum(looked) == 6


async def test_a_price_is_learned_afterwards_and_kept(
    database: object, told: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    assert DB.pool is not None
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "delivered")
    prices = "SELECT price, currency, segments FROM message WHERE id = $1"
    assert tuple(await DB.pool.fetchrow(prices, message_id)) == (None, None, 1)

    await following.look_after(Channels(told), now=current_time() + ending.PRICE_LOOK)

    assert tuple(await DB.pool.fetchrow(prices, message_id)) == (Decimal("0.05000"), "USD", 1)
    assert await look_at(message_id) is None


async def test_a_message_whose_work_was_lost_ends_visibly(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe("ticket_called", LAN, now)

    await following.look_after(Channels(sms), now=now + 10 * MINUTE)

    assert (await stored(message_id)).state == "expired"
    assert sent_to(emulator, LAN) == []


async def test_one_message_that_cannot_be_looked_after_keeps_no_other_from_it(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    assert DB.pool is not None
    ids = [await owe(CONFIRMED, magic("18"), now, about=f"visit:{n}") for n in range(3)]
    for message_id in ids:
        await delivery.deliver(message_id, channel=sms, now=now)
    await DB.pool.execute("UPDATE message SET provider_id = 'SM with spaces' WHERE id = $1", ids[0])

    await following.look_after(Channels(sms), now=now + 10 * MINUTE)

    assert [(await stored(message_id)).state for message_id in ids[1:]] == ["delivered"] * 2


async def test_the_worker_looks_until_it_is_told_to_stop(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(CONFIRMED, magic("18"), now)
    await delivery.deliver(message_id, channel=sms, now=now)
    stop = asyncio.Event()
    follower = following.Follower(Channels(sms), clock=lambda: now + 10 * MINUTE)
    running = asyncio.create_task(follower.run(stop))

    await becomes(message_id, "delivered")
    stop.set()

    async with asyncio.timeout(5):
        await running


async def test_an_unknown_call_is_asked_about_after_half_a_minute_two_and_ten(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """A code: it is not sent again, and three times nobody knows of it."""
    await script(emulator, LAN, status=503)
    message_id = await owe("otp", LAN, now)
    asked_at, at = [], now
    for _ in range(10):
        try:
            await delivery.deliver(message_id, channel=sms, now=at)
        except Later as later:
            at += later.after
            asked_at.append(at - now)
        else:
            break

    assert asked_at == [timedelta(seconds=30), 2 * MINUTE, 10 * MINUTE]
    assert (await stored(message_id)).state == "gave_up"
    assert emulator.mailbox.calls() == [LAN]


async def test_what_the_provider_does_not_know_after_two_minutes_is_sent_again_within_the_budget(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, status=503, times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    called_at, at = [now], now
    for _ in range(10):
        before = len(emulator.mailbox.calls())
        try:
            await delivery.deliver(message_id, channel=sms, now=at)
        except Later as later:
            at += later.after
        else:
            break
        finally:
            if len(emulator.mailbox.calls()) > max(before, 1):
                called_at.append(at)

    assert (await stored(message_id)).state == "accepted"
    assert timedelta(minutes=2) <= called_at[1] - now < 3 * MINUTE
    assert len(sent_to(emulator, LAN)) == 1


async def test_the_same_words_of_another_message_are_not_taken_for_this_one(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    first = await owe(CONFIRMED, LAN, now, about="visit:1")
    await delivery.deliver(first, channel=sms, now=now)
    await script(emulator, LAN, status=503, times=1)
    second = await owe(CONFIRMED, LAN, now, about="visit:2")
    with pytest.raises(Later):
        await delivery.deliver(second, channel=sms, now=now)

    with pytest.raises(Later):
        await delivery.deliver(second, channel=sms, now=now + 30 * timedelta(seconds=1))

    assert (await stored(second)).state == "unknown"
    assert (await stored(first)).provider_id is not None


moments = st.datetimes(timezones=st.just(current_time().tzinfo))  # type: ignore[arg-type]


@given(
    verdict=st.sampled_from(list(Verdict)),
    category=st.sampled_from(list(Category)),
    tried=st.integers(0, 40),
    life=st.timedeltas(timedelta(), timedelta(days=3)),
)
def test_once_more_is_never_too_late_too_often_or_a_code(
    verdict: Verdict, category: Category, tried: int, life: timedelta
) -> None:
    now = current_time()
    at = once_more_at(verdict, category=category, tried=tried, now=now, expires_at=now + life)

    if at is None:
        return
    assert now < at < now + life
    assert category is not Category.OTP
    assert verdict not in FINAL
    assert tried < AGAIN[verdict].most
    if verdict is Verdict.UNREACHABLE:
        assert (at - now, tried) == (15 * MINUTE, 0)


def test_who_said_no_is_a_recipient() -> None:
    assert {21610, 30004} == SAID_NO
