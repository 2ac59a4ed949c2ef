"""Call the next person (gọi số)."""

import uuid
from datetime import datetime
from typing import Any, Final

import asyncpg

from app.centres import queries as centres
from app.core import telling
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.outbox import Fact
from app.core.wakeups import wake_after_commit
from app.queue import hot, queries
from app.queue.errors import CounterBusy, CounterNotOpen, HolderAway, ReasonNeeded, TicketState
from app.queue.events import PriorityPassedTarget, TicketCalled
from app.queue.queries import COLUMNS, TicketRow
from app.queue.rules import Turn
from app.queue.states import State
from app.queue.steps import locked, note_ticket, served_elsewhere

CALL_CHOSEN: Final = (
    "UPDATE ticket SET state = 'called', counter_id = $2, calls = calls + 1, turn = $4,"
    " first_called_at = coalesce(first_called_at, $3), last_called_at = $3, version = version + 1"
    f" WHERE id = $1 RETURNING {COLUMNS}"
)
CALL_NEXT = hot.CALL_NEXT.format(columns=f"{COLUMNS}, passed")


@operation
async def call_next(*, counter_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> TicketRow | None:
    """The person due first among those this counter can serve, or None when nobody waits.

    After two with priority in a row comes somebody without, if one waits.
    Raises `CounterBusy` naming the open ticket, `CounterNotOpen`, or `CounterNotFound`. The statement locks
    the counter first, so two officers pressing at once at one counter get one ticket and one `CounterBusy`.
    """
    pool_ids = await centres.pool_ids_of_own_counter(counter_id, centre_id=centre_id)
    actor = current_actor.get()
    try:
        row = await in_transaction().fetchrow(
            CALL_NEXT, pool_ids, local_date(now), counter_id, now, actor.kind, actor.id
        )
    except asyncpg.UniqueViolationError as reason:
        # Somebody else pressed at this counter meanwhile; asked again, it is busy.
        raise asyncpg.SerializationError from reason
    if row is None:
        await _refuse_if_not_free(counter_id)
        return None
    *values, passed = row
    ticket = TicketRow(*values)
    await tell_called(ticket, counter_id=counter_id, now=now, passed=passed)
    return ticket


async def tell_called(ticket: TicketRow, *, counter_id: uuid.UUID, now: datetime, passed: int = 0) -> None:
    """The facts and the journal line of a call."""
    told: dict[str, Any] = {
        "occurred_at": now,
        "ticket_id": ticket.id,
        "centre_id": ticket.centre_id,
        "number": ticket.number,
        "version": ticket.version,
        "counter_id": counter_id,
    }
    facts: list[Fact] = [TicketCalled(**told, calls=ticket.calls)]
    if passed:
        facts.append(PriorityPassedTarget(**told, others=passed))
    await telling.tell(
        facts,
        "ticket.called",
        object_kind="ticket",
        object_id=ticket.id,
        at=now,
        detail={"counter": str(counter_id)},
    )
    wake_after_commit(f"centre:{ticket.centre_id}")


@operation
async def call_chosen(
    *, counter_id: uuid.UUID, centre_id: uuid.UUID, ticket_id: uuid.UUID, reason: str, now: datetime
) -> TicketRow:
    """A waiting person out of order, for a reason that is kept (gọi ngoài thứ tự).

    Raises `ReasonNeeded`, what `call_next` raises, `TicketNotFound`, `TicketState` for one who does not
    wait today, `HolderAway`, and `ServedElsewhere` for one who waits for other counters.
    """
    if not reason.strip():
        raise ReasonNeeded
    await centres.counter(counter_id, centre_id=centre_id)
    connection = in_transaction()
    state = await connection.fetchval(
        "SELECT state FROM counter_state WHERE counter_id = $1 FOR UPDATE", counter_id
    )
    if state != "open":
        raise CounterNotOpen
    await refuse_if_busy(counter_id)
    waiting = await locked(ticket_id, centre_id=centre_id)
    if waiting.state != State.WAITING or local_date(waiting.issued_at) != local_date(now):
        raise TicketState(state=waiting.state, version=waiting.version)
    if waiting.is_away:
        raise HolderAway
    if waiting.pool_id not in await centres.pool_ids_of_counter(counter_id):
        pool = await centres.pool(waiting.pool_id)
        raise served_elsewhere([pool] if pool else [])
    row = await connection.fetchrow(CALL_CHOSEN, ticket_id, counter_id, now, Turn.PICKED.value)
    assert row is not None
    ticket = TicketRow(*row)
    await note_ticket("called", ticket, at=now, turn=ticket.turn, reason=reason)
    await tell_called(ticket, counter_id=counter_id, now=now)
    return ticket


async def _refuse_if_not_free(counter_id: uuid.UUID) -> None:
    """Nobody was called: because the counter could not, or because nobody waits."""
    state = await in_transaction().fetchval(
        "SELECT state FROM counter_state WHERE counter_id = $1", counter_id
    )
    if state != "open":
        raise CounterNotOpen
    await refuse_if_busy(counter_id)


async def refuse_if_busy(counter_id: uuid.UUID) -> None:
    """A counter has one open ticket; raises `CounterBusy` naming it."""
    held = await queries.open_at(counter_id)
    if held is not None:
        raise CounterBusy(number=held.number, ticket_id=held.id, version=held.version)
