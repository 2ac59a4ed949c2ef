"""What time a walk-in may be offered: the rule of `returns`, and a place of the pool that is free then.

A time nobody is planned to work at is no time to come back at: without an opening later today, or with no
place left in its slots, nothing is offered and the ticket is a normal one.
"""

from datetime import datetime, timedelta

from app.appointments import queries as appointments
from app.core.clock import local_date
from app.queue import prediction, returns, rules
from app.queue.forecast import Duration, Forecast
from app.queue.queries import TicketRow
from app.queue.returns import Offer
from app.queue.rules import TicketClass


async def offer_for(ticket: TicketRow, *, found: Forecast, now: datetime) -> Offer | None:
    """The time at which this walk-in would be called within minutes, or None."""
    kind = TicketClass(ticket.ticket_class)
    is_walk_in = kind is TicketClass.WALK_IN and ticket.appointment_id is None
    if not is_walk_in or not returns.is_too_long(found):
        return None
    today = local_date(now)
    until = await appointments.last_opening_ends(
        [ticket.pool_id], start=rules.end_of(today - timedelta(days=1)), end=rules.end_of(today)
    )
    if until is None:
        return None
    work = await prediction.work_for(
        Duration(ticket.p50_minutes, ticket.p80_minutes),
        centre_id=ticket.centre_id,
        pool_id=ticket.pool_id,
        now=now,
        besides=ticket.id,
    )
    wished = returns.offer(kind=kind, found=found, work=work, now=now, until=until)
    if wished is None:
        return None
    slot = await appointments.walk_in_slot(
        ticket.pool_id, at=wished.returns_at, until=min(until, now + returns.MOST_AWAY)
    )
    if slot is None:
        return None
    returns_at = max(wished.returns_at, slot.starts_at)
    return Offer(returns_at, round((returns_at - now).total_seconds() / 60))
