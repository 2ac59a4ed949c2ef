"""The board says, by every way it is asked, how each current call is spoken."""

from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from app.centres import queries as centres
from app.queue import operations, voice
from app.queue.queries import TicketRow
from app.queue.states import Move
from tests.queue.conftest import Hall, walk_in


async def called(hall: Hall, now: datetime, *, priority: str | None = None) -> TicketRow:
    await walk_in(hall, now, priority=priority)
    ticket = await operations.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert ticket is not None
    return ticket


async def clips_of(ticket: TicketRow, *, priority: bool) -> list[str]:
    assert ticket.counter_id is not None
    counter = await centres.counter(ticket.counter_id)
    return list(voice.call(number=ticket.number, counter=counter.number, priority=priority))


@pytest.mark.parametrize("group", [None, "priority"])
async def test_the_board_and_its_page_say_how_a_call_is_spoken(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime, group: str | None
) -> None:
    code = (await centres.priority_groups())[0].code if group else None
    ticket = await called(open_hall, now, priority=code)
    clips = await clips_of(ticket, priority=group is not None)

    board = (await client.get(f"/v1/boards/{open_hall.centre_id}")).json()
    page = await client.get(f"/board/{open_hall.centre_id}/now")

    (shown,) = board["now_called"]
    assert shown["voice"] == clips
    assert ("uu_tien" in shown["voice"]) is shown["priority"] is (group is not None)
    assert f'data-voice="{" ".join(clips)}"' in page.text


async def test_what_was_called_before_is_not_said_again(
    client: httpx.AsyncClient, open_hall: Hall, now: datetime
) -> None:
    ticket = await called(open_hall, now)
    facts: dict[str, Any] = {"ticket_id": ticket.id, "centre_id": ticket.centre_id, "now": now}
    await operations.move(move=Move.START, expected_version=ticket.version, **facts)

    board = (await client.get(f"/v1/boards/{open_hall.centre_id}")).json()

    assert board["now_called"] == []
    assert [("voice" in entry, entry["number"]) for entry in board["recently_called"]] == [
        (False, ticket.number)
    ]


async def test_the_stream_says_it_too(served: str, open_hall: Hall, now: datetime) -> None:
    ticket = await called(open_hall, now)

    async with (
        httpx.AsyncClient(base_url=served, trust_env=False, timeout=20) as http,
        http.stream("GET", f"/v1/boards/{open_hall.centre_id}/stream") as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                board = msgspec.json.decode(line.removeprefix("data:"))
                break

    assert board["now_called"][0]["voice"] == await clips_of(ticket, priority=False)
