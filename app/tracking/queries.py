"""Where a thing stands, by its secret link."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from app.appointments import queries as appointments
from app.core.links import read_tracking_token
from app.home_service import fees
from app.home_service import queries as home_service
from app.payments.rules import Purse
from app.queue import queries as queue
from app.queue.queries import TicketRow
from app.tracking.errors import LinkNotFound


class Tracked(NamedTuple):
    """What a link shows; minutes only for a ticket that waits, amounts for a home visit."""

    kind: str
    reference: str
    state: str
    starts_at: datetime | None
    p50_minutes: int | None = None
    p80_minutes: int | None = None
    position: int | None = None
    return_at: datetime | None = None
    return_state: str | None = None
    eta_earliest: datetime | None = None
    eta_latest: datetime | None = None
    owed_state_vnd: int | None = None
    owed_postage_vnd: int | None = None


async def track(token: str, *, now: datetime) -> Tracked:
    """Raises `LinkNotFound` for anything we did not make, or that is gone."""
    named = read_tracking_token(token)
    look = LOOKS.get(named[0]) if named else None
    if named is None or look is None:
        raise LinkNotFound
    found = await look(named[1], now)
    if found is None:
        raise LinkNotFound
    return found


async def ticket_of(token: str) -> TicketRow:
    """The ticket a link names; raises `LinkNotFound` for anything else."""
    named = read_tracking_token(token)
    row = await queue.by_id(named[1]) if named is not None and named[0] == "ticket" else None
    if row is None:
        raise LinkNotFound
    return row


async def _ticket(ticket_id: uuid.UUID, now: datetime) -> Tracked | None:
    row = await queue.by_id(ticket_id)
    if row is None:
        return None
    standing = Tracked(
        "ticket",
        row.number,
        row.state,
        row.issued_at,
        return_at=row.returns_at,
        return_state=row.return_state,
    )
    if row.is_away:
        return standing
    expected = await queue.forecast_of(row, now=now)
    return standing._replace(
        p50_minutes=expected.p50_minutes, p80_minutes=expected.p80_minutes, position=expected.position
    )


async def _appointment(appointment_id: uuid.UUID, _now: datetime) -> Tracked | None:
    row = await appointments.by_id(appointment_id)
    return row and Tracked("appointment", row.reference, row.state, row.starts_at)


async def _home_visit(home_visit_id: uuid.UUID, now: datetime) -> Tracked | None:
    row = await home_service.by_id(home_visit_id)
    if row is None:
        return None
    bill = await fees.bill_of(row)
    found = Tracked(
        "home_visit",
        row.reference,
        row.state,
        row.starts_at,
        # What the catalogue has no amount for is said at the door.
        owed_state_vnd=None if bill.unassessed(Purse.STATE) else bill.owed(Purse.STATE),
        owed_postage_vnd=bill.owed(Purse.POSTAGE),
    )
    eta = await home_service.expected_of(row, now=now)
    return found if eta is None else found._replace(eta_earliest=eta.earliest, eta_latest=eta.latest)


LOOKS: Final[Mapping[str, Callable[[uuid.UUID, datetime], Awaitable[Tracked | None]]]] = MappingProxyType(
    {"ticket": _ticket, "appointment": _appointment, "home_visit": _home_visit}
)
