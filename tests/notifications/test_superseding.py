"""A newer message about a thing makes an older one needless, as long as that has not left."""

import asyncio
import uuid
from datetime import datetime

from app.appointments import operations as appointments
from app.core.clock import local
from app.core.database import DB
from app.core.later import Later
from app.core.outbox import Fact
from app.servers.ports import free_port
from notifications import delivery
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_person
from notifications.port import Channels
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
from tests.notifications.conftest import LAN, MakeChannel, magic, sent_to, stored
from tests.notifications.test_delivery import look
from tests.notifications.test_listeners import confirmed, facts

MOVED = "appointment_rescheduled"


async def owe(version: int, now: datetime, *, phone: str = LAN, thing: str = "appointment:1") -> uuid.UUID:
    return await delivery.owe(
        template=TEMPLATES[MOVED],
        locale="vi",
        phone=phone,
        values={"reference": "NB-7K3Q-92", "time": f"0{version}:00 25/11/2026", "place": "Hoa Lư"},
        about="appointment:1",
        version=version,
        now=now,
        thing=thing,
    )


async def hear(fact: Fact, channels: Channels) -> bool:
    """Whether everything about it is done."""
    try:
        await tell_person(fact, channels=channels)
    except Later:
        return False
    return True


async def moved_twice(publish: Publish, place: Place, now: datetime) -> list[Fact]:  # noqa: F811
    """Lan's appointment is confirmed, moved and moved again: three facts."""
    await publish()
    row = await confirmed(place, now)
    for later in (1, 2):
        await appointments.reschedule(
            appointment_id=row.id,
            citizen_id=row.citizen_id,
            starts_at=place.opens + 2 * later * GRAIN,
            now=now,
        )
    return [*await facts("appointment.confirmed"), *await facts("appointment.rescheduled")]


async def test_an_appointment_moved_twice_while_the_provider_is_away_is_told_once(
    publish: Publish,  # noqa: F811
    place: Place,  # noqa: F811
    make_channel: MakeChannel,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    told = await moved_twice(publish, place, now)
    away = Channels(sms=make_channel(api_base=f"http://127.0.0.1:{free_port()}"))

    waiting = [await hear(fact, away) for fact in told]
    here = Channels(sms=make_channel())
    assert DB.pool is not None
    await DB.pool.execute("UPDATE message SET retry_at = NULL")  # the pause is over
    done = [await hear(fact, here) for fact in told]

    assert (waiting, done) == ([False] * 3, [True] * 3)
    (text,) = sent_to(emulator, LAN)
    assert f"{local(place.opens + 4 * GRAIN):%H:%M}" in text


async def test_facts_heard_in_reverse_tell_the_newest_only(
    publish: Publish,  # noqa: F811
    place: Place,  # noqa: F811
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    told = await moved_twice(publish, place, now)

    for fact in reversed(told):
        assert await hear(fact, Channels(sms=sms))

    (text,) = sent_to(emulator, LAN)
    assert f"{local(place.opens + 4 * GRAIN):%H:%M}" in text


async def test_what_ended_so_says_why_in_the_journal(database: object, now: datetime) -> None:
    older = await owe(1, now)

    await owe(2, now)

    assert DB.pool is not None
    row = await stored(older)
    lines = await DB.pool.fetchval(
        "SELECT count(*) FROM journal WHERE object_id = $1 AND action = 'message.superseded'", str(older)
    )
    assert (row.state, row.error_code, lines) == ("superseded", "newer", 1)


async def test_only_what_has_not_left_is_ended(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    left, unknown = await owe(1, now), await owe(1, now, phone=magic("07"))
    for each in (left, unknown):
        await look(each, sms, now)

    for phone in (LAN, magic("07")):
        await owe(2, now, phone=phone)

    assert [(await stored(each)).state for each in (left, unknown)] == ["accepted", "unknown"]


async def test_another_person_and_another_thing_are_told_all_the_same(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    hoa = "+84912000111"
    kept = [
        await owe(1, now),
        await owe(2, now, phone=hoa),
        await owe(3, now, thing="appointment:2"),
        await owe(4, now, thing=""),
        await owe(5, now, thing=""),
    ]

    for each in kept:
        await look(each, sms, now)

    assert [(await stored(each)).state for each in kept] == ["accepted"] * 5
    assert (len(sent_to(emulator, LAN)), len(sent_to(emulator, hoa))) == (4, 1)


async def test_a_newer_one_owed_while_the_older_leaves_never_comes_before_it(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    for turn in range(8):
        thing = f"appointment:{turn}"
        phone = f"+8491200020{turn}"
        older = await owe(1, now, phone=phone, thing=thing)

        newer, _ = await asyncio.gather(owe(2, now, phone=phone, thing=thing), look(older, sms, now))
        await look(newer, sms, now)
        await look(older, sms, now)

        texts = sent_to(emulator, phone)
        assert (await stored(older)).state == ("accepted" if len(texts) == 2 else "superseded")
        assert "02:00" in texts[-1]
