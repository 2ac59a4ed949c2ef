"""The worker's own table: letters are work beside the SMS where there is a mail server, and only there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from app.channel_settings import Security, SmtpSettings
from app.citizens import emails
from app.core.crypto import Secret
from app.core.database import DB
from app.settings import Settings
from jobs.drainer import Drainer
from jobs.subscriptions import COPIES, PEOPLE, SILENT, make_subscriptions
from notifications.emulator.mail import MailEmulator, running_mail
from notifications.emulator.server import TwilioEmulator
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    place,
    publish,
    tomorrow,
)
from tests.citizens.conftest import make_account
from tests.notifications.conftest import ACCOUNT, LAN, TOKEN, sent_to, until
from tests.notifications.test_listeners import confirmed
from tests.notifications.test_mail import PASSWORD, USER


@pytest.fixture
async def server() -> AsyncIterator[MailEmulator]:
    async with running_mail(user=USER, password=PASSWORD) as running:
        yield running


@pytest.fixture
def with_mail(settings: Settings, server: MailEmulator, emulator: TwilioEmulator) -> Settings:
    smtp = SmtpSettings(
        host=server.host, port=server.port, security=Security.STARTTLS, user=USER,
        password=Secret(PASSWORD), sender="mot-cua@ninhbinh.example", sender_name="Một cửa",
        ca_file=server.ca_file,
    )  # fmt: skip
    twilio = replace(
        settings.twilio, account_sid=ACCOUNT, auth_token=Secret(TOKEN), api_base=emulator.base_url
    )
    return replace(settings, channels=replace(settings.channels, smtp=smtp), twilio=twilio)


async def test_without_a_mail_server_nobody_has_work_with_copies(settings: Settings) -> None:
    async with make_subscriptions(settings) as subscriptions:
        names = {each.name for each in subscriptions}

    assert PEOPLE in names and COPIES not in names


async def test_lan_confirms_her_address_and_gets_the_appointment_by_sms_and_by_letter(
    with_mail: Settings,
    server: MailEmulator,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await make_account(LAN, at=now)
    named = await emails.name(citizen_id=lan, address="lan@example.vn", now=now)
    async with make_subscriptions(with_mail) as subscriptions:
        drainer = Drainer(subscriptions, silent=SILENT)

        async def drained(letters: int, texts: int) -> bool:
            await drainer.turn()
            return len(server.letters) == letters and len(sent_to(emulator, LAN)) == texts

        await until(lambda: drained(1, 0))
        assert emails.code_of(named.id) in server.letters[0].mail.get_content()
        await emails.confirm(citizen_id=lan, code=emails.code_of(named.id), now=now)
        row = await confirmed(place, now)
        await until(lambda: drained(2, 1))

        async def at_rest() -> bool:
            await drainer.turn()
            assert DB.pool is not None
            return not await DB.pool.fetchval(
                "SELECT count(*) FROM outbox_work WHERE state IN ('ready', 'claimed')"
                " AND subscriber = ANY($1)",
                [PEOPLE, COPIES],
            )

        await until(at_rest)

    assert server.letters[1].mail["Subject"] == f"Lịch hẹn {row.reference}"
    assert (len(server.letters), len(sent_to(emulator, LAN))) == (2, 1)
