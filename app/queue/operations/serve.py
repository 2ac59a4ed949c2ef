"""Everything an officer does with a ticket after the call: one table of moves, one compare-and-set."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.appointments import steps as appointments
from app.centres import queries as centres
from app.core import outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.queue import rules, states
from app.queue.errors import (
    CounterNotOpen,
    HolderAway,
    NotServedHere,
    PutBackOnce,
    StaleTicket,
    TicketState,
    TooSoonToRecall,
)
from app.queue.events import TicketFinished, TicketMissed
from app.queue.operations.call import refuse_if_busy, tell_called
from app.queue.operations.periods import end_period, open_period
from app.queue.queries import COLUMNS, TicketRow
from app.queue.rules import TicketClass
from app.queue.states import Move, State
from app.queue.steps import give_return_places_back, locked, note_ticket

# What each move writes besides the state; $5 is now, $6 the counter, $7 when it is due, $8 from when.
WRITES: Final[Mapping[Move, str]] = MappingProxyType(
    {
        Move.RECALL: "calls = calls + 1, last_called_at = $5",
        Move.START: "started_at = $5",
        Move.PARK: "counter_id = NULL",
        Move.RESUME: "counter_id = $6, started_at = coalesce(started_at, $5)",
        Move.TRANSFER: "counter_id = NULL, call_by = $5",
        Move.NO_SHOW: "counter_id = NULL, ended_at = $5",
        Move.FINISH: "ended_at = $5",
        Move.LEAVE: "counter_id = NULL, ended_at = $5",
        Move.UNDO_CHECK_IN: "appointment_id = NULL, ended_at = $5",
        Move.PUT_BACK: "ended_at = NULL, call_by = $7, eligible_at = $8,"
        " put_backs = put_backs + CASE WHEN state = 'missed' THEN 1 ELSE 0 END",
    }
)
EVENT: Final[Mapping[Move, str]] = MappingProxyType(
    {
        Move.RECALL: "recalled",
        Move.START: "started",
        Move.PARK: "parked",
        Move.RESUME: "resumed",
        Move.TRANSFER: "transferred",
        Move.NO_SHOW: "missed",
        Move.FINISH: "finished",
        Move.LEAVE: "left",
        Move.UNDO_CHECK_IN: "check_in_undone",
        Move.PUT_BACK: "put_back",
    }
)

# Nobody was served: a place taken for a return is free again.
GIVES_UP: Final = frozenset({Move.LEAVE, Move.NO_SHOW})


@operation
async def move(
    *,
    ticket_id: uuid.UUID,
    centre_id: uuid.UUID,
    move: Move,
    expected_version: int,
    now: datetime,
    counter_id: uuid.UUID | None = None,
) -> TicketRow:
    """One move of one ticket. `StaleTicket` (412) when it changed since it was seen, `TicketState` (409)
    when the move is not allowed now. `RESUME` names the counter that takes the ticket up again, which holds
    no other (`CounterBusy`) and is not closed (`CounterNotOpen`).
    """
    if counter_id is not None:
        await _lock_counter(counter_id, centre_id)
    ticket = await _allowed(ticket_id, centre_id, move, expected_version)
    if move is Move.RESUME:
        await _refuse_nowhere(counter_id)
    if move is Move.RECALL and not rules.may_recall(
        last_called_at=ticket.last_called_at, calls=ticket.calls, put_backs=ticket.put_backs, now=now
    ):
        raise TooSoonToRecall
    if move is Move.PUT_BACK:
        _refuse_another_put_back(ticket, now=now)
    if move is Move.UNDO_CHECK_IN and ticket.appointment_id is None:
        raise TicketState(state=ticket.state, version=ticket.version)
    changed = await _write(ticket, move, now=now, counter_id=counter_id)
    begun = await _keep_time(ticket, changed, now=now)
    await _follow_appointment(ticket, move, now=now)
    if move in GIVES_UP:
        await give_return_places_back([ticket])
    await _tell(ticket, changed, move, now=now, **({"procedure": begun} if begun else {}))
    return changed


@operation
async def transfer(
    *,
    ticket_id: uuid.UUID,
    centre_id: uuid.UUID,
    pool_id: uuid.UUID,
    expected_version: int,
    now: datetime,
) -> TicketRow:
    """On to another group of counters, keeping the number; due at once, for the wait was served.

    Raises `HolderAway`, beside what a move raises: who is not here cannot be sent on.
    """
    ticket = await _allowed(ticket_id, centre_id, Move.TRANSFER, expected_version)
    pools = {pool.id for pool in await centres.pools_of(centre_id, "counter")}
    if pool_id not in pools:
        raise NotServedHere
    if ticket.is_away:
        raise HolderAway
    changed = await _write(ticket, Move.TRANSFER, now=now, counter_id=None)
    await in_transaction().execute("UPDATE ticket SET pool_id = $2 WHERE id = $1", ticket.id, pool_id)
    changed = changed._replace(pool_id=pool_id)
    await _keep_time(ticket, changed, now=now)
    await _tell(ticket, changed, Move.TRANSFER, now=now)
    return changed


async def _lock_counter(counter_id: uuid.UUID, centre_id: uuid.UUID) -> None:
    """The counter that takes a ticket up again: of this centre, and not closed.

    Its row is locked before the ticket's, as calling does.
    """
    await centres.counter(counter_id, centre_id=centre_id)
    state = await in_transaction().fetchval(
        "SELECT state FROM counter_state WHERE counter_id = $1 FOR UPDATE", counter_id
    )
    if state in {None, "closed"}:
        raise CounterNotOpen


async def _refuse_nowhere(counter_id: uuid.UUID | None) -> None:
    if counter_id is None:
        raise CounterNotOpen
    await refuse_if_busy(counter_id)


async def _allowed(
    ticket_id: uuid.UUID, centre_id: uuid.UUID, move: Move, expected_version: int
) -> TicketRow:
    ticket = await locked(ticket_id, centre_id=centre_id)
    if states.after(State(ticket.state), move) is None:
        raise TicketState(state=ticket.state, version=ticket.version)
    if ticket.version != expected_version:
        raise StaleTicket(version=ticket.version)
    return ticket


def _refuse_another_put_back(ticket: TicketRow, *, now: datetime) -> None:
    is_today = local_date(ticket.issued_at) == local_date(now)
    was_missed = ticket.state == State.MISSED
    if not is_today or not rules.may_put_back(was_missed=was_missed, put_backs=ticket.put_backs):
        raise PutBackOnce


async def _write(
    ticket: TicketRow, move: Move, *, now: datetime, counter_id: uuid.UUID | None
) -> TicketRow:
    target = states.MOVES[State(ticket.state), move]
    due = rules.back_at(
        kind=TicketClass(ticket.ticket_class), was_missed=ticket.state == State.MISSED, now=now
    )
    arguments: list[Any] = [ticket.id, ticket.version, target.value, ticket.centre_id, now, counter_id]
    arguments += [due, rules.rests_until(ticket.last_called_at, now=now)]
    row = await in_transaction().fetchrow(
        f"UPDATE ticket SET state = $3, {WRITES[move]}, version = version + 1"
        " WHERE id = $1 AND version = $2 AND centre_id = $4"
        " AND ($5::timestamptz IS NOT NULL) AND ($6::uuid IS NULL OR true)"
        " AND ($7::timestamptz IS NOT NULL) AND ($8::timestamptz IS NULL OR true)"
        f" RETURNING {COLUMNS}",
        *arguments,
    )
    if row is None:
        raise StaleTicket(version=ticket.version)
    return TicketRow(*row)


async def _follow_appointment(ticket: TicketRow, move: Move, *, now: datetime) -> None:
    """The appointment behind a ticket ends with it, or stands again."""
    if ticket.appointment_id is None:
        return
    if move is Move.FINISH:
        await appointments.mark_served(ticket.appointment_id, now=now)
    elif move is Move.NO_SHOW:
        await appointments.mark_missed(ticket.appointment_id, now=now)
    elif move is Move.UNDO_CHECK_IN:
        await appointments.undo_arrival(ticket.appointment_id, now=now)
    elif move is Move.PUT_BACK:
        await appointments.mark_come_late(ticket.appointment_id, now=now)


async def _keep_time(before: TicketRow, ticket: TicketRow, *, now: datetime) -> str | None:
    """A period is open exactly while the ticket is being served; the procedure of one that begins."""
    if before.state == State.SERVING:
        await end_period(ticket.id, now=now)
    if ticket.state == State.SERVING:
        return await open_period(ticket, resuming=before.state == State.PARKED, now=now)
    return None


async def _tell(before: TicketRow, ticket: TicketRow, move: Move, *, now: datetime, **more: str) -> None:
    way = {"from_pool": before.pool_id, "to_pool": ticket.pool_id} if move is Move.TRANSFER else {}
    await note_ticket(EVENT[move], ticket, at=now, counter_id=before.counter_id, **way, **more)
    if move is Move.RECALL and ticket.counter_id is not None:
        await tell_called(ticket, counter_id=ticket.counter_id, now=now)
    kind = {Move.FINISH: TicketFinished, Move.NO_SHOW: TicketMissed}.get(move)
    if kind is not None:
        await outbox.record(
            kind(
                occurred_at=now,
                ticket_id=ticket.id,
                centre_id=ticket.centre_id,
                number=ticket.number,
                version=ticket.version,
            )
        )
