"""Which fact deserves a message, for whom, and saying what."""

import asyncio
import uuid
from datetime import datetime, timedelta

import msgspec
import pytest

from app.appointments import operations as appointments
from app.appointments.events import AppointmentMoved, AppointmentWithdrawn
from app.appointments.operations.book import Who
from app.appointments.queries import AppointmentRow
from app.core.clock import local
from app.core.database import DB
from app.core.later import Later
from app.core.outbox import Fact, decode
from app.identity import operations as identity
from app.identity import queries as identity_queries
from app.identity.events import OtpRequested
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import MESSAGES, tell_person
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    copies,
    place,
    publish,
    tomorrow,
)
from tests.notifications.conftest import LAN, magic, sent_to, stored


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms)


async def facts(kind: str) -> list[Fact]:
    """What was recorded, as the drainer reads it."""
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind, payload FROM outbox WHERE kind = $1 ORDER BY seq", kind)
    return [decode(row["kind"], row["payload"]) for row in rows]


async def ask_for_code(now: datetime, phone: str = LAN, locale: str = "vi") -> OtpRequested:
    challenge = await identity.request_code(
        phone=phone, purpose="sign_in", locale=locale, address="192.0.2.1", per_address=100, now=now
    )
    return OtpRequested(occurred_at=now, challenge_id=challenge.challenge_id)


async def confirmed(place: Place, now: datetime, *, phone: str = LAN) -> AppointmentRow:  # noqa: F811
    citizen = uuid.uuid4()
    held = await appointments.book(
        centre_id=place.centre_id,
        starts_at=place.opens,
        items=copies(),
        citizen_id=citizen,
        contact=Who(name="Nguyễn Thị Lan", phone=phone),
        now=now,
    )
    return await appointments.confirm(appointment_id=held.id, citizen_id=citizen, now=now)


