"""The end of a call is told again, and 'sent' after it: a message that was put back stays owed once."""

import asyncio
import uuid
from datetime import datetime

import pytest

from app.core.clock import current_time
from app.core.database import DB
from notifications import delivery, following
from notifications.emulator.server import TwilioEmulator
from notifications.message_row import MessageRow
from notifications.port import Accepted, Channels
from notifications.receipts import note_receipt
from notifications.twilio_channel import TwilioChannel
from tests.notifications.conftest import LAN, owe, script, sent_to, stored, tell
from tests.notifications.test_after_acceptance import (  # noqa: F401 - fixtures
    CONFIRMED,
    MINUTE,
    becomes,
    look_at,
    told,
)


async def tries(message_id: uuid.UUID) -> int:
    """How often it was put back."""
    assert DB.pool is not None
    found: int = await DB.pool.fetchval("SELECT after_unreached FROM message WHERE id = $1", message_id)
    return found


@pytest.mark.parametrize("code", ["30003", "30001"])
async def test_how_a_call_ended_is_heard_once_however_often_it_is_told(
    database: object,
    told: TwilioChannel,  # noqa: F811
    emulator: TwilioEmulator,
    now: datetime,
    code: str,
) -> None:
    """Our answer was late and the callback came again, and 'sent' after it: the second try stays owed."""
    await script(emulator, LAN, callbacks=["queued", f"undelivered:{code}"], times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", code)
    due, (record,) = await look_at(message_id), emulator.mailbox.all()

    await tell(emulator, record.sid, f"undelivered:{code}", "sent", f"failed:{code}")

    assert (await stored(message_id)).state == "ready"
    assert (await look_at(message_id), await tries(message_id)) == (due, 1)
    assert await following.look_after(Channels(told), now=current_time() + 16 * MINUTE) == 1
    await becomes(message_id, "delivered")
    assert len(sent_to(emulator, LAN)) == 2


async def test_that_it_arrived_after_all_is_believed_however_often_it_was_told_otherwise(
    database: object,
    told: TwilioChannel,  # noqa: F811
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await script(emulator, LAN, callbacks=["undelivered:30003"], times=1)
    message_id = await owe(CONFIRMED, LAN, now)
    await delivery.deliver(message_id, channel=told, now=now)
    await becomes(message_id, "ready", "30003")
    (record,) = emulator.mailbox.all()

    await tell(emulator, record.sid, "undelivered:30003", "sent", "delivered")

    assert (await stored(message_id)).state == "delivered"
    await following.look_after(Channels(told), now=current_time() + 16 * MINUTE)
    assert len(sent_to(emulator, LAN)) == 1


async def test_of_eight_who_tell_at_once_how_a_call_ended_one_is_heard(
    database: object, now: datetime
) -> None:
    """Before the answer to our call, too, which then changes nothing."""
    message_id = await owe(CONFIRMED, LAN, now)
    called = await delivery._begin(message_id=message_id, now=now)
    assert isinstance(called, MessageRow)

    heard = await asyncio.gather(
        *(
            note_receipt(
                message_id=message_id,
                provider_id="SM1",
                status="failed",
                error_code="30001",
                attempt=1,
                now=now,
            )
            for _ in range(8)
        )
    )
    await delivery._end(message=called, outcome=Accepted("SM1"), now=now)

    assert (sum(heard), await tries(message_id)) == (1, 1)
    assert (await stored(message_id)).state == "ready"
