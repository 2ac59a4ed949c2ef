"""Go away and come back at an agreed time (hẹn giờ quay lại): accept or refuse, and say that one is back.

Lock order: the ticket, then the slot its place is in.
"""

import uuid
from datetime import datetime
from typing import Any, Final

from app.appointments import queries as appointments
from app.appointments import steps as appointment_steps
from app.appointments.places import Channel
from app.core import outbox
from app.core.clock import local, local_date
from app.core.database import in_transaction
from app.core.operation import companion, operation
from app.queue import queries, returns, rules, states
from app.queue.errors import NoReturnAgreed, NoReturnOffer, ReturnAnswered, ReturnGone, TicketState
from app.queue.events import TicketReturnAgreed
from app.queue.offering import offer_for
from app.queue.queries import COLUMNS, TicketRow
from app.queue.returns import KEPT_FOR
from app.queue.rules import TicketClass
from app.queue.states import ReturnState, State
from app.queue.steps import give_return_places_back, locked, note_ticket, offer_return

MOST_AT_ONCE: Final = 200

CHANGE: Final = f"""
UPDATE ticket SET return_state = $2, return_slot_id = $3, ticket_class = $4, wait_from = $5, call_by = $6,
       version = version + 1
 WHERE id = $1 RETURNING {COLUMNS}
"""
NOT_BACK: Final = f"""
SELECT {COLUMNS} FROM ticket
 WHERE return_state = 'agreed' AND return_slot_id IS NOT NULL AND returns_at < $1
 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


async def answer_return(
    *, ticket_id: uuid.UUID, centre_id: uuid.UUID, accept: bool, now: datetime
) -> TicketRow:
    """The holder's answer to the offer; the same again changes nothing.

    Raises `TicketNotFound`, `NoReturnOffer`, `ReturnAnswered` when the other answer was given before,
    `TicketState` for one who no longer waits, and `ReturnGone` when the time has passed or its last place
    went meanwhile: it names the next time with room, which the next acceptance means.
    """
    facts: dict[str, Any] = {"ticket_id": ticket_id, "centre_id": centre_id, "now": now}
    try:
        return await _answer(**facts, accept=accept)
    except ReturnGone:
        # The refusal keeps nothing; the fresh offer is kept all the same, or it could never be accepted.
        unshared = companion.set(None)
        try:
            renewed = await _offer_again(**facts)
        finally:
            companion.reset(unshared)
        if renewed.return_state != ReturnState.OFFERED or renewed.returns_at is None:
            raise ReturnGone(return_offer=None) from None
        raise ReturnGone(return_offer={"return_at": local(renewed.returns_at)}) from None


@operation
async def _answer(*, ticket_id: uuid.UUID, centre_id: uuid.UUID, accept: bool, now: datetime) -> TicketRow:
    ticket = await locked(ticket_id, centre_id=centre_id)
    if ticket.return_state in states.ANSWERED[accept]:
        return ticket
    if ticket.return_state != ReturnState.OFFERED or ticket.returns_at is None:
        raise NoReturnOffer if ticket.return_state in states.UNOFFERED else ReturnAnswered
    _refuse_not_waiting(ticket, now=now)
    if not accept:
        return await _change(ticket, ReturnState.REFUSED, "return_refused", now=now)
    agreed = await _change(
        ticket,
        ReturnState.AGREED,
        "return_agreed",
        slot_id=await _take_place(ticket, ticket.returns_at, now=now),
        kind=TicketClass.RETURNING,
        waiting_from=ticket.returns_at,
        now=now,
    )
    await outbox.record(
        TicketReturnAgreed(
            occurred_at=now,
            ticket_id=agreed.id,
            centre_id=agreed.centre_id,
            number=agreed.number,
            version=agreed.version,
        )
    )
    return agreed


async def _take_place(ticket: TicketRow, returns_at: datetime, *, now: datetime) -> uuid.UUID:
    """The slot of the agreed time, with a place taken in it; raises `ReturnGone`."""
    if returns_at <= now:
        raise ReturnGone
    slot = await appointments.walk_in_slot(ticket.pool_id, at=returns_at, until=returns_at)
    if slot is None or not await appointment_steps.take_place(slot.id, channel=Channel.WALKIN):
        raise ReturnGone
    return slot.id


@operation
async def _offer_again(*, ticket_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> TicketRow:
    """The next time with room in the place of one that is gone; none is the end of the offer."""
    ticket = await locked(ticket_id, centre_id=centre_id)
    if ticket.return_state != ReturnState.OFFERED or ticket.state != State.WAITING:
        return ticket
    found = await queries.forecast_of(ticket, now=now)
    fresh = await offer_for(ticket, found=found, now=now)
    if fresh is None:
        return await _change(ticket, ReturnState.WITHDRAWN, "return_withdrawn", now=now)
    return await offer_return(ticket, fresh, now=now)


@operation
async def come_back(*, ticket_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> TicketRow:
    """The holder is in the hall again and may be called from now on; twice is once.

    Much later than agreed is a walk-in who came just now. Raises `TicketNotFound`, `NoReturnAgreed`, and
    `TicketState` when the day or the holder has ended the ticket.
    """
    ticket = await locked(ticket_id, centre_id=centre_id)
    if ticket.return_state == ReturnState.BACK:
        return ticket
    if ticket.return_state != ReturnState.AGREED or ticket.returns_at is None:
        raise NoReturnAgreed
    _refuse_not_waiting(ticket, now=now)
    what = returns.on_return(arrived_at=now, returns_at=ticket.returns_at)
    if what.kind is TicketClass.WALK_IN:
        await give_return_places_back([ticket])
        ticket = ticket._replace(return_slot_id=None)
    return await _change(
        ticket,
        ReturnState.BACK,
        "came_back",
        slot_id=ticket.return_slot_id,
        kind=what.kind,
        waiting_from=what.waiting_from,
        now=now,
    )


@operation
async def give_up_late_returns(*, now: datetime) -> int:
    """Whoever is later than their place is kept for has none any more; the ticket stays. How many."""
    rows = await in_transaction().fetch(NOT_BACK, now - KEPT_FOR, MOST_AT_ONCE)
    tickets = [TicketRow(*row) for row in rows]
    await give_return_places_back(tickets)
    for ticket in tickets:
        await note_ticket("return_lapsed", ticket, at=now, returns_at=ticket.returns_at)
    return len(tickets)


def _refuse_not_waiting(ticket: TicketRow, *, now: datetime) -> None:
    if ticket.state != State.WAITING or local_date(ticket.issued_at) != local_date(now):
        raise TicketState(state=ticket.state, version=ticket.version)


async def _change(
    ticket: TicketRow,
    state: ReturnState,
    event: str,
    *,
    now: datetime,
    slot_id: uuid.UUID | None = None,
    kind: TicketClass | None = None,
    waiting_from: datetime | None = None,
) -> TicketRow:
    """Write and tell; without a kind the ticket stays what it is in the queue."""
    due = ticket.call_by
    if kind is not None and waiting_from is not None:
        due = rules.call_by(kind=kind, waiting_from=waiting_from)
    row = await in_transaction().fetchrow(
        CHANGE,
        ticket.id,
        state.value,
        slot_id,
        kind.value if kind else ticket.ticket_class,
        waiting_from or ticket.wait_from,
        due,
    )
    assert row is not None
    changed = TicketRow(*row)
    await note_ticket(event, changed, at=now, returns_at=changed.returns_at)
    return changed
