"""Every code of the provider, said by the emulator over HTTP and heard through the real client."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from app.core.later import Later
from app.faults.fronts import Asked, Front, Told
from notifications.classification import FINAL, RISK_BLOCKS, TWILIO, Verdict, verdict_afterwards
from notifications.delivery import deliver
from notifications.emulator.server import TwilioEmulator
from notifications.port import Accepted, Rejected, Report, Sender, Unknown
from notifications.twilio_channel import THREADS, TwilioChannel
from tests.notifications.conftest import LAN, MakeChannel, magic, owe, script, sent_to, stored, until
from tests.notifications.test_twilio_channel import outgoing

# The classes of the provider's codes, written down once more from its error dictionary: what a person who
# reads it expects, apart from the table of the program.
EXPECTED = {
    Verdict.RECIPIENT: [21211, 21214, 21217, 21614, 21610, 30004, 30005, 30006, 30019],
    Verdict.CONTENT: [
        21602, 21605, 21617, 21603, 21606, 21212, 21703, 21612, 30007, 30024, 30034, 30042, 30038, 30039,
    ],
    Verdict.CONFIGURATION: [20003, 20404, 20005, 21408, 21608, 30002, 30010, 30044],
    Verdict.FRAUD: [30450, 30453, 60410],
    Verdict.TEMPORARY: [20429, 21611, 30001, 30017, 30022, 30036],
    Verdict.UNREACHABLE: [30003, 30008, 30009],
}  # fmt: skip
CODES = [(code, meaning) for meaning, codes in EXPECTED.items() for code in codes]
STATUS = {20003: 401, 20404: 404, 20429: 429}


@pytest.mark.parametrize(("code", "meaning"), CODES)
@pytest.mark.parametrize("body", ["json", "problem"])
async def test_a_refusal_has_the_class_of_its_code_in_either_shape_of_error(
    sms: TwilioChannel, emulator: TwilioEmulator, code: int, meaning: Verdict, body: str
) -> None:
    """Twilio's own error bodies and RFC 9457 ones, which are another exception of its client."""
    await script(emulator, LAN, status=STATUS.get(code, 400), code=code, body=body)

    answer = await sms.send(outgoing())

    assert answer == Rejected(meaning, str(code))
    assert sent_to(emulator, LAN) == []
    assert emulator.mailbox.calls() == [LAN], "one call, whatever the answer"


def test_no_code_of_the_program_is_left_out_here() -> None:
    written = {code for code, _ in CODES}

    assert set(TWILIO) - written == {30410}
    assert written - set(TWILIO) <= set(RISK_BLOCKS)


async def test_an_operators_time_out_is_neither_yes_nor_no(
    sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    """The provider repeats no message after it, so as not to send two; nor do we."""
    await script(emulator, LAN, status=400, code=30410)

    assert isinstance(await sms.send(outgoing()), Unknown)


@pytest.mark.parametrize(("code", "meaning"), CODES)
def test_told_afterwards_a_code_means_the_same(code: int, meaning: Verdict) -> None:
    assert verdict_afterwards(code) is meaning


@pytest.mark.parametrize("code", [None, 30410, 30999, 1])
def test_afterwards_what_nobody_documented_is_a_phone_that_was_not_reached(code: int | None) -> None:
    assert verdict_afterwards(code) is Verdict.UNREACHABLE


@pytest.mark.parametrize(
    ("how", "heard"),
    [
        ({"status": 500}, Unknown),
        ({"status": 503}, Unknown),
        ({"status": 504, "body": "html"}, Unknown),
        ({"status": 500, "accepted": True}, Unknown),
        ({"status": 502, "body": "html"}, Unknown),
        ({"status": 201, "body": "garbage"}, Unknown),
        ({"status": 200, "accepted": False}, Unknown),
        ({"then": "cut"}, Unknown),
        ({"then": "hang"}, Unknown),
        ({"status": 400}, Rejected),
        ({"status": 400, "body": "html"}, Rejected),
        ({"status": 429, "body": "html"}, Rejected),
    ],
)
async def test_each_way_of_answering_makes_one_call_and_has_one_meaning(
    sms: TwilioChannel, emulator: TwilioEmulator, how: dict[str, Any], heard: type
) -> None:
    await script(emulator, LAN, **how)

    assert isinstance(await sms.send(outgoing()), heard)
    assert emulator.mailbox.calls() == [LAN]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, b"[]"),
        (201, b"null"),
        (201, b'"ok"'),
        (201, b'{"sid": 7}'),
        (400, b'{"type": "about:blank", "title": "No", "status": "bad", "code": 99999}'),
    ],
)
async def test_an_answer_of_a_shape_nobody_foresaw_says_neither_yes_nor_no(
    database: object,
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    now: datetime,
    status: int,
    body: bytes,
) -> None:
    """The provider took it; what it answers is JSON, and none of its resources."""

    async def spoil(front: Front, asked: Asked) -> Told:
        return replace(await front.forward(asked), status=status, body=body)

    front = Front(behind=emulator.base_url, behaviour=spoil)
    await front.open()
    message_id = await owe("appointment_confirmed", LAN, now)
    try:
        with pytest.raises(Later):
            await deliver(message_id, channel=make_channel(api_base=front.url), now=now)
    finally:
        await front.close()

    assert len(sent_to(emulator, LAN)) == 1
    assert (await stored(message_id)).state == "unknown", "asked about before it is sent again"


