"""What is told in one statement is what would have been told in several."""

import uuid
from datetime import datetime

import pytest

from app.core import journal, outbox, telling
from app.core.actor import Actor, current_actor
from app.core.database import fetch
from app.core.operation import operation
from app.queue.events import PriorityPassedTarget, TicketCalled
from tests.conftest import Stores

CENTRE, COUNTER = uuid.uuid4(), uuid.uuid4()


def facts(ticket_id: uuid.UUID, now: datetime) -> list[outbox.Fact]:
    about = {
        "occurred_at": now,
        "ticket_id": ticket_id,
        "centre_id": CENTRE,
        "number": "A012",
        "version": 2,
        "counter_id": COUNTER,
    }
    return [TicketCalled(**about, calls=1), PriorityPassedTarget(**about, others=3)]


@operation
async def tell(ticket_id: uuid.UUID, now: datetime, *, fails: bool = False) -> None:
    await telling.tell(
        facts(ticket_id, now),
        "ticket.called",
        object_kind="ticket",
        object_id=ticket_id,
        at=now,
        detail={"counter": str(COUNTER)},
    )
    if fails:
        raise LookupError


@operation
async def tell_apart(ticket_id: uuid.UUID, now: datetime) -> None:
    for fact in facts(ticket_id, now):
        await outbox.record(fact)
    await journal.write(
        "ticket.called",
        object_kind="ticket",
        object_id=ticket_id,
        at=now,
        detail={"counter": str(COUNTER)},
    )


async def told(ticket_id: uuid.UUID) -> tuple[list[object], list[object]]:
    rows = await fetch(
        "SELECT kind, payload, occurred_at, request_id, state FROM outbox WHERE subject = $1 ORDER BY seq",
        f"ticket:{ticket_id}",
    )
    return (
        [(outbox.decode(row["kind"], row["payload"]), *row[2:]) for row in rows],
        [line._replace(object_id="") for line in await journal.about(str(ticket_id))],
    )


async def test_facts_and_line_are_those_of_telling_them_apart(database: Stores, now: datetime) -> None:
    current_actor.set(Actor("officer", "minh", "request-1"))
    together, apart = uuid.uuid4(), uuid.uuid4()

    await tell(together, now)
    await tell_apart(apart, now)

    ours, theirs = await told(together), await told(apart)
    assert [fact for fact, *_ in ours[0]] == facts(together, now)  # type: ignore[misc]
    assert [rest for _, *rest in ours[0]] == [rest for _, *rest in theirs[0]]  # type: ignore[misc]
    assert ours[1] == theirs[1]
    assert len(ours[1]) == 1


async def test_nothing_is_told_of_what_did_not_happen(database: Stores, now: datetime) -> None:
    ticket_id = uuid.uuid4()

    with pytest.raises(LookupError):
        await tell(ticket_id, now, fails=True)

    assert await told(ticket_id) == ([], [])
