"""People are asked how it was: once, the next morning, by a link that works."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.clock import at_local, local_date
from app.core.database import DB
from app.core.later import Later
from app.core.links import tracking_token
from app.core.outbox import Fact, decode
from app.queue import operations as queue
from app.queue.queries import TicketRow
from app.queue.states import Move
from app.satisfaction import queries as satisfaction
from notifications import delivery
from notifications.emulator.server import TwilioEmulator
from notifications.events import MessageNotDelivered
from notifications.listeners import invite_to_survey, tell_otherwise
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel
from tests.notifications.conftest import LAN, sent_to, stored
from tests.queue.conftest import Hall, hall, open_hall, walk_in  # noqa: F401 - fixtures
from tests.satisfaction.conftest import accepted, answer, completed, moved, returned, served

SITE = "http://motcua.test"
LINK = re.compile(re.escape(SITE) + r"/survey/([A-Za-z0-9_-]{36})$")


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms, pages_url=SITE)


async def facts(kind: str) -> list[Fact]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind, payload FROM outbox WHERE kind = $1 ORDER BY seq", kind)
    return [decode(row["kind"], row["payload"]) for row in rows]


async def hear(kind: str, channels: Channels) -> None:
    """Everything recorded of one kind, each heard twice."""
    for fact in (await facts(kind)) * 2:
        with contextlib.suppress(Later):
            await invite_to_survey(fact, channels=channels)


async def owed() -> Sequence[dict[str, object]]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT * FROM message WHERE template = 'survey_invitation'")
    return [dict(row) for row in rows]


async def test_whoever_was_served_is_asked_at_seven_the_next_morning_and_not_before(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    client: httpx.AsyncClient,
    now: datetime,
) -> None:
    await served(open_hall, now, phone=LAN)
    await hear("ticket.finished", channels)
    (message,) = await owed()
    morning = at_local(local_date(now) + timedelta(days=1), 7)

    assert message["not_before"] == morning
    assert sent_to(emulator, LAN) == []
    message_id = message["id"]
    assert isinstance(message_id, uuid.UUID)
    with pytest.raises(Later):
        await delivery.deliver(message_id, channel=channels.sms, now=morning - timedelta(seconds=1))
    await delivery.deliver(message_id, channel=channels.sms, now=morning)

    (body,) = sent_to(emulator, LAN)
    assert (message["segments"], message["encoding"]) == (1, "GSM-7")
    link = LINK.search(body)
    assert link is not None
    shown = await client.get(f"/survey/{link[1]}")
    assert shown.status_code == 200
    assert (await stored(message_id)).state == "accepted"


async def test_a_fact_heard_by_eight_at_once_asks_once(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    await served(open_hall, now, phone=LAN)
    (fact,) = await facts("ticket.finished")

    outcomes = await asyncio.gather(
        *(invite_to_survey(fact, channels=channels) for _ in range(8)), return_exceptions=True
    )

    assert all(isinstance(outcome, Later) for outcome in outcomes), outcomes
    assert len(await owed()) == 1


async def test_whoever_left_no_phone_is_not_asked(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    await served(open_hall, now, phone=None)

    await hear("ticket.finished", channels)

    assert await owed() == []


async def test_whoever_said_how_it_was_is_not_asked_again(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    ticket: TicketRow = await served(open_hall, now, phone=LAN)
    token = tracking_token("ticket", ticket.id)
    await answer(token, now)
    assert await satisfaction.is_answered(await satisfaction.subject_of(token, now=now))

    await hear("ticket.finished", channels)

    assert await owed() == []


async def test_whoever_did_not_come_is_not_asked(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    await walk_in(open_hall, now, phone=LAN)
    called = await queue.call_next(counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, now=now)
    assert called is not None
    await moved(called, Move.NO_SHOW, now)

    assert await facts("ticket.finished") == []


async def test_a_returned_dossier_is_asked_about_beside_the_ticket_it_came_from(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    await returned(await completed(await accepted(open_hall, now), now), now)

    await hear("ticket.finished", channels)
    await hear("dossier.returned", channels)

    asked = {str(row["about"]).split(":")[1] for row in await owed()}
    assert asked == {"ticket", "dossier"}
    assert len(await owed()) == 2
    assert len({row["body"] for row in await owed()}) == 2


async def test_a_question_that_did_not_arrive_repeats_no_other_message_of_its_fact(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    """A returned dossier deserves a message and, the next morning, a question: each goes on by itself."""
    await returned(await completed(await accepted(open_hall, now), now), now)
    await hear("dossier.returned", channels)
    (asked,) = await owed()
    message_id = asked["id"]
    assert isinstance(message_id, uuid.UUID)
    failed = MessageNotDelivered(
        occurred_at=now, message_id=message_id, template="survey_invitation", state="undelivered",
        verdict="recipient", code="30005",
    )  # fmt: skip

    with pytest.raises(Later):
        await tell_otherwise(failed, channels=channels)

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT array_agg(template) FROM message") == ["survey_invitation"]
