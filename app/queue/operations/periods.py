"""Several procedures in one ticket: timed periods, of which exactly one is open while serving."""

import uuid
from datetime import datetime

from app.centres import queries as centres
from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.procedures import queries as procedures
from app.procedures.queries import Offer
from app.queue import queries, rules
from app.queue.errors import NotServedHere, PeriodNotFound, StaleTicket, TicketState
from app.queue.queries import COLUMNS, Served, TicketRow
from app.queue.states import State
from app.queue.steps import locked, note_ticket, served_elsewhere


@operation
async def add_procedure(
    *, ticket_id: uuid.UUID, centre_id: uuid.UUID, code: str, expected_version: int, now: datetime
) -> Served:
    """End the open period and begin one for the next procedure, which may be one nobody came for.

    Raises `NotServedHere` when this centre does not do it, and `ServedElsewhere`, naming the groups of
    counters that do, when this counter does not.
    """
    ticket = await locked(ticket_id, centre_id=centre_id)
    if ticket.state != State.SERVING or ticket.counter_id is None:
        raise TicketState(state=ticket.state, version=ticket.version)
    if ticket.version != expected_version:
        raise StaleTicket(version=ticket.version)
    offer = await _served_at(ticket.counter_id, centre_id, code, now=now)
    await end_period(ticket.id, now=now)
    await _open(ticket, code, now=now)
    changed = await _extended(ticket, code, offer)
    await note_ticket("procedure_begun", changed, at=now, procedure=code)
    return Served(changed, await queries.periods_of(ticket.id))


@operation
async def mark_inaccurate(*, ticket_id: uuid.UUID, centre_id: uuid.UUID, n: int, now: datetime) -> Served:
    """The time of this period tells nothing about its procedure: nobody learns from it. Twice is once."""
    ticket = await locked(ticket_id, centre_id=centre_id)
    if n not in {period.n for period in await queries.periods_of(ticket.id)}:
        raise PeriodNotFound
    await in_transaction().execute(
        "UPDATE ticket_period SET inaccurate = true WHERE ticket_id = $1 AND n = $2", ticket.id, n
    )
    await journal.write(
        "ticket.period_inaccurate",
        object_kind="ticket",
        object_id=ticket.id,
        at=now,
        detail={"n": n},
    )
    return Served(ticket, await queries.periods_of(ticket.id))


async def open_period(ticket: TicketRow, *, resuming: bool, now: datetime) -> str:
    """Serving begins, or goes on after a pause; with which procedure."""
    begun = [period.procedure_code for period in await queries.periods_of(ticket.id)]
    code = rules.procedure_to_serve(ticket.procedure_codes, begun=begun, resuming=resuming)
    await _open(ticket, code, now=now)
    return code


async def end_period(ticket_id: uuid.UUID, *, now: datetime) -> None:
    """Serving stops, for whatever reason."""
    await in_transaction().execute(
        "UPDATE ticket_period SET ended_at = greatest($2, started_at)"
        " WHERE ticket_id = $1 AND ended_at IS NULL",
        ticket_id,
        now,
    )


async def _open(ticket: TicketRow, code: str, *, now: datetime) -> None:
    await in_transaction().execute(
        "INSERT INTO ticket_period (ticket_id, n, centre_id, procedure_code, counter_id, officer_id,"
        " started_at, inaccurate)"
        " SELECT $1, (SELECT count(*) + 1 FROM ticket_period WHERE ticket_id = $1), $2, $3, $4,"
        " officer_id, $5, false FROM counter_state WHERE counter_id = $4",
        ticket.id,
        ticket.centre_id,
        code,
        ticket.counter_id,
        now,
    )


async def _served_at(counter_id: uuid.UUID, centre_id: uuid.UUID, code: str, *, now: datetime) -> Offer:
    offers = await procedures.offers(centre_id, [code], on=local_date(now))
    serving = await procedures.pools_serving(centre_id, [code])
    if code not in offers or not serving:
        raise NotServedHere
    if not set(serving) & set(await centres.pool_ids_of_counter(counter_id)):
        pools = [pool for pool in await centres.pools_of(centre_id, "counter") if pool.id in serving]
        raise served_elsewhere(pools)
    return offers[code]


async def _extended(ticket: TicketRow, code: str, offer: Offer) -> TicketRow:
    """The ticket is for the procedure too, and lasts so much longer."""
    row = await in_transaction().fetchrow(
        "UPDATE ticket SET version = version + 1,"
        " procedure_codes = CASE WHEN $2 = ANY(procedure_codes) THEN procedure_codes"
        "                        ELSE procedure_codes || $2::text END,"
        " p50_minutes = p50_minutes + CASE WHEN $2 = ANY(procedure_codes) THEN 0 ELSE $3::float8 END,"
        " p80_minutes = p80_minutes + CASE WHEN $2 = ANY(procedure_codes) THEN 0 ELSE $4::float8 END"
        f" WHERE id = $1 RETURNING {COLUMNS}",
        ticket.id,
        code,
        float(offer.p50_minutes),
        float(offer.p80_minutes),
    )
    assert row is not None
    return TicketRow(*row)
