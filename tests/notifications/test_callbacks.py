"""What the provider says afterwards: over HTTP, signed, in any order, as often as it likes."""

import contextlib
import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from litestar.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from app.core import journal
from app.core.database import DB
from app.core.later import Later
from app.servers.ports import free_port
from app.settings import Settings
from notifications import delivery
from notifications.emulator.server import TwilioEmulator
from notifications.port import Accepted
from notifications.receipts import RANKS, note_receipt
from notifications.twilio_channel import CALLBACK_RETRIES
from tests.notifications.conftest import (
    LAN,
    NEXT_TOKEN,
    TOKEN,
    MakeChannel,
    Site,
    magic,
    owe,
    sent_to,
    stored,
    tell,
    until,
)

PATH = "/v1/callbacks/twilio/status"
STATUSES = ["queued", "sending", "sent", "delivered"]


def fields(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM" + "a" * 32, "MessageStatus": status, "To": LAN} | more


async def call_back(
    client: httpx.AsyncClient,
    site: Settings,
    form: dict[str, str],
    *,
    query: str = "",
    token: str | None = None,
    signed: dict[str, str] | None = None,
) -> httpx.Response:
    """A callback as Twilio makes it; `signed` and `token` let it be forged."""
    address = PATH + query
    validator = RequestValidator(token or str(site.twilio.auth_token))
    signature = validator.compute_signature(f"{site.public_url}{address}", signed or form)
    return await client.post(address, data=form, headers={"X-Twilio-Signature": signature})


async def accepted(
    now: datetime, *, about: str = "visit:1", provider_id: str = "SM" + "a" * 32
) -> uuid.UUID:
    """A message the provider has; how it got there is told in test_delivery."""
    message_id = await owe("appointment_confirmed", LAN, now, about=about)
    message = await delivery._begin(message_id=message_id, now=now)
    assert isinstance(message, delivery.MessageRow)
    await delivery._end(message=message, outcome=Accepted(provider_id), now=now)
    return message_id


async def test_a_message_is_followed_from_our_call_to_the_phone(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """Over real HTTP both ways: the provider calls the application at its public address."""
    sms = make_channel(public_url=served.url, timeout_s=5.0)
    message_id = await owe("appointment_confirmed", LAN, now)

    await delivery.deliver(message_id, channel=sms, now=now)

    async def delivered() -> bool:
        return (await stored(message_id)).state == "delivered"

    await until(delivered)
    (record,) = emulator.mailbox.all()
    assert (await stored(message_id)).provider_id == record.sid

    async def called_back() -> bool:
        return record.callbacks == ["queued:204", "sent:204", "delivered:204"]

    await until(called_back)
    actions = [line.action for line in await journal.about(str(message_id))]
    assert actions[0] == "message.owed"
    assert actions[-1] == "message.delivered"


async def test_receipts_out_of_order_and_repeated_leave_a_delivered_message_delivered(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    sms = make_channel(public_url=served.url, timeout_s=5.0)
    message_id = await owe("appointment_confirmed", magic("11"), now)

    await delivery.deliver(message_id, channel=sms, now=now)

    (record,) = emulator.mailbox.all()

    async def all_five() -> bool:
        return len(record.callbacks) == 5

    await until(all_five)
    assert {line.rpartition(":")[2] for line in record.callbacks} == {"204"}
    assert (await stored(message_id)).state == "delivered"


async def test_a_receipt_proves_that_an_unknown_call_arrived(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    sms = make_channel(public_url=served.url)
    message_id = await owe("otp", magic("06"), now)

    # Whether the receipt or our patience is first does not matter.
    with contextlib.suppress(Later):
        await delivery.deliver(message_id, channel=sms, now=now)

    async def delivered() -> bool:
        return (await stored(message_id)).state == "delivered"

    await until(delivered)
    await delivery.deliver(message_id, channel=sms, now=now)
    assert len(sent_to(emulator, magic("06"))) == 1
    assert (await stored(message_id)).state == "delivered"


async def test_a_receipt_may_come_before_the_answer_to_our_call(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    sms = make_channel(public_url=served.url, timeout_s=5.0)
    message_id = await owe("appointment_confirmed", magic("10"), now)

    await delivery.deliver(message_id, channel=sms, now=now)

    (record,) = emulator.mailbox.all()
    row = await stored(message_id)
    assert record.callbacks == ["queued:204", "sent:204", "delivered:204"]
    assert (row.state, row.provider_id) == ("delivered", record.sid)


async def test_a_receipt_told_five_times_is_one_receipt(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe("appointment_confirmed", magic("17"), now)

    await delivery.deliver(message_id, channel=make_channel(public_url=served.url, timeout_s=5.0), now=now)

    (record,) = emulator.mailbox.all()

    async def all_five() -> bool:
        return record.callbacks == ["delivered:204"] * 5

    await until(all_five)
    actions = [line.action for line in await journal.about(str(message_id))]
    assert actions.count("message.delivered") == 1


async def test_receipts_in_reverse_order_leave_the_last_word_to_the_last_status(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe("appointment_confirmed", magic("12"), now)
    await delivery.deliver(message_id, channel=make_channel(public_url=served.url, timeout_s=5.0), now=now)
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "delivered", "sent", "sending", "queued")

    assert record.callbacks == ["delivered:204", "sent:204", "sending:204", "queued:204"]
    assert (await stored(message_id)).state == "delivered"


async def test_a_receipt_a_day_late_is_still_the_truth(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    long_ago = now - timedelta(hours=24)
    message_id = await owe("appointment_confirmed", magic("12"), long_ago)
    sms = make_channel(public_url=served.url, timeout_s=5.0)
    await delivery.deliver(message_id, channel=sms, now=long_ago)
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "delivered")

    assert (await stored(message_id)).state == "delivered"


async def test_a_forger_on_the_line_changes_nothing(
    database: object, served: Site, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe("appointment_confirmed", magic("16"), now)

    await delivery.deliver(message_id, channel=make_channel(public_url=served.url, timeout_s=5.0), now=now)

    (record,) = emulator.mailbox.all()

    async def refused() -> bool:
        # The first try and the three more we ask for.
        return record.callbacks == ["delivered:403"] * 4

    await until(refused)
    assert (await stored(message_id)).state == "accepted"


async def test_a_receipt_nobody_takes_is_tried_again_as_the_address_asks(
    database: object, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """While the application is away; the address is signed and called without what asks for it."""
    message_id = await owe("appointment_confirmed", magic("12"), now)
    gone = f"http://127.0.0.1:{free_port()}"
    await delivery.deliver(message_id, channel=make_channel(public_url=gone, timeout_s=5.0), now=now)
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "delivered")

    assert record.callbacks == ["delivered:ConnectError"] * 4
    assert record.form["StatusCallback"].endswith(f"&a=1#{CALLBACK_RETRIES}")


async def test_while_the_token_is_changed_either_one_signs(
    database: object, served: Site, now: datetime
) -> None:
    for n, token in enumerate((TOKEN, NEXT_TOKEN)):
        message_id = await accepted(now, about=f"visit:{n}", provider_id=f"SM{n:032}")
        async with httpx.AsyncClient(base_url=served.url, trust_env=False) as http:
            form = fields("delivered")
            query = f"?n={message_id}&a=1"
            answer = await call_back(http, served.settings, form, query=query, token=token)
            stranger = await call_back(http, served.settings, form, query=query, token="another")

        assert (answer.status_code, stranger.status_code) == (204, 403)
        assert (await stored(message_id)).state == "delivered"


async def test_a_field_told_several_times_is_covered_by_the_signature(
    client: httpx.AsyncClient, settings: Settings, now: datetime
) -> None:
    """Values of one name are sorted and each counts once, as the provider does it."""
    message_id = await accepted(now)
    address = f"{PATH}?n={message_id}&a=1"
    form: dict[str, Any] = fields("delivered") | {"Media": ["b", "a", "b"]}
    validator = RequestValidator(str(settings.twilio.auth_token))
    signature = validator.compute_signature(f"{settings.public_url}{address}", MultiDict(pairs(form)))
    less = form | {"Media": ["a"]}

    refused = await client.post(address, data=less, headers={"X-Twilio-Signature": signature})
    answer = await client.post(address, data=form, headers={"X-Twilio-Signature": signature})

    assert (refused.status_code, answer.status_code) == (403, 204)
    assert (await stored(message_id)).state == "delivered"


def pairs(form: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (k, v) for k, values in form.items() for v in (values if isinstance(values, list) else [values])
    ]


GARBAGE = [
    (b"", "application/x-www-form-urlencoded"),
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    (b"MessageStatus=%zz&=&&&", "application/x-www-form-urlencoded"),
    (b"{not json", "application/json"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"--x", "multipart/form-data"),
    (b"MessageStatus=delivered", "text/plain"),
    (b"a=1", "application/x-www-form-urlencoded; charset=utf-16"),
]


@pytest.mark.parametrize(("body", "kind"), GARBAGE)
async def test_garbage_at_the_callbacks_door_is_refused_and_never_breaks_it(
    client: httpx.AsyncClient, now: datetime, body: bytes, kind: str
) -> None:
    message_id = await accepted(now)
    for signature in ("bm8=", "\x00".encode("unicode_escape").decode(), "a" * 4000):
        answer = await client.post(
            f"{PATH}?n={message_id}&a=1",
            content=body,
            headers={"Content-Type": kind, "X-Twilio-Signature": signature},
        )
        assert answer.status_code in {400, 403, 415}, answer.text
    assert (await stored(message_id)).state == "accepted"


async def test_a_forged_callback_changes_nothing(
    client: httpx.AsyncClient, settings: Settings, now: datetime
) -> None:
    message_id = await accepted(now)
    query = f"?n={message_id}&a=1"
    form = fields("delivered")

    refused = [
        await client.post(PATH + query, data=form),
        await client.post(PATH + query, data=form, headers={"X-Twilio-Signature": ""}),
        await client.post(PATH + query, data=form, headers={"X-Twilio-Signature": "bm8="}),
        await call_back(client, settings, form, query=query, token=TOKEN),
        await call_back(client, settings, form, query=query, signed=fields("sent")),
        await call_back(client, settings, form | {"More": ""}, query=query, signed=form),
        await client.post(PATH + query, json=form),
    ]

    assert {answer.status_code for answer in refused} == {403}
    assert {answer.json()["code"] for answer in refused} == {"callback_signature"}
    assert (await stored(message_id)).state == "accepted"


async def test_a_signature_for_one_message_does_not_open_another(
    client: httpx.AsyncClient, settings: Settings, now: datetime
) -> None:
    message_id = await accepted(now)
    form = fields("delivered")
    theirs = f"{settings.public_url}{PATH}?n={uuid.uuid4()}&a=1"
    signature = RequestValidator(str(settings.twilio.auth_token)).compute_signature(theirs, form)

    answer = await client.post(
        f"{PATH}?n={message_id}&a=1", data=form, headers={"X-Twilio-Signature": signature}
    )

    assert answer.status_code == 403
    assert (await stored(message_id)).state == "accepted"


async def test_fields_nobody_knows_yet_are_covered_and_ignored(
    client: httpx.AsyncClient, settings: Settings, now: datetime
) -> None:
    message_id = await accepted(now)
    form = fields("delivered", Blank="", ChannelPrefix="sms+ & đ", FutureField="1")

    answer = await call_back(client, settings, form, query=f"?n={message_id}&a=1")

    assert answer.status_code == 204
    assert (await stored(message_id)).state == "delivered"


@pytest.mark.parametrize("query", ["", "?n=", "?n=nobody&a=1", f"?n={uuid.UUID(int=7)}&a=1"])
async def test_a_signed_callback_about_nothing_we_know_is_heard_and_forgotten(
    client: httpx.AsyncClient, settings: Settings, query: str
) -> None:
    answer = await call_back(client, settings, fields("delivered"), query=query)

    assert answer.status_code == 204


@pytest.mark.parametrize("status", ["", "read", "DELIVERED", "partially_delivered"])
async def test_a_status_nobody_documented_changes_nothing(
    client: httpx.AsyncClient, settings: Settings, now: datetime, status: str
) -> None:
    message_id = await accepted(now)

    answer = await call_back(client, settings, fields(status), query=f"?n={message_id}&a=1")

    assert answer.status_code == 204
    assert (await stored(message_id)).state == "accepted"


async def test_receipts_that_name_no_message_of_the_provider_do_not_collide(
    client: httpx.AsyncClient, settings: Settings, now: datetime
) -> None:
    """Two calls whose answers were lost, and two receipts without an id of the provider."""
    answers = []
    for about in ("visit:1", "visit:2"):
        message_id = await owe("appointment_confirmed", LAN, now, about=about)
        form = {"MessageStatus": "delivered"}
        answers.append(await call_back(client, settings, form, query=f"?n={message_id}&a=1"))

    assert [answer.status_code for answer in answers] == [204, 204]


@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(STATUSES))
async def test_whatever_order_receipts_come_in_the_furthest_one_stays(
    database: object, now: datetime, order: list[str]
) -> None:
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM message_attempt; DELETE FROM message")
    message_id = await accepted(now)
    seen = []

    for status in order:
        await note_receipt(message_id=message_id, provider_id="SM", status=status, error_code="", now=now)
        seen.append(await DB.pool.fetchval("SELECT rank FROM message WHERE id = $1", message_id))

    assert (await stored(message_id)).state == "delivered"
    assert all(earlier <= later for earlier, later in itertools.pairwise(seen))


async def test_a_final_receipt_is_never_replaced_by_another(database: object, now: datetime) -> None:
    message_id = await accepted(now)
    for status in ("undelivered", "delivered", "failed", "queued"):
        await note_receipt(
            message_id=message_id, provider_id="SM", status=status, error_code="30005", now=now
        )

    assert (await stored(message_id)).state == "undelivered"
    assert RANKS["undelivered"] == max(RANKS.values())
