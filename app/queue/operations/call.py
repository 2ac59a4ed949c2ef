"""Call the next person (gọi số)."""

import uuid
from datetime import datetime

from app.centres import queries as centres
from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.core.wakeups import wake_after_commit
from app.queue import hot, queries
from app.queue.errors import CounterBusy, CounterNotOpen
from app.queue.events import TicketCalled
from app.queue.queries import COLUMNS, TicketRow

CALL_NEXT = hot.CALL_NEXT.format(columns=COLUMNS)


@operation
async def call_next(*, counter_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> TicketRow | None:
    """The person due first among those this counter can serve, or None when nobody waits.

    Raises `CounterBusy` naming the open ticket, `CounterNotOpen`, or `CounterNotFound`. The counter's row
    is locked first, so two officers pressing at once at one counter get one ticket and one `CounterBusy`.
    """
    await centres.counter(counter_id, centre_id=centre_id)
    connection = in_transaction()
    state = await connection.fetchval(
        "SELECT state FROM counter_state WHERE counter_id = $1 FOR UPDATE", counter_id
    )
    if state != "open":
        raise CounterNotOpen
    await refuse_if_busy(counter_id)
    pool_ids = await centres.pool_ids_of_counter(counter_id)
    actor = current_actor.get()
    row = await connection.fetchrow(
        CALL_NEXT, pool_ids, local_date(now), counter_id, now, actor.kind, actor.id
    )
    if row is None:
        return None
    ticket = TicketRow(*row)
    await tell_called(ticket, counter_id=counter_id, now=now)
    return ticket


async def tell_called(ticket: TicketRow, *, counter_id: uuid.UUID, now: datetime) -> None:
    """The fact and the journal line of a call."""
    await outbox.record(
        TicketCalled(
            occurred_at=now,
            ticket_id=ticket.id,
            centre_id=ticket.centre_id,
            number=ticket.number,
            version=ticket.version,
            counter_id=counter_id,
            calls=ticket.calls,
        )
    )
    await journal.write(
        "ticket.called",
        object_kind="ticket",
        object_id=ticket.id,
        at=now,
        detail={"counter": str(counter_id)},
    )
    wake_after_commit(f"centre:{ticket.centre_id}")


async def refuse_if_busy(counter_id: uuid.UUID) -> None:
    """A counter has one open ticket; raises `CounterBusy` naming it."""
    held = await queries.open_at(counter_id)
    if held is not None:
        raise CounterBusy(number=held.number, ticket_id=held.id, version=held.version)
