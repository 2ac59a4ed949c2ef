"""Letters beside the SMS: the appointment in Lan's calendar and out of it again; and what comes back."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest
from icalendar import Calendar

from app.appointments import operations as appointments
from app.channel_settings import Security, SmtpSettings
from app.citizens import addresses, emails
from app.citizens.choices_link import choices_token
from app.citizens.rules import Channel, Preferences
from app.core.crypto import Secret
from app.core.database import DB
from notifications.emulator.mail import MailEmulator, running_mail
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_beside, tell_person
from notifications.mail.smtp_channel import SmtpChannel
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    place,
    publish,
    tomorrow,
)
from tests.citizens.conftest import make_account
from tests.notifications.conftest import LAN, sent_to
from tests.notifications.test_listeners import ask_for_code, confirmed, facts
from tests.notifications.test_mail import PASSWORD, USER, report
from tests.notifications.test_preferences import a_move, around, choose

FROM = "mot-cua@ninhbinh.example"


@pytest.fixture
async def server() -> AsyncIterator[MailEmulator]:
    async with running_mail(user=USER, password=PASSWORD) as running:
        yield running


@pytest.fixture
def channels(sms: TwilioChannel, server: MailEmulator) -> Channels:
    settings = SmtpSettings(
        host=server.host, port=server.port, security=Security.STARTTLS, user=USER,
        password=Secret(PASSWORD), sender=FROM, sender_name="Một cửa Ninh Bình",
        bounces="bounces@ninhbinh.example", ca_file=server.ca_file,
    )  # fmt: skip
    others = {Way.EMAIL: SmtpChannel(settings)}
    return Channels(sms=sms, pages_url="https://motcua.example.vn", others=others, letters_from=FROM)


async def with_email(now: datetime, address: str = "lan@example.vn") -> uuid.UUID:
    """Lan, who has shown that she reads what comes to an address."""
    lan = await make_account(LAN, at=now)
    named = await emails.name(citizen_id=lan, address=address, now=now)
    await emails.confirm(citizen_id=lan, code=emails.code_of(named.id), now=now)
    return lan


def event(server: MailEmulator, n: int) -> tuple[str, dict[str, str]]:
    """What the n-th letter says to a calendar, and the parameter of its part."""
    _, part = server.letters[n].mail.iter_parts()
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    calendar = Calendar.from_ical(payload)
    (found,) = calendar.walk("VEVENT")
    assert part.get_param("method") == str(calendar["method"])
    return str(calendar["method"]), {
        name: str(found[name])
        for name in ("UID", "SEQUENCE", "ORGANIZER", "ATTENDEE", "STATUS", "DESCRIPTION")
    }


async def test_an_appointment_comes_into_the_calendar_and_leaves_it_again(
    channels: Channels,
    emulator: TwilioEmulator,
    server: MailEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    await with_email(now)
    row = await confirmed(place, now)
    (made,) = await facts("appointment.confirmed")
    for tell in (tell_person, tell_beside, tell_person, tell_beside):
        await tell(made, channels=channels)
    await appointments.cancel(appointment_id=row.id, citizen_id=row.citizen_id, reason="busy", now=now)
    (ended,) = await facts("appointment.cancelled")
    await tell_beside(ended, channels=channels)

    (method, first), (ending, last) = event(server, 0), event(server, 1)
    assert (method, ending) == ("REQUEST", "CANCEL")
    assert len(server.letters) == 2 and len(sent_to(emulator, LAN)) == 1
    assert first["UID"] == last["UID"] == f"{row.id}@motcua"
    assert int(last["SEQUENCE"]) > int(first["SEQUENCE"])
    assert first["ORGANIZER"] == last["ORGANIZER"] == f"mailto:{FROM}"
    assert first["ATTENDEE"] == "mailto:lan@example.vn"
    assert (first["STATUS"], last["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert server.letters[0].mail["Subject"] == f"Lịch hẹn {row.reference}"


async def test_a_letter_says_neither_who_nor_what_for(
    channels: Channels,
    server: MailEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await with_email(now)
    await confirmed(place, now)

    await tell_beside((await facts("appointment.confirmed"))[0], channels=channels)

    (received,) = server.letters
    text, calendar = received.mail.iter_parts()
    link = f"https://motcua.example.vn/choices/{choices_token(lan)}"
    assert link in text.get_content()  # type: ignore[attr-defined]
    assert received.mail["List-Unsubscribe"] == f"<{link}/unsubscribe>"
    assert received.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    said = text.get_content() + (calendar.get_payload(decode=True) or b"").decode()  # type: ignore[attr-defined, union-attr]
    assert "Ông/Bà đã đặt lịch" in said
    for secret in ("Nguyễn", "Lan", LAN, "2.000815", "Thủ tục"):
        assert secret not in said.replace("lan@example.vn", ""), secret


async def test_a_code_never_goes_by_letter(
    database: object, channels: Channels, emulator: TwilioEmulator, server: MailEmulator, now: datetime
) -> None:
    lan = await with_email(now)
    await choose(lan, Preferences(channel=Channel.EMAIL))
    fact = await ask_for_code(now)

    await tell_person(fact, channels=channels)
    await tell_beside(fact, channels=channels)

    assert server.letters == [] and len(sent_to(emulator, LAN)) == 1


async def test_the_code_of_an_address_goes_to_that_address_only(
    database: object, channels: Channels, emulator: TwilioEmulator, server: MailEmulator, now: datetime
) -> None:
    lan = await make_account(LAN, at=now)
    named = await emails.name(citizen_id=lan, address="lan@example.vn", now=now)
    (fact,) = await facts("email.named")

    for tell in (tell_person, tell_beside, tell_person):
        await tell(fact, channels=channels)

    (received,) = server.letters
    assert received.to == "lan@example.vn"
    assert emails.code_of(named.id) in received.mail.get_content()
    assert emails.code_of(named.id) not in received.mail["Subject"]
    assert emulator.mailbox.all() == []


async def test_a_dead_address_is_given_up_and_the_sms_has_gone_anyway(
    channels: Channels,
    emulator: TwilioEmulator,
    server: MailEmulator,
    client: httpx.AsyncClient,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await with_email(now)
    await confirmed(place, now)
    (fact,) = await facts("appointment.confirmed")
    await tell_person(fact, channels=channels)
    await tell_beside(fact, channels=channels)
    back = server.letters[0].back
    path = "/v1/callbacks/email/reports"

    forged = await client.post(
        path, params={"recipient": back.replace("+", "+0")}, content=report("failed", "5.1.1")
    )
    still = await addresses.of_phone(LAN)
    answers = [
        await client.post(path, params={"recipient": back}, content=report("failed", "5.1.1"))
        for _ in range(2)
    ]

    assert [each.status_code for each in (forged, *answers)] == [204, 204, 204]
    assert still.email == "lan@example.vn"
    assert (await addresses.of_phone(LAN)).email is None
    kept = await emails.of_citizen(lan)
    assert kept is not None and kept.undeliverable_at is not None
    assert await states() == {"email": "undelivered", "sms": "accepted"}


async def states() -> dict[str, str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT channel, state FROM message")
    return {row["channel"]: row["state"] for row in rows}


async def test_who_chose_letters_gets_the_sms_where_letters_come_back_at_once(
    channels: Channels,
    emulator: TwilioEmulator,
    server: MailEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await with_email(now, "gone@example.vn")
    # At no hour of the machine anybody's quiet one.
    quiet = around(now, begins_in=2, ends_in=4)
    await choose(lan, Preferences(channel=Channel.EMAIL, quiet=quiet))

    await tell_person(await a_move(place, now), channels=channels)

    assert await states() == {"email": "rejected", "sms": "accepted"}
    assert len(sent_to(emulator, LAN)) == 1
