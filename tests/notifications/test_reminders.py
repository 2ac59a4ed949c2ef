"""The text of a reminder: of use until the appointment begins, and not after it was given up."""

import uuid
from datetime import datetime, timedelta

import pytest

from app.appointments import operations as appointments
from app.appointments.events import AppointmentReminderDue
from app.core.clock import local
from app.core.database import DB
from app.servers.ports import free_port
from notifications import delivery
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import MESSAGES
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    GRAIN,
    Place,
    Publish,
    place,
    publish,
    tomorrow,
)
from tests.notifications.conftest import LAN, MakeChannel, calls, sent_to, stored
from tests.notifications.test_delivery import forgetful, look, look_until_settled  # noqa: F401
from tests.notifications.test_listeners import confirmed
from tests.notifications.test_preferences import around

REMINDER = TEMPLATES["appointment_reminder"]


async def owe(now: datetime, *, until: datetime) -> uuid.UUID:
    return await delivery.owe(
        template=REMINDER,
        locale="vi",
        phone=LAN,
        values={"reference": "NB-7K3Q-92", "time": "08:00 25/11/2026", "place": "Hoa Lư"},
        about="appointment:1",
        version=2,
        now=now,
        until=until,
        # At no hour of the machine anybody's quiet one.
        quiet=around(now, begins_in=22, ends_in=23),
    )


async def due(place: Place, publish: Publish, now: datetime) -> tuple[AppointmentReminderDue, uuid.UUID]:  # noqa: F811
    await publish()
    row = await confirmed(place, now)
    fact = AppointmentReminderDue(
        occurred_at=now,
        appointment_id=row.id,
        centre_id=row.centre_id,
        starts_at=row.starts_at,
        citizen_id=row.citizen_id,
        version=row.version,
    )
    return fact, row.citizen_id


async def test_a_reminder_says_when_and_where_and_ends_when_the_appointment_begins(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    fact, _ = await due(place, publish, now)
    words = await MESSAGES[AppointmentReminderDue](fact)
    assert words is not None
    assert (words.template, words.until, words.version) == (
        "appointment_reminder",
        fact.starts_at,
        fact.version,
    )
    text = REMINDER.render("vi", words.values)
    assert f"{local(fact.starts_at):%H:%M %d/%m/%Y}" in text and "Hoa Lu" in text


@pytest.mark.parametrize("what", ["nothing", "cancelled", "moved", "begun"])
async def test_nobody_is_reminded_of_what_was_cancelled_moved_or_begun(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
    what: str,
) -> None:
    fact, citizen_id = await due(place, publish, now)
    which = fact.appointment_id
    if what == "cancelled":
        await appointments.cancel(appointment_id=which, citizen_id=citizen_id, now=now)
    elif what == "moved":
        starts_at = place.opens + GRAIN
        await appointments.reschedule(
            appointment_id=which, citizen_id=citizen_id, starts_at=starts_at, now=now
        )
    elif what == "begun":
        assert DB.pool is not None
        await DB.pool.execute("UPDATE appointment SET state = 'arrived' WHERE id = $1", which)

    assert (await MESSAGES[AppointmentReminderDue](fact) is None) == (what != "nothing")


async def test_a_reminder_the_provider_did_not_take_in_time_is_dropped(
    database: object, make_channel: MakeChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    begins = now + timedelta(hours=1)
    message_id = await owe(now, until=begins)
    away, back = make_channel(api_base=f"http://127.0.0.1:{free_port()}"), make_channel()

    early = await look(message_id, away, now)
    late = await look(message_id, back, begins)

    assert early is not None and late is None
    assert (await stored(message_id)).state == "expired"
    assert sent_to(emulator, LAN) == []


async def test_the_provider_is_told_how_long_a_reminder_is_of_use(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    message_id = await owe(now, until=now + timedelta(minutes=90))

    await look(message_id, sms, now + timedelta(minutes=30))

    (record,) = emulator.mailbox.all()
    assert record.validity_s == "3600"


async def test_a_reminder_whose_fate_is_unknown_is_repeated_once(
    database: object,
    forgetful: str,  # noqa: F811
    make_channel: MakeChannel,
    now: datetime,
) -> None:
    message_id = await owe(now, until=now + timedelta(hours=20))

    await look_until_settled(message_id, make_channel(api_base=forgetful), now)

    assert (await stored(message_id)).state == "gave_up"
    assert await calls(message_id) == ["unknown", "unknown"]
