"""Join the queue: with an appointment, or just by coming."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.appointments import queries as appointments
from app.appointments import steps as appointment_steps
from app.appointments.booking_rules import rules_of
from app.appointments.errors import OutsideCheckInWindow
from app.appointments.rules import came_late
from app.businesses import queries as businesses
from app.centres import queries as centres
from app.core import outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.procedures import queries as procedures
from app.queue import learned, queries, rules
from app.queue.errors import CentreClosed, NotServedHere, UnknownPriorityGroup
from app.queue.events import TicketIssued
from app.queue.forecast import Duration
from app.queue.offering import offer_for
from app.queue.prediction import together
from app.queue.queries import COLUMNS, IssuedTicket, TicketRow
from app.queue.steps import next_number, note_ticket, offer_return


class Joining(NamedTuple):
    """Somebody on the way into the queue."""

    centre_id: uuid.UUID
    pool_id: uuid.UUID
    codes: Sequence[str]
    duration: Duration
    priority_group: str | None
    appointment_id: uuid.UUID | None
    citizen_id: uuid.UUID | None
    contact_phone: str | None
    locale: str
    starts_at: datetime | None
    printed_as: str | None = None
    may_return: bool = False


@operation
async def issue_walk_in(
    *,
    centre_id: uuid.UUID,
    procedure_codes: Sequence[str],
    priority_group: str | None,
    contact_phone: str | None,
    locale: str,
    now: datetime,
    only_when_open: bool = False,
) -> IssuedTicket:
    """A number for somebody who just came. Raises `NotServedHere`, `UnknownPriorityGroup`, `SeriesFull`.

    With `only_when_open`, where no officer sees the person, `CentreClosed` when no counter is open for
    this and none will be today.
    """
    await require_known_group(priority_group)
    codes = await procedures.current_codes(procedure_codes, on=local_date(now))
    pool_ids = await procedures.pools_serving(centre_id, codes)
    if not pool_ids:
        raise NotServedHere
    pools_open = await _open(pool_ids, now=now)
    if only_when_open and not pools_open:
        raise CentreClosed
    joining = Joining(
        centre_id=centre_id,
        pool_id=await _shortest(pools_open or pool_ids),
        codes=codes,
        duration=await duration_of(centre_id, codes, now=now),
        priority_group=priority_group,
        appointment_id=None,
        citizen_id=None,
        contact_phone=contact_phone,
        locale=locale,
        starts_at=None,
        may_return=True,
    )
    return await join(joining, arrived_at=now, now=now)


@operation
async def check_in(
    *,
    now: datetime,
    appointment_id: uuid.UUID | None = None,
    reference: str | None = None,
    centre_id: uuid.UUID | None = None,
    citizen_id: uuid.UUID | None = None,
    late_too: bool = False,
) -> IssuedTicket:
    """A number for somebody who is expected. Checking in twice gives the same number.

    With `late_too`, at a desk or a kiosk, somebody who comes after the grace joins as a walk-in does, at
    the tail and with the wait counted from now; without, `OutsideCheckInWindow`.
    """
    if late_too:
        known = await _known(appointment_id, reference, centre_id, citizen_id, now)
        if known is not None:
            return IssuedTicket(known, await queries.forecast_of(known, now=now))
    try:
        row = await appointment_steps.mark_arrived(
            now=now,
            appointment_id=appointment_id,
            reference=reference,
            centre_id=centre_id,
            citizen_id=citizen_id,
            late_too=late_too,
        )
    except OutsideCheckInWindow:
        known = await _known(appointment_id, reference, centre_id, citizen_id, now)
        if known is None:
            raise
        return IssuedTicket(known, await queries.forecast_of(known, now=now))
    contact = await appointments.contact_of(row.id)
    codes = [item.procedure for item in row.items]
    joining = Joining(
        centre_id=row.centre_id,
        pool_id=row.pool_id,
        codes=codes,
        duration=await duration_of(row.centre_id, codes, now=now),
        priority_group=row.priority_group,
        appointment_id=row.id,
        citizen_id=row.citizen_id,
        contact_phone=contact.phone if contact else None,
        locale=contact.locale if contact else "vi",
        starts_at=row.starts_at,
    )
    return await join(joining, arrived_at=now, now=now)


async def _known(
    appointment_id: uuid.UUID | None,
    reference: str | None,
    centre_id: uuid.UUID | None,
    citizen_id: uuid.UUID | None,
    now: datetime,
) -> TicketRow | None:
    """The ticket of an appointment that was checked in before, for those who may see it."""
    columns = ", ".join(f"t.{name}" for name in TicketRow._fields)
    row = await in_transaction().fetchrow(
        f"SELECT {columns} FROM ticket t JOIN appointment a ON a.id = t.appointment_id"
        " WHERE ($1::uuid IS NULL OR a.id = $1) AND ($2::text IS NULL OR a.reference = $2)"
        " AND ($3::uuid IS NULL OR a.centre_id = $3)"
        f" AND ($4::uuid IS NULL OR {businesses.belongs('a', citizen='$4', on='$5')})"
        " AND t.state <> 'undone' ORDER BY t.issued_at DESC LIMIT 1",
        appointment_id,
        reference,
        centre_id,
        citizen_id,
        local_date(now),
    )
    return None if row is None else TicketRow(*row)


async def require_known_group(priority_group: str | None) -> None:
    """A priority group is one of the list, or none; raises `UnknownPriorityGroup`."""
    if priority_group is not None:
        known = {group.code for group in await centres.priority_groups()}
        if priority_group not in known:
            raise UnknownPriorityGroup


async def _is_late(joining: Joining, *, arrived_at: datetime) -> bool:
    if joining.starts_at is None:
        return False
    by = await rules_of(joining.centre_id, on=local_date(arrived_at))
    return came_late(joining.starts_at, now=arrived_at, rules=by)


async def join(joining: Joining, *, arrived_at: datetime, now: datetime) -> IssuedTicket:
    """The ticket of somebody who arrived then, with the next number or the one that was printed."""
    pool = await centres.pool(joining.pool_id)
    if pool is None:
        raise NotServedHere
    number = joining.printed_as or await next_number(joining.centre_id, pool.series, now=now)
    kind = rules.ticket_class(
        priority_group=joining.priority_group,
        has_appointment=joining.appointment_id is not None,
        is_late=await _is_late(joining, arrived_at=arrived_at),
    )
    waiting_from = rules.wait_from(arrived_at=arrived_at, starts_at=joining.starts_at)
    row = await in_transaction().fetchrow(
        "INSERT INTO ticket (id, centre_id, pool_id, local_date, number, ticket_class,"
        " priority_group, appointment_id, citizen_id, contact_phone, locale, procedure_codes,"
        " p50_minutes, p80_minutes, state, issued_at, wait_from, call_by)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,'waiting',$15,$16,$17)"
        f" RETURNING {COLUMNS}",
        new_id(),
        joining.centre_id,
        joining.pool_id,
        local_date(arrived_at),
        number,
        kind.value,
        joining.priority_group,
        joining.appointment_id,
        joining.citizen_id,
        joining.contact_phone,
        joining.locale,
        list(joining.codes),
        joining.duration.p50,
        joining.duration.p80,
        arrived_at,
        waiting_from,
        rules.call_by(kind=kind, waiting_from=waiting_from),
    )
    ticket = TicketRow(*row)
    expected = await queries.forecast_of(ticket, now=now)
    await note_ticket(
        "issued",
        ticket,
        at=arrived_at,
        told_at=now,
        p50_minutes=expected.p50_minutes,
        p80_minutes=expected.p80_minutes,
        position=expected.position,
        appointment=ticket.appointment_id is not None,
        late=ticket.is_late,
    )
    await outbox.record(
        TicketIssued(
            occurred_at=arrived_at,
            ticket_id=ticket.id,
            centre_id=ticket.centre_id,
            number=ticket.number,
            version=ticket.version,
            appointment_id=ticket.appointment_id,
        )
    )
    if joining.may_return:
        offer = await offer_for(ticket, found=expected, now=now)
        if offer is not None:
            ticket = await offer_return(ticket, offer, now=now)
    return IssuedTicket(ticket, expected)


async def _open(pool_ids: Sequence[uuid.UUID], *, now: datetime) -> list[uuid.UUID]:
    """Those of the pools with a counter that is open, or with an opening now or later today."""
    until = max(rules.end_of(local_date(now)), now + rules.OPENS_SOON)
    planned = await appointments.pools_open(pool_ids, start=now, end=until)
    rows = await in_transaction().fetch(
        "SELECT DISTINCT served.pool_id FROM counter_pool served JOIN counter_state USING (counter_id)"
        " WHERE served.pool_id = ANY($1) AND counter_state.state = 'open'",
        list(pool_ids),
    )
    staffed = {row["pool_id"] for row in rows}
    return [pool_id for pool_id in pool_ids if pool_id in planned or pool_id in staffed]


async def _shortest(pool_ids: Sequence[uuid.UUID]) -> uuid.UUID:
    """Of the pools that can serve, the one where the fewest wait; the least flexible on a tie."""
    rows = await in_transaction().fetch(
        "SELECT pool_id, count(*) AS waiting FROM ticket"
        " WHERE state = 'waiting' AND pool_id = ANY($1) GROUP BY pool_id",
        list(pool_ids),
    )
    waiting = {row["pool_id"]: row["waiting"] for row in rows}
    return min(pool_ids, key=lambda pool_id: waiting.get(pool_id, 0))


async def duration_of(centre_id: uuid.UUID, codes: Sequence[str], *, now: datetime) -> Duration:
    """How long the visit takes, by what was learned here."""
    known = await learned.durations(centre_id, codes, on=local_date(now))
    if set(codes) - set(known):
        raise NotServedHere
    return together([known[code] for code in codes])
