"""An offer is told at once, in the language of who waits, and never after it is over."""

import uuid
from datetime import datetime, timedelta

import pytest

from app.appointments import operations as appointments
from app.appointments.operations.book import Who
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB
from app.core.outbox import decode
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_person
from notifications.port import Channels
from notifications.segments import cost
from notifications.twilio_channel import TwilioChannel
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    copies,
    let_holds_end,
    place,
    publish,
    tomorrow,
)
from tests.notifications.conftest import LAN, sent_to


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms)


@pytest.fixture
def now() -> datetime:
    return at_local(local_date(current_time()), 10)


async def offer(place: Place, now: datetime, locale: str = "vi") -> None:  # noqa: F811
    await appointments.join_waitlist(
        citizen_id=uuid.uuid4(),
        centre_id=place.centre_id,
        items=copies(),
        window_from=place.opens,
        window_to=place.opens + timedelta(hours=1),
        contact=Who(name="Nguyễn Thị Lan", phone=LAN, locale=locale),
        now=now,
    )
    assert await appointments.offer_places(centre_id=place.centre_id, now=now) == 1


async def tell(channels: Channels) -> None:
    assert DB.pool is not None
    for row in await DB.pool.fetch("SELECT kind, payload FROM outbox WHERE kind = 'waitlist.offered'"):
        await tell_person(decode(row["kind"], row["payload"]), channels=channels)


@pytest.mark.parametrize(("locale", "words"), [("vi", "moi nguoi khac"), ("en", "the next is asked")])
async def test_an_offer_is_one_message_that_says_until_when(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
    locale: str,
    words: str,
) -> None:
    await publish(counters=1, grains=1)
    await offer(place, now, locale)

    await tell(channels)
    await tell(channels)

    (text,) = sent_to(emulator, LAN)
    assert words in text
    assert "08:00" in text
    assert cost(text).segments == 1


async def test_nobody_is_called_to_an_offer_that_is_over(
    place: Place,  # noqa: F811
    publish: Publish,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await publish(counters=1, grains=1)
    await offer(place, now)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE appointment SET confirm_by = clock_timestamp() - interval '1 s'")

    await tell(channels)

    assert sent_to(emulator, LAN) == []
