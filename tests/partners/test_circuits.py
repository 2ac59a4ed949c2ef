"""One endpoint's troubles stay its own: left alone while it fails, asked by so many at once."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar, Response, post

from app.core.clock import machine_time
from app.core.database import DB, fetch_row
from app.core.later import Later
from app.core.operation import operation
from app.servers.ports import free_port
from partners.postal import circuits, pushing
from partners.postal.circuits import AT_ONCE, FAILURES_BORNE, FIRST_REST, LONGEST_REST, Turn, ask
from tests.partners.test_webhooks import EGRESS, Partner, Receiver, listening, partner, push, receiver

__all__ = ["partner", "receiver"]


async def row() -> tuple[Any, ...] | None:
    found = await fetch_row("SELECT failures, rest, open_until IS NOT NULL AS is_open FROM webhook_circuit")
    return None if found is None else tuple(found)


@operation
async def fails(endpoint_id: uuid.UUID, *, was_probe: bool = False) -> None:
    await circuits.failed(endpoint_id, was_probe=was_probe)


async def rest_is_over() -> None:
    assert DB.pool is not None
    await DB.pool.execute("UPDATE webhook_circuit SET open_until = clock_timestamp() - interval '1 ms'")


async def test_after_some_failures_it_is_left_alone_longer_and_longer_and_asked_by_one(
    partner: Partner,
) -> None:
    endpoint = uuid.UUID(partner.hook["id"])
    for _ in range(FAILURES_BORNE):
        assert await ask(endpoint) == Turn(None)
        await fails(endpoint)
    left = await ask(endpoint)
    assert left.rest is not None
    assert timedelta(0) < left.rest <= FIRST_REST
    assert await ask(uuid.uuid4()) == Turn(None), "another endpoint is asked"
    # Calls that were under way when the last failure came say nothing new.
    await fails(endpoint)
    assert await row() == (FAILURES_BORNE + 1, FIRST_REST, True)

    rests = []
    for _ in range(6):
        await rest_is_over()
        # As many at once as two workers: one of them asks, the others wait.
        turns = await asyncio.gather(*(ask(endpoint) for _ in range(8)))
        assert sorted(turn.is_probe for turn in turns) == [False] * 7 + [True]
        assert all(turn.is_probe or turn.rest for turn in turns)
        await fails(endpoint, was_probe=True)
        found = await row()
        assert found is not None
        rests.append(found[1])
    assert rests[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert rests[-1] == LONGEST_REST


async def test_a_probe_that_never_comes_back_is_followed_by_another(partner: Partner) -> None:
    """Its worker was killed: the next rest has begun with it, and ends."""
    endpoint = uuid.UUID(partner.hook["id"])
    for _ in range(FAILURES_BORNE):
        await fails(endpoint)
    await rest_is_over()
    first, meanwhile = await ask(endpoint), await ask(endpoint)
    await rest_is_over()

    assert (first, meanwhile.is_probe) == (Turn(None, is_probe=True), False)
    assert await ask(endpoint) == Turn(None, is_probe=True)


@operation
async def answers(endpoint_id: uuid.UUID, *, was_under_way: bool) -> None:
    await circuits.answered(endpoint_id, was_under_way=was_under_way)


@operation
async def asks_for(endpoint_id: uuid.UUID, rest: timedelta) -> None:
    await circuits.asked_for(endpoint_id, rest)


async def test_time_that_is_asked_for_is_the_longest_and_what_was_under_way_does_not_end_it(
    partner: Partner,
) -> None:
    endpoint = uuid.UUID(partner.hook["id"])
    await asks_for(endpoint, circuits.A_MOMENT)
    assert await ask(endpoint) == Turn(None), "as long as the shortest pause, or less"
    for rest in (timedelta(hours=2), timedelta(minutes=1)):
        await asks_for(endpoint, rest)
    await answers(endpoint, was_under_way=True)
    left = (await ask(endpoint)).rest
    assert left is not None
    assert timedelta(hours=1) < left <= timedelta(hours=2)

    await answers(endpoint, was_under_way=False)
    assert await ask(endpoint) == Turn(None)


async def test_whoever_changes_their_endpoint_is_tried_at_once(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    for _ in range(FAILURES_BORNE):
        await fails(uuid.UUID(partner.hook["id"]))
    event = await partner.event("visit-1", now)
    before = await push(event, now)
    await partner.own("PATCH", "", {"url": receiver.url})

    assert before is not None
    assert await push(event, now) is None
    assert receiver.ids == [str(event.id)]


async def test_an_endpoint_that_fails_is_not_asked_for_every_event_it_is_owed(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    events = [await partner.event(f"visit-{n}", now) for n in range(FAILURES_BORNE + 3)]
    receiver.status = 503
    pauses = [await push(event, now) for event in events]
    assert len(receiver.heard) == FAILURES_BORNE
    assert None not in pauses
    assert all(pause is not None and pause <= timedelta(seconds=30) for pause in pauses)
    listed = await DB.pool.fetchval("SELECT count(*) FROM webhook_delivery")  # type: ignore[union-attr]
    assert listed == FAILURES_BORNE, "what was not tried is no attempt"

    await rest_is_over()
    receiver.status = 204
    assert [await push(event, now) for event in events] == [None] * len(events)
    assert await row() is None
    assert receiver.ids[FAILURES_BORNE:] == [str(event.id) for event in events]


async def test_a_refusal_is_an_answer_and_no_failure(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """It says no to this event; the next one may be taken."""
    events = [await partner.event(f"visit-{n}", now) for n in range(FAILURES_BORNE + 2)]
    receiver.status = 400
    for event in events:
        await push(event, now)
    assert len(receiver.heard) == len(events)


async def test_another_endpoint_of_the_same_partner_is_told_meanwhile(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    async with listening() as healthy:
        await partner.ask("POST", "", {"url": healthy.url})
        receiver.status = 503
        events = [await partner.event(f"visit-{n}", now) for n in range(FAILURES_BORNE + 2)]
        for event in events:
            await push(event, now)
        assert healthy.ids == [str(event.id) for event in events]
    assert len(receiver.heard) == FAILURES_BORNE


@pytest.fixture
async def slow() -> AsyncIterator[tuple[str, list[int], asyncio.Event, asyncio.Event]]:
    """An endpoint that answers nobody until it is let; how many were inside at once."""
    from tests.partners.test_webhooks import HOST, served

    inside, most, full, go = 0, [0], asyncio.Event(), asyncio.Event()

    @post("/hook")
    async def hook() -> Response[None]:
        nonlocal inside
        inside += 1
        most[0] = max(most[0], inside)
        if inside == AT_ONCE:
            full.set()
        await go.wait()
        inside -= 1
        return Response(None, status_code=204)

    port = free_port()
    app = Litestar(route_handlers=[hook], openapi_config=None, logging_config=None)
    async with served(app, host=HOST, port=port):
        yield f"http://{HOST}:{port}/hook", most, full, go


async def test_a_slow_endpoint_holds_so_many_at_once_and_the_others_come_back(
    partner: Partner,
    slow: tuple[str, list[int], asyncio.Event, asyncio.Event],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(circuits, "WAIT_FOR_ROOM_S", 0.2)
    url, most, full, go = slow
    await partner.own("PATCH", "", {"url": url})
    events = [await partner.event(f"visit-{n}", now) for n in range(AT_ONCE + 2)]

    async def tell(event: Any) -> timedelta | None:
        try:
            await pushing.push(event, egress=EGRESS, now=now, signed_at=machine_time())
        except Later as later:
            return later.after
        return None

    telling = [asyncio.create_task(tell(event)) for event in events]
    async with asyncio.timeout(30):
        await full.wait()
        waiting = set(telling)
        while len(waiting) > AT_ONCE:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    go.set()
    pauses = await asyncio.gather(*telling)
    assert most == [AT_ONCE]
    assert sorted(pause is None for pause in pauses) == [False] * 2 + [True] * AT_ONCE
