"""The real client against the emulator: every answer a provider can give means one thing to us."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.servers.ports import free_port
from notifications.classification import FINAL, TWILIO, Verdict, verdict
from notifications.emulator.certificates import Authority
from notifications.emulator.server import TwilioEmulator
from notifications.port import Accepted, Outgoing, Rejected, Sender, Unknown
from notifications.twilio_channel import TwilioChannel
from tests.notifications.conftest import (
    ACCOUNT,
    LAN,
    PATIENCE_S,
    SENDER,
    TOKEN,
    MakeChannel,
    magic,
    sent_to,
)

BODY = "Motcua: moi so A012 den quay 3."


def outgoing(phone: str = LAN, **facts: Any) -> Outgoing:
    return Outgoing(
        message_id=facts.get("message_id", uuid.uuid4()),
        attempt=1,
        phone=phone,
        body=facts.get("body", BODY),
        valid_for_s=facts.get("valid_for_s", 300),
        sender=facts.get("sender", Sender.NOTICES),
    )


async def test_an_accepted_message_is_known_by_the_providers_id(
    sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    answer = await sms.send(outgoing())

    (record,) = emulator.mailbox.all()
    assert answer == Accepted(record.sid)
    assert (record.to, record.sender, record.body) == (LAN, SENDER, BODY)


@pytest.mark.parametrize(("asked", "given"), [(300, "300"), (90_000, "36000"), (-7, "5")])
async def test_the_provider_is_told_how_long_a_message_is_worth_sending(
    sms: TwilioChannel, emulator: TwilioEmulator, asked: int, given: str
) -> None:
    await sms.send(outgoing(valid_for_s=asked))

    assert [record.validity_s for record in emulator.mailbox.all()] == [given]


@pytest.mark.parametrize(
    ("phone", "answer"),
    [
        (magic("04"), Rejected(Verdict.RECIPIENT, "21610")),
        ("+84", Rejected(Verdict.RECIPIENT, "21211")),
        (magic("05"), Rejected(Verdict.TEMPORARY, "20429", timedelta(seconds=7))),
        (magic("15"), Rejected(Verdict.RECIPIENT, "21614")),
        (magic("20"), Rejected(Verdict.RECIPIENT, "21211")),
    ],
)
async def test_a_refusal_is_certain_and_has_its_class(
    sms: TwilioChannel, emulator: TwilioEmulator, phone: str, answer: Rejected
) -> None:
    assert await sms.send(outgoing(phone)) == answer
    assert sent_to(emulator, phone) == []


async def test_an_empty_text_is_our_mistake(sms: TwilioChannel) -> None:
    assert await sms.send(outgoing(body="")) == Rejected(Verdict.CONTENT, "21602")


async def test_a_wrong_token_is_the_installations_fault(make_channel: MakeChannel) -> None:
    answer = await make_channel(token="of-last-year").send(outgoing())

    assert answer == Rejected(Verdict.CONFIGURATION, "20003")


@pytest.mark.parametrize("digits", ["06", "07", "08", "09", "19"])
async def test_what_is_neither_yes_nor_no_is_unknown(sms: TwilioChannel, digits: str) -> None:
    """A silence, a cut connection, a bad gateway, an answer nobody can read."""
    async with asyncio.timeout(3 * PATIENCE_S):
        assert isinstance(await sms.send(outgoing(magic(digits))), Unknown)


@pytest.mark.parametrize("digits", ["06", "07", "09", "19"])
async def test_an_unknown_call_that_arrived_is_found_again(
    sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, digits: str
) -> None:
    await sms.send(outgoing(magic(digits)))

    found = await sms.find(phone=magic(digits), body=BODY, since=now)

    (record,) = emulator.mailbox.all()
    assert found == record.sid


async def test_only_the_same_text_to_the_same_phone_since_the_call_is_found(
    sms: TwilioChannel, now: datetime
) -> None:
    await sms.send(outgoing())

    assert await sms.find(phone=LAN, body=BODY, since=now) is not None
    assert await sms.find(phone=LAN, body=BODY + " ", since=now) is None
    assert await sms.find(phone=magic("01"), body=BODY, since=now) is None
    assert await sms.find(phone=LAN, body=BODY, since=now + timedelta(minutes=1)) is None


async def test_nobody_listening_is_certainly_not_sent(make_channel: MakeChannel) -> None:
    nobody = make_channel(api_base=f"http://127.0.0.1:{free_port()}")

    answer = await nobody.send(outgoing())

    assert isinstance(answer, Rejected)
    assert answer.verdict is Verdict.TEMPORARY


async def test_a_name_that_leads_nowhere_is_certainly_not_sent(make_channel: MakeChannel) -> None:
    answer = await make_channel(api_base="http://api.invalid").send(outgoing())

    assert isinstance(answer, Rejected)
    assert answer.verdict is Verdict.TEMPORARY


async def test_a_certificate_nobody_trusts_is_certainly_not_sent(
    make_channel: MakeChannel, self_signed: str
) -> None:
    answer = await make_channel(api_base=self_signed).send(outgoing())

    assert answer == Rejected(Verdict.TEMPORARY, "certificate")


async def test_an_encrypted_line_that_breaks_is_unknown(
    make_channel: MakeChannel, emulator: TwilioEmulator
) -> None:
    """Whether a broken line broke before or after the request cannot be told apart for sure."""
    answer = await make_channel(api_base=emulator.base_url.replace("http://", "https://")).send(outgoing())

    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("code", sorted(TWILIO))
def test_a_documented_code_means_the_same_whatever_status_carries_it(code: int) -> None:
    assert verdict(code, 400) is verdict(code, 503) is TWILIO[code]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, Verdict.CONTENT),
        (401, Verdict.CONFIGURATION),
        (403, Verdict.CONFIGURATION),
        (429, Verdict.TEMPORARY),
        (500, Verdict.AMBIGUOUS),
        (503, Verdict.AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("code", [None, 99_999])
def test_a_code_nobody_documented_is_judged_by_its_status(
    code: int | None, status: int, meaning: Verdict
) -> None:
    assert verdict(code, status) is meaning


def test_nothing_that_may_have_been_sent_or_may_pass_is_final() -> None:
    assert not FINAL & {Verdict.AMBIGUOUS, Verdict.TEMPORARY, Verdict.CONFIGURATION}


async def test_the_provider_is_told_which_message_and_which_call_it_answers(
    make_channel: MakeChannel, emulator: TwilioEmulator, site: "Listener"
) -> None:
    message_id = uuid.uuid4()

    await make_channel(public_url=site.url).send(outgoing(message_id=message_id))

    asked = urlsplit(await site.first())
    assert asked.path == "/v1/callbacks/twilio/status"
    assert parse_qs(asked.query) == {"n": [str(message_id)], "a": ["1"]}


async def test_the_emulator_lets_nobody_in_without_the_token(emulator: TwilioEmulator) -> None:
    async with httpx.AsyncClient(base_url=emulator.base_url, trust_env=False) as http:
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        form = {"To": LAN, "From": SENDER, "Body": BODY}

        assert (await http.post(path, data=form)).status_code == 401
        assert (await http.post(path, data=form, auth=(ACCOUNT, "guess"))).status_code == 401
        assert (await http.get(path)).status_code == 401
        assert (await http.post(path, data=form, auth=(ACCOUNT, TOKEN))).status_code == 201


@pytest.fixture
async def self_signed() -> AsyncIterator[str]:
    """Somebody who says to be the provider, and an authority nobody knows vouches for it."""
    context = Authority().serving()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Listener:
    """An address that remembers what was asked of it."""

    def __init__(self, url: str, asked: "asyncio.Queue[str]") -> None:
        self.url = url
        self._asked = asked

    async def first(self) -> str:
        async with asyncio.timeout(5):
            return await self._asked.get()


@pytest.fixture
async def site() -> Any:
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        asked.put_nowait(line.split(" ")[1])
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Listener(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked)
