"""What others, and the queue's own operations, join into their transaction."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.appointments.places import Channel
from app.appointments.steps import release_place
from app.centres.queries import PoolRow
from app.core import journal
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.wakeups import wake_after_commit
from app.queue import hot, rules
from app.queue.errors import SeriesFull, ServedElsewhere, TicketNotFound, TicketState
from app.queue.queries import COLUMNS, TicketRow
from app.queue.returns import Offer
from app.queue.states import State

# The officer of an event is who sits at its counter, whoever presses the button.
NOTE: Final = """
INSERT INTO queue_event (centre_id, ticket_id, counter_id, type, at, actor_kind, actor_id, pool_id, data)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb || coalesce(
    (SELECT jsonb_build_object('officer', officer_id) FROM counter_state WHERE counter_id = $3), '{}')
"""


async def note(
    kind: str,
    *,
    centre_id: uuid.UUID,
    at: datetime,
    ticket_id: uuid.UUID | None = None,
    counter_id: uuid.UUID | None = None,
    pool_id: uuid.UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """One event of the queue; its number is the new revision of the centre's boards."""
    actor = current_actor.get()
    await in_transaction().execute(
        NOTE,
        centre_id,
        ticket_id,
        counter_id,
        kind,
        at,
        actor.kind,
        actor.id,
        pool_id,
        msgspec.json.encode(data or {}).decode(),
    )
    about = "ticket" if ticket_id else "counter" if counter_id else "queue"
    await journal.write(
        f"{about}.{kind}",
        object_kind=about,
        object_id=ticket_id or counter_id or centre_id,
        at=at,
        detail={"counter": str(counter_id)} if counter_id else None,
    )
    wake_after_commit(f"centre:{centre_id}")


async def note_ticket(
    kind: str, ticket: TicketRow, *, at: datetime, counter_id: uuid.UUID | None = None, **more: Any
) -> None:
    """What happened to a ticket, with everything a figure needs of it at that moment.

    `counter_id` is where it happened, for a ticket that has left its counter by it.
    """
    await note(
        kind,
        centre_id=ticket.centre_id,
        ticket_id=ticket.id,
        counter_id=counter_id or ticket.counter_id,
        pool_id=ticket.pool_id,
        at=at,
        data={
            "number": ticket.number,
            "ticket_class": ticket.ticket_class,
            "priority_group": ticket.priority_group,
            "procedures": list(ticket.procedure_codes),
            "wait_from": ticket.wait_from,
            **more,
        },
    )


async def offer_return(ticket: TicketRow, offer: Offer, *, now: datetime) -> TicketRow:
    """Keep what the holder is offered beside the ticket; the answer is theirs."""
    row = await in_transaction().fetchrow(
        "UPDATE ticket SET returns_at = $2, return_state = 'offered', version = version + 1"
        f" WHERE id = $1 RETURNING {COLUMNS}",
        ticket.id,
        offer.returns_at,
    )
    assert row is not None
    offered = TicketRow(*row)
    await note_ticket("return_offered", offered, at=now, returns_at=offer.returns_at)
    return offered


async def give_return_places_back(tickets: Sequence[TicketRow]) -> None:
    """The walk-in places of these tickets, which the caller has locked, are free again."""
    held = [(ticket.return_slot_id, ticket.id) for ticket in tickets if ticket.return_slot_id is not None]
    for slot_id, ticket_id in sorted(held):
        await release_place(slot_id, channel=Channel.WALKIN)
        await in_transaction().execute("UPDATE ticket SET return_slot_id = NULL WHERE id = $1", ticket_id)


async def next_number(centre_id: uuid.UUID, series: str, *, now: datetime) -> str:
    """The next number of a series today; raises `SeriesFull`."""
    count = await in_transaction().fetchval(
        hot.NEXT_NUMBER, centre_id, local_date(now), series, rules.SERIES_CAP
    )
    if count is None:
        raise SeriesFull
    return rules.display_number(series, count)


async def lock_series(centre_id: uuid.UUID, series: str, day: date) -> None:
    """Hold a series of a day, so that whoever else wants numbers of it waits."""
    work = in_transaction()
    await work.execute(
        "INSERT INTO ticket_series (centre_id, local_date, series, last_no, cap) VALUES ($1, $2, $3, 0, $4)"
        " ON CONFLICT DO NOTHING",
        centre_id,
        day,
        series,
        rules.SERIES_CAP,
    )
    await work.execute(
        "SELECT FROM ticket_series WHERE centre_id = $1 AND local_date = $2 AND series = $3 FOR UPDATE",
        centre_id,
        day,
        series,
    )


async def locked(ticket_id: uuid.UUID, *, centre_id: uuid.UUID) -> TicketRow:
    """A ticket of the centre, locked; raises `TicketNotFound`."""
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM ticket WHERE id = $1 AND centre_id = $2 FOR UPDATE",
        ticket_id,
        centre_id,
    )
    if row is None:
        raise TicketNotFound
    return TicketRow(*row)


def served_elsewhere(pools: Sequence[PoolRow]) -> ServedElsewhere:
    """The refusal, naming the groups of counters to go to."""
    return ServedElsewhere(
        pools=[{"id": str(p.id), "name_vi": p.name_vi, "name_en": p.name_en} for p in pools],
        where_vi=", ".join(pool.name_vi for pool in pools),
        where_en=", ".join(pool.name_en for pool in pools),
    )


class ServedPerson(NamedTuple):
    """Who stands at the counter, as far as we know."""

    ticket_id: uuid.UUID
    citizen_id: uuid.UUID | None
    appointment_id: uuid.UUID | None


async def serving_ticket(ticket_id: uuid.UUID, *, centre_id: uuid.UUID) -> ServedPerson:
    """The ticket being served at this centre; a dossier is accepted from it."""
    row = await locked(ticket_id, centre_id=centre_id)
    if row.state != State.SERVING:
        raise TicketState(state=row.state, version=row.version)
    return ServedPerson(row.id, row.citizen_id, row.appointment_id)
