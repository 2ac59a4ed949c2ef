"""Messages obey what the holder of the phone chose: language, channel, quiet hours."""

import uuid
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments.events import AppointmentMoved
from app.citizens.preferences import of_phone, write
from app.citizens.rules import UNCHOSEN, Channel, Preferences, QuietHours, may_be_quiet
from app.core.clock import current_time, local
from app.core.database import DB
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import Fact
from notifications import policy
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_person
from notifications.port import Channels
from notifications.templates import Category
from notifications.twilio_channel import TwilioChannel
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

clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
quiet_hours = st.builds(QuietHours, clock_times, clock_times).filter(may_be_quiet)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms)


def inside(hours: QuietHours, at: time) -> bool:
    if hours.starts < hours.ends:
        return hours.starts <= at < hours.ends
    return at >= hours.starts or at < hours.ends


@given(now=moments, hours=quiet_hours, category=st.sampled_from(list(Category)))
def test_nothing_that_can_wait_leaves_in_the_hours_a_person_chose(
    now: datetime, hours: QuietHours, category: Category
) -> None:
    leaves = policy.not_before(category, now=now, quiet=hours)

    if category in {Category.OTP, Category.URGENT}:
        assert leaves == now
        return
    assert not inside(hours, local(leaves).time())
    assert leaves >= now
    if category is Category.TRANSACTIONAL and not inside(hours, local(now).time()):
        assert leaves == now


@given(
    category=st.sampled_from(list(Category)), channel=st.sampled_from(list(Channel)), surveys=st.booleans()
)
def test_who_wants_no_messages_gets_what_cannot_wait_only(
    category: Category, channel: Channel, surveys: bool
) -> None:
    leaves = policy.may_leave(category, Preferences(channel=channel, surveys=surveys))

    urgent = category in {Category.OTP, Category.URGENT}
    wanted = channel is not Channel.NONE and (surveys or category is not Category.NEXT_MORNING)
    assert leaves is (urgent or wanted)


@operation
async def choose(citizen_id: uuid.UUID, chosen: Preferences) -> None:
    await write(citizen_id=citizen_id, chosen=chosen, version=1, now=current_time())


async def test_lan_is_written_to_in_the_language_she_chose_whoever_booked(
    channels: Channels,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await make_account(LAN, at=now)
    await choose(lan, Preferences(language="en"))
    row = await confirmed(place, now)  # by somebody else, who spoke Vietnamese
    (fact,) = await facts("appointment.confirmed")

    await tell_person(fact, channels=channels)

    (body,) = sent_to(emulator, LAN)
    assert row.reference in body
    assert "appointment" in body
    assert "lich hen" not in body.lower()


async def test_a_code_comes_in_the_language_it_was_asked_in(
    database: object, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    lan = await make_account(LAN, at=now)
    await choose(lan, Preferences(language="en", channel=Channel.NONE))

    await tell_person(await ask_for_code(now), channels=channels)

    (body,) = sent_to(emulator, LAN)
    assert "ma xac nhan" in body


def around(now: datetime, *, begins_in: int, ends_in: int) -> QuietHours:
    """Hours that begin and end so many hours from now, on the wall clock."""
    starts, ends = (local(now + timedelta(hours=h)).time().replace(second=0) for h in (begins_in, ends_in))
    return QuietHours(starts, ends)


async def a_move(place: Place, now: datetime) -> Fact:  # noqa: F811
    """The centre gave Lan another time: a message that can wait."""
    await confirmed(place, now)
    (fact,) = await facts("appointment.confirmed")
    told = msgspec.structs.asdict(fact)
    return AppointmentMoved(**told, previous_starts_at=told["starts_at"] - timedelta(hours=1))


async def owed() -> list[tuple[str, datetime]]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT state, not_before FROM message ORDER BY created_at, id")
    return [(row["state"], row["not_before"]) for row in rows]


async def test_what_can_wait_waits_for_the_end_of_the_hours_she_chose(
    channels: Channels,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    quiet = around(now, begins_in=-1, ends_in=2)
    await choose(await make_account(LAN, at=now), Preferences(quiet=quiet))

    with pytest.raises(Later):
        await tell_person(await a_move(place, now), channels=channels)

    assert sent_to(emulator, LAN) == []
    ((state, leaves),) = await owed()
    assert (state, local(leaves).time()) == ("ready", quiet.ends)
    assert now < leaves <= now + timedelta(hours=2)


async def test_her_hours_stand_in_place_of_the_houses(
    channels: Channels,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    chosen = Preferences(quiet=around(now, begins_in=2, ends_in=4))
    await choose(await make_account(LAN, at=now), chosen)

    await tell_person(await a_move(place, now), channels=channels)  # at any hour of the machine

    assert len(sent_to(emulator, LAN)) == 1


async def test_who_chose_no_messages_still_hears_what_cannot_wait(
    channels: Channels,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    quiet = around(now, begins_in=-1, ends_in=2)
    await choose(await make_account(LAN, at=now), Preferences(channel=Channel.NONE, quiet=quiet))
    move = await a_move(place, now)

    await tell_person(move, channels=channels)
    await tell_person((await facts("appointment.confirmed"))[0], channels=channels)

    assert len(sent_to(emulator, LAN)) == 1
    assert [state for state, _ in await owed()] == ["accepted"]


async def test_what_was_owed_before_she_chose_no_messages_ends_visibly(
    channels: Channels,
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await publish()
    lan = await make_account(LAN, at=now)
    await choose(lan, Preferences(quiet=around(now, begins_in=-1, ends_in=2)))
    move = await a_move(place, now)
    with pytest.raises(Later):
        await tell_person(move, channels=channels)

    await choose(lan, Preferences(channel=Channel.NONE))
    await tell_person(move, channels=channels)

    assert sent_to(emulator, LAN) == []
    assert [state for state, _ in await owed()] == ["superseded"]


async def test_a_phone_without_an_account_has_chosen_nothing(database: object) -> None:
    assert await of_phone(LAN) == UNCHOSEN