async def test_a_busy_provider_says_when_to_come_back(sms: TwilioChannel, emulator: TwilioEmulator) -> None:
    await script(emulator, LAN, status=429, code=20429, retry_after_s=7)

    assert await sms.send(outgoing()) == Rejected(Verdict.TEMPORARY, "20429", timedelta(seconds=7))


async def test_the_pause_of_one_answer_is_not_taken_for_anothers(
    sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    await script(emulator, LAN, status=429, code=20429, retry_after_s=7, times=1)
    await sms.send(outgoing())
    await script(emulator, LAN, status=429, code=20429)

    for _ in range(16):  # by every thread there is
        assert await sms.send(outgoing()) == Rejected(Verdict.TEMPORARY, "20429")


@pytest.mark.parametrize(
    ("sender", "service", "intent"),
    [(Sender.CODES, "MG" + "1" * 32, "otp"), (Sender.NOTICES, "MG" + "2" * 32, "notifications")],
)
async def test_codes_and_notices_leave_by_senders_of_their_own(
    make_channel: MakeChannel, emulator: TwilioEmulator, sender: Sender, service: str, intent: str
) -> None:
    sms = make_channel(service_codes="MG" + "1" * 32, service_notices="MG" + "2" * 32)

    await sms.send(outgoing(sender=sender))

    (record,) = emulator.mailbox.all()
    assert record.form["MessagingServiceSid"] == service
    assert record.form["MessageIntent"] == intent
    assert "From" not in record.form


async def test_a_provider_that_hangs_on_notices_does_not_hold_codes_back(
    make_channel: MakeChannel, emulator: TwilioEmulator
) -> None:
    """All threads of the notices are waiting for an answer that does not come."""
    sms = make_channel(timeout_s=5.0)
    await script(emulator, magic("01"), then="hang")
    waiting = [asyncio.create_task(sms.send(outgoing(magic("01")))) for _ in range(THREADS + 2)]

    async def all_taken() -> bool:
        return emulator.mailbox.calls().count(magic("01")) == THREADS

    await until(all_taken)
    async with asyncio.timeout(3):
        answer = await sms.send(outgoing(LAN, sender=Sender.CODES))
    assert isinstance(answer, Accepted)
    emulator.closing.set()
    await asyncio.gather(*waiting)


async def test_what_became_of_a_message_can_be_asked(
    make_channel: MakeChannel, emulator: TwilioEmulator
) -> None:
    """While a messaging service has not chosen a sender nobody knows the segments, nor the price."""
    sms = make_channel(service_notices="MG" + "2" * 32)
    await script(emulator, LAN, callbacks=[])
    answer = await sms.send(outgoing(body="a" * 161))
    assert isinstance(answer, Accepted)
    (record,) = emulator.mailbox.all()

    assert await sms.fetch(answer.provider_id) == Report("accepted", "", None, None, "USD")
    record.become("delivered")
    assert await sms.fetch(answer.provider_id) == Report("delivered", "", 2, "-0.1000", "USD")
    record.become("undelivered:30005")
    assert await sms.fetch(answer.provider_id) == Report("undelivered", "30005", 2, "-0.1000", "USD")
    assert await sms.fetch("SM" + "0" * 32) is None


async def test_asking_with_a_wrong_token_is_no_answer(make_channel: MakeChannel) -> None:
    with pytest.raises(TwilioRestException):
        await make_channel(token="of-last-year").fetch("SM" + "0" * 32)


async def test_a_script_the_emulator_does_not_understand_is_refused(emulator: TwilioEmulator) -> None:
    async with httpx.AsyncClient(base_url=emulator.base_url, trust_env=False) as http:
        answers = [
            await http.post("/__script", content=b"{"),
            await http.post("/__script", json={"to": LAN, "script": {"stauts": 400}}),
            await http.post("/__script", json={"to": LAN, "script": {"then": "explode"}}),
            await http.post("/__callback", json={"sid": 7, "script": {}}),
        ]
        unknown = await http.post("/__callback", json={"sid": "SM0", "script": {}})

    assert {answer.status_code for answer in answers} == {422}
    assert unknown.status_code == 404


async def test_scripts_are_listed_and_taken_back(emulator: TwilioEmulator, sms: TwilioChannel) -> None:
    await script(emulator, status=503)
    async with httpx.AsyncClient(base_url=emulator.base_url, trust_env=False) as http:
        assert (await http.get("/__script")).json()["*"]["status"] == 503
        assert isinstance(await sms.send(outgoing()), Unknown)
        await http.delete("/__script")
        assert (await http.get("/__script")).json() == {}

    assert isinstance(await sms.send(outgoing()), Accepted)


def test_nothing_that_may_pass_or_may_have_been_sent_is_final() -> None:
    assert not FINAL & {Verdict.AMBIGUOUS, Verdict.TEMPORARY, Verdict.CONFIGURATION, Verdict.UNREACHABLE}
