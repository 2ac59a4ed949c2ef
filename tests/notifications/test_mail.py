"""Letters through a real mail server: encrypted, signed in, and every way it may say no."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.channel_settings import Security, SmtpSettings
from app.citizens.emails import is_address
from app.core.crypto import Secret
from app.servers.ports import free_port
from app.settings import Settings, SettingsError
from notifications.classification import Verdict
from notifications.emulator.mail import MailEmulator, running_mail
from notifications.mail import bounces
from notifications.mail.letters import LetterRefused, Sender, letter
from notifications.mail.smtp_channel import SmtpChannel
from notifications.port import Accepted, Content, Outgoing, Rejected, Unknown
from tests.notifications.conftest import LAN

USER, PASSWORD = "motcua", "a-password-of-these-tests"
LAN_MAIL = "lan@example.vn"
TEXT = "Motcua: Ông/Bà đã đặt lịch NB-7K3Q-92 lúc 08:00 25/11/2026 tại Trung tâm Hoa Lư."
REQUEST = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
PATIENCE_S = 2.0
MOMENT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)


@pytest.fixture
async def server() -> AsyncIterator[MailEmulator]:
    async with running_mail(user=USER, password=PASSWORD) as running:
        yield running


@pytest.fixture
def settings_of_mail(server: MailEmulator) -> SmtpSettings:
    return SmtpSettings(
        host=server.host,
        port=server.port,
        security=Security.STARTTLS,
        user=USER,
        password=Secret(PASSWORD),
        sender="mot-cua@ninhbinh.example",
        sender_name="Một cửa Ninh Bình",
        bounces="bounces@ninhbinh.example",
        ca_file=server.ca_file,
    )


@pytest.fixture
def channel(opened: object, settings_of_mail: SmtpSettings) -> SmtpChannel:
    return SmtpChannel(settings_of_mail, timeout_s=PATIENCE_S)


def outgoing(to: str, *, title: str = "Lịch hẹn NB-7K3Q-92", calendar: str = "") -> Outgoing:
    content = Content(title=title, calendar=calendar)
    return Outgoing(uuid.uuid4(), 1, LAN, TEXT, 600, address=to, content=content)


async def test_a_letter_arrives_encrypted_with_its_marks_and_its_calendar(
    channel: SmtpChannel, server: MailEmulator
) -> None:
    message = outgoing(LAN_MAIL, calendar=REQUEST)

    answer = await channel.send(message)

    assert isinstance(answer, Accepted), answer
    (received,) = server.letters
    text, calendar = received.mail.iter_parts()
    assert received.encrypted
    assert (received.to, received.mail["Subject"]) == (LAN_MAIL, "Lịch hẹn NB-7K3Q-92")
    assert received.mail["From"].addresses[0].display_name == "Một cửa Ninh Bình"
    assert text.get_content().splitlines() == [TEXT]  # type: ignore[attr-defined]
    assert calendar.get_content_type() == "text/calendar"
    assert (calendar.get_param("method"), calendar.get_param("charset")) == ("REQUEST", "utf-8")
    assert calendar.get_payload(decode=True) == REQUEST.encode()
    assert bounces.read_return_path(received.back) == message.message_id


async def test_the_same_message_sent_again_is_the_same_letter(
    channel: SmtpChannel, server: MailEmulator
) -> None:
    message = outgoing(LAN_MAIL)

    await channel.send(message)
    await channel.send(message._replace(attempt=2))

    first, second = server.letters
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert str(message.message_id) in first.mail["Message-ID"]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("gone@example.vn", Rejected(Verdict.RECIPIENT, "5.1.1")),
        ("full@example.vn", Rejected(Verdict.TEMPORARY, "5.2.2")),
        ("grey@example.vn", Rejected(Verdict.TEMPORARY, "4.7.1")),
        ("refused@example.vn", Rejected(Verdict.CONTENT, "5.7.1")),
        ("cut@example.vn", Unknown("connection")),
        ("hang@example.vn", Unknown("timeout")),
    ],
)
async def test_a_reply_is_told_by_what_it_means(
    channel: SmtpChannel, to: str, expected: Rejected | Unknown
) -> None:
    assert await channel.send(outgoing(to)) == expected


async def test_who_was_asked_to_come_later_comes_later(channel: SmtpChannel, server: MailEmulator) -> None:
    message = outgoing("grey@example.vn")

    first, second = await channel.send(message), await channel.send(message)

    assert isinstance(first, Rejected) and isinstance(second, Accepted)
    assert len(server.letters) == 1


async def test_a_wrong_password_is_the_operators_to_mend(
    settings_of_mail: SmtpSettings, server: MailEmulator, opened: object
) -> None:
    wrong = SmtpChannel(replace(settings_of_mail, password=Secret("of-last-year")), timeout_s=PATIENCE_S)

    assert await wrong.send(outgoing(LAN_MAIL)) == Rejected(Verdict.CONFIGURATION, "5.7.8")
    assert server.letters == []


async def test_a_certificate_nobody_vouches_for_gets_no_letter(
    settings_of_mail: SmtpSettings, server: MailEmulator, opened: object
) -> None:
    strict = SmtpChannel(replace(settings_of_mail, ca_file=None), timeout_s=PATIENCE_S)

    assert await strict.send(outgoing(LAN_MAIL)) == Rejected(Verdict.CONFIGURATION, "certificate")
    assert server.letters == []


async def test_a_server_without_encryption_gets_no_letter(
    settings_of_mail: SmtpSettings, opened: object
) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 plain\r\n")
        while line := await reader.readline():
            writer.write(b"250 plain\r\n" if line.upper().startswith(b"EHLO") else b"502 no\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        channel = SmtpChannel(replace(settings_of_mail, port=port), timeout_s=PATIENCE_S)
        answer = await channel.send(outgoing(LAN_MAIL))

    assert answer == Rejected(Verdict.CONFIGURATION, "not_supported")


async def test_nobody_there_costs_nothing(settings_of_mail: SmtpSettings, opened: object) -> None:
    channel = SmtpChannel(replace(settings_of_mail, port=free_port()), timeout_s=PATIENCE_S)

    assert await channel.send(outgoing(LAN_MAIL)) == Rejected(Verdict.TEMPORARY, "connection")


async def test_knocking_says_whether_we_are_let_in_and_sends_nothing(
    channel: SmtpChannel, settings_of_mail: SmtpSettings, server: MailEmulator
) -> None:
    wrong = SmtpChannel(replace(settings_of_mail, password=Secret("x")), timeout_s=PATIENCE_S)

    assert await channel.knock() == Accepted("")
    assert isinstance(await wrong.knock(), Rejected)
    assert server.letters == []


@pytest.mark.parametrize(
    "to",
    [
        "lan@example.vn\r\nBcc: everybody@example.vn",
        "lan@example.vn\nSubject: x",
        "lan@example.vn, other@example.vn",
        "<lan@example.vn>",
        "lan@localhost",
        "lan",
        "@example.vn",
        "lan@exam ple.vn",
        "lan..x@example.vn",
        "lan@-example.vn",
        "l" * 250 + "@example.vn",
        "",
    ],
)
async def test_what_is_no_plain_address_is_written_to_by_nobody(
    channel: SmtpChannel, server: MailEmulator, to: str
) -> None:
    assert not is_address(to)
    assert await channel.send(outgoing(to)) == Rejected(Verdict.RECIPIENT, "address")
    assert server.letters == []


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x85", "\x0b"])
async def test_a_title_cannot_write_a_header(
    channel: SmtpChannel, server: MailEmulator, break_: str
) -> None:
    answer = await channel.send(outgoing(LAN_MAIL, title=f"Lịch hẹn{break_}Bcc: all@example.vn"))

    assert answer == Rejected(Verdict.CONTENT, "header")
    assert server.letters == []


def test_a_text_with_lines_and_dots_stays_text() -> None:
    mail = letter(
        message_id=uuid.uuid4(), sender=Sender("Một cửa", "a@example.vn"), to=LAN_MAIL, title="x",
        text="a\n.\nBcc: all@example.vn", calendar="", language="vi", now=MOMENT,
    )  # fmt: skip

    assert mail["Bcc"] is None
    assert mail.get_content().splitlines() == ["a", ".", "Bcc: all@example.vn"]


def test_a_calendar_without_a_method_is_no_invitation() -> None:
    with pytest.raises(LetterRefused):
        letter(
            message_id=uuid.uuid4(), sender=Sender("x", "a@example.vn"), to=LAN_MAIL, title="x",
            text="x", calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", language="vi", now=MOMENT,
        )  # fmt: skip


def report(action: str, status: str, *, holiday: bool = False) -> bytes:
    """A delivery report as RFC 3464 has it."""
    head = "MIME-Version: 1.0\r\nFrom: MAILER-DAEMON@example.vn\r\nSubject: Undelivered\r\n"
    if holiday:
        return (head + "Content-Type: text/plain\r\n\r\nI am away.\r\n").encode()
    return (
        head + 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mail.example.vn\r\n\r\n"
        f"Final-Recipient: rfc822; lan@example.vn\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("action", "status", "failed", "gone"),
    [
        ("failed", "5.1.1", True, True),
        ("failed", "5.2.1 (disabled)", True, True),
        ("failed", "5.2.2", True, False),
        ("failed", "5.7.1", True, False),
        ("failed", "4.4.7", True, False),
        ("delayed", "4.4.1", False, False),
    ],
)
def test_a_report_says_what_became_of_which_message(
    opened: object, action: str, status: str, failed: bool, gone: bool
) -> None:
    message_id = uuid.uuid4()
    back = bounces.return_path(message_id, "bounces@ninhbinh.example")
    assert back is not None

    found = bounces.read_report(back, report(action, status))

    assert found == bounces.Bounce(message_id, failed, gone, status[:5])


def test_what_is_no_report_says_nothing(opened: object) -> None:
    back = bounces.return_path(uuid.uuid4(), "bounces@ninhbinh.example")
    assert back is not None
    mark = back[back.index("@") - 1]
    forged = back.replace(f"{mark}@", "1@" if mark == "0" else "0@")

    assert bounces.read_report(back, report("failed", "5.1.1", holiday=True)) is None
    assert bounces.read_report(forged, report("failed", "5.1.1")) is None
    assert bounces.read_report("bounces@ninhbinh.example", report("failed", "5.1.1")) is None
    assert bounces.read_report(back, b"\xff\x00 not a letter") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MOTCUA_SMTP_URL": "smtp://mail.example.vn:25"}, "encrypted"),
        ({"MOTCUA_SMTP_URL": "smtps://user:secret@mail.example.vn"}, "without an account"),
        ({"MOTCUA_SMTP_URL": "http://mail.example.vn"}, "smtps://"),
        ({"MOTCUA_SMTP_URL": "smtps://mail.example.vn:x"}, "smtps://"),
        ({"MOTCUA_SMTP_SENDER": ""}, "MOTCUA_SMTP_SENDER"),
        ({"MOTCUA_SMTP_PASSWORD": ""}, "together"),
    ],
)
def test_settings_that_would_send_letters_astray_are_refused(changes: dict[str, str], words: str) -> None:
    good = {
        "MOTCUA_SMTP_URL": "smtp+starttls://mail.example.vn",
        "MOTCUA_SMTP_SENDER": "mot-cua@example.vn",
        "MOTCUA_SMTP_USER": "motcua",
        "MOTCUA_SMTP_PASSWORD": "secret-of-mail",
    }
    settings = Settings.from_environment(good)

    assert settings.channels.smtp is not None
    assert (settings.channels.smtp.port, settings.channels.smtp.security) == (587, Security.STARTTLS)
    assert "secret-of-mail" not in repr(settings)
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(good | changes)
