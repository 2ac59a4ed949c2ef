"""The five lists of a console, over HTTP."""

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx

from app.http.principals import Caller
from app.queue import operations
from app.queue.states import State
from tests.queue.conftest import Hall, put, walk_in

SignIn = Callable[..., Awaitable[Any]]
LISTS = {
    "waiting": State.WAITING,
    "open": State.SERVING,
    "parked": State.PARKED,
    "missed": State.MISSED,
    "finished": State.DONE,
}


async def test_each_ticket_stands_in_one_list_with_its_place_and_the_reason(
    open_hall: Hall, now: datetime, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=open_hall.centre_id)
    tickets = {
        name: await put(
            await walk_in(open_hall, now), state, open_hall.counters[0] if state is State.SERVING else None
        )
        for name, state in LISTS.items()
    }
    last = await walk_in(open_hall, now)

    answer = await client.get(f"/v1/staff/queue?centre={open_hall.centre_id}", headers=minh.headers)

    assert answer.status_code == 200
    lists = answer.json()
    for name, ticket in tickets.items():
        assert lists[name][0]["ticket"]["number"] == ticket.number, name
    waiting = lists["waiting"]
    assert [entry["ticket"]["number"] for entry in waiting] == [tickets["waiting"].number, last.number]
    assert [entry["order"] for entry in waiting] == [1, 2]
    assert waiting[0]["reason_vi"].startswith("Đến trực tiếp")
    assert waiting[0]["reason_en"].startswith("Walk-in")


async def test_another_centres_queue_is_not_found(
    hall: Hall, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=hall.centre_id)

    for path in ("/v1/staff/queue", "/v1/staff/queue/stream"):
        answer = await client.get(f"{path}?centre={uuid.uuid4()}", headers=minh.headers)

        assert answer.status_code == 404
        assert answer.json()["code"] == "centre_not_found"


async def test_the_stream_tells_the_lists_now_and_again_when_somebody_comes(
    open_hall: Hall, now: datetime, served: str, sign_in: SignIn
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=open_hall.centre_id)
    seen: list[int] = []
    async with (
        httpx.AsyncClient(base_url=served, trust_env=False, timeout=20) as http,
        http.stream("GET", "/v1/staff/queue/stream", headers=minh.headers) as answer,
    ):
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if not line.startswith("data:"):
                continue
            seen.append(len(json.loads(line.removeprefix("data:"))["waiting"]))
            if len(seen) == 1:
                await operations.issue_walk_in(
                    centre_id=open_hall.centre_id,
                    procedure_codes=[open_hall.code],
                    priority_group=None,
                    contact_phone=None,
                    locale="vi",
                    now=now,
                )
            if seen[-1] == 1:
                break

    assert seen[0] == 0
    assert seen[-1] == 1