async def test_lan_gets_the_code_she_asked_for_in_her_language(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    vietnamese = await ask_for_code(now)
    english = await ask_for_code(now, magic("01"), "en")
    codes = [await identity_queries.code_for_sending(f.challenge_id) for f in (vietnamese, english)]

    for fact in (vietnamese, english):
        await tell_person(fact, channels=channels)

    assert all(code is not None for code in codes)
    (to_lan,), (to_other,) = sent_to(emulator, LAN), sent_to(emulator, magic("01"))
    assert f"ma xac nhan cua Ong/Ba la {codes[0].code}" in to_lan  # type: ignore[union-attr]
    assert f"your code is {codes[1].code}" in to_other  # type: ignore[union-attr]


async def test_a_fact_heard_by_eight_at_once_sends_one_message(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    fact = await ask_for_code(now)

    answers = await asyncio.gather(
        *(tell_person(fact, channels=channels) for _ in range(8)), return_exceptions=True
    )

    assert all(answer is None or isinstance(answer, Later) for answer in answers), answers
    assert len(sent_to(emulator, LAN)) == 1


async def test_a_fact_heard_again_after_a_lost_answer_sends_nothing_more(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    fact = await ask_for_code(now, magic("07"))
    with pytest.raises(Later):
        await tell_person(fact, channels=channels)

    for _ in range(2):
        with pytest.raises(Later):  # it is not time to ask yet
            await tell_person(fact, channels=channels)

    assert len(sent_to(emulator, magic("07"))) == 1
    assert emulator.mailbox.calls() == [magic("07")]


async def test_a_code_that_was_used_meanwhile_is_not_sent(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    fact = await ask_for_code(now)
    found = await identity_queries.code_for_sending(fact.challenge_id)
    assert found is not None
    await identity.verify_code(challenge_id=fact.challenge_id, code=found.code, now=now)

    await tell_person(fact, channels=channels)

    assert emulator.mailbox.all() == []


async def test_a_confirmation_says_when_and_where_and_not_who_or_what_for(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await publish()
    row = await confirmed(place, now)
    (fact,) = await facts("appointment.confirmed")

    await tell_person(fact, channels=channels)

    (body,) = sent_to(emulator, LAN)
    assert row.reference in body
    assert f"{local(row.starts_at):%H:%M %d/%m/%Y}" in body
    assert "Hoa Lu" in body
    for secret in ("Lan", "Nguyen", LAN, "2.000815", str(row.id)):
        assert secret not in body


async def test_a_confirmation_heard_again_after_the_appointment_moved_is_not_sent_again(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await publish()
    row = await confirmed(place, now)
    (fact,) = await facts("appointment.confirmed")
    await tell_person(fact, channels=channels)
    await appointments.reschedule(
        appointment_id=row.id,
        citizen_id=row.citizen_id,
        starts_at=row.starts_at + timedelta(minutes=20),
        now=now,
    )

    await tell_person(fact, channels=channels)

    assert len(sent_to(emulator, LAN)) == 1


async def test_moving_and_cancelling_are_each_told_once(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await publish()
    row = await confirmed(place, now)
    later = row.starts_at + timedelta(minutes=20)
    own = {"appointment_id": row.id, "citizen_id": row.citizen_id, "now": now}
    await appointments.reschedule(starts_at=later, **own)  # type: ignore[arg-type]
    (moved,) = await facts("appointment.rescheduled")
    for _ in range(2):
        await tell_person(moved, channels=channels)
    await appointments.cancel(**own)  # type: ignore[arg-type]
    (cancelled,) = await facts("appointment.cancelled")
    for _ in range(2):
        await tell_person(cancelled, channels=channels)

    moving, cancelling = sent_to(emulator, LAN)
    assert f"doi sang {local(later):%H:%M %d/%m/%Y}" in moving
    assert "da huy" in cancelling


async def test_what_is_told_of_an_appointment_says_when_it_takes_place_or_would_have(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    """Whoever would come to the earlier time is told before that."""
    await publish()
    row = await confirmed(place, now)
    (fact,) = await facts("appointment.confirmed")
    told = msgspec.structs.asdict(fact)
    gone = AppointmentWithdrawn(**told, was_confirmed=True)
    sooner, over = row.starts_at - timedelta(hours=1), now - timedelta(hours=1)
    moves = [AppointmentMoved(**told, previous_starts_at=previous) for previous in (sooner, over)]

    words = [await MESSAGES[type(each)](each) for each in (gone, *moves)]

    assert [each and each.event_at for each in words] == [row.starts_at, sooner, row.starts_at]


async def test_giving_up_a_hold_nobody_was_told_of_tells_nobody(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await publish()
    citizen = uuid.uuid4()
    held = await appointments.book(
        centre_id=place.centre_id,
        starts_at=place.opens,
        items=copies(),
        citizen_id=citizen,
        contact=Who(name="Lan", phone=LAN),
        now=now,
    )
    await appointments.cancel(appointment_id=held.id, citizen_id=citizen, now=now)

    for fact in await facts("appointment.cancelled"):
        await tell_person(fact, channels=channels)

    assert emulator.mailbox.all() == []


async def test_a_fact_about_nothing_that_exists_tells_nobody(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    await tell_person(OtpRequested(occurred_at=now, challenge_id=uuid.uuid4()), channels=channels)

    assert emulator.mailbox.all() == []


async def test_the_drainer_brings_a_recorded_fact_to_the_phone(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    from jobs.subscription import Subscription

    async def people(fact: Fact) -> None:
        await tell_person(fact, channels=channels)

    await ask_for_code(now)

    await Drainer([Subscription(OtpRequested, "people", people)]).drain()

    assert len(sent_to(emulator, LAN)) == 1
    assert DB.pool is not None
    message_id = await DB.pool.fetchval("SELECT id FROM message")
    assert (await stored(message_id)).state == "accepted"


def test_no_fact_with_a_message_is_left_unheard() -> None:
    assert not {fact.kind for fact in MESSAGES} & set(SILENT)
