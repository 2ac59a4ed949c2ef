"""The sample's catalogue, and the people of a morning at phường Hoa Lư."""

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from app.appointments import operations as appointments
from app.appointments import queries as appointment_queries
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.procedures import queries as procedures
from app.queue import operations
from app.queue.queries import COLUMNS, TicketRow
from app.queue.states import State
from app.sample import seed
from app.sample.files import sample_id
from tests import remembered

# An official officer of the demo centre, within the term.
MINH = sample_id("officer", "minh")


class Hall(NamedTuple):
    """A centre with one group of counters and what is served there."""

    centre_id: uuid.UUID
    pool_id: uuid.UUID
    counters: list[uuid.UUID]
    code: str


@pytest.fixture
async def hall(database: object, now: datetime) -> Hall:
    """The first counter pool of the demo centre."""
    await remembered.catalogue(now)
    pools = await centres.pools_of(seed.DEMO_CENTRE_ID, "counter")
    for pool in pools:
        counters = await centres.counter_ids_of_pool(pool.id)
        offered = await procedures.offered_by(seed.DEMO_CENTRE_ID, on=local_date(now))
        codes = [
            code
            for code in await procedures.codes_of_pool(pool.id)
            if code in offered and len(await procedures.pools_serving(seed.DEMO_CENTRE_ID, [code])) == 1
        ]
        if counters and codes:
            return Hall(seed.DEMO_CENTRE_ID, pool.id, counters, codes[0])
    raise LookupError("The sample has no pool with a counter and a procedure of its own.")


@pytest.fixture
async def open_hall(hall: Hall, now: datetime) -> Hall:
    """The same, with its counters open."""
    for counter_id in hall.counters:
        await operations.open_counter(
            counter_id=counter_id, centre_id=hall.centre_id, officer_id=MINH, now=now
        )
    return hall


async def walk_in(
    hall: Hall, now: datetime, *, priority: str | None = None, phone: str | None = None
) -> TicketRow:
    """A number for somebody who just came."""
    issued = await operations.issue_walk_in(
        centre_id=hall.centre_id,
        procedure_codes=[hall.code],
        priority_group=priority,
        contact_phone=phone,
        locale="vi",
        now=now,
    )
    return issued.ticket


async def expected(hall: Hall, now: datetime) -> AppointmentRow:
    """A confirmed appointment of tomorrow at eight; its owner is in the row."""
    opens = at_local(local_date(now) + timedelta(days=1), 8)
    if not await appointment_queries.open_slots(hall.pool_id, start=opens, end=opens + timedelta(hours=1)):
        await appointments.publish_opening(
            centre_id=hall.centre_id,
            pool_id=hall.pool_id,
            starts_at=opens,
            ends_at=opens + timedelta(hours=1),
            counters=4,
            now=now,
        )
    citizen_id = uuid.uuid4()
    held = await appointments.book(
        centre_id=hall.centre_id,
        starts_at=opens,
        items=[Item(hall.code, 1)],
        citizen_id=citizen_id,
        now=now,
    )
    return await appointments.confirm(appointment_id=held.id, citizen_id=citizen_id, now=now)


async def make_due(appointment: AppointmentRow) -> None:
    """Bring an appointment's time to the moment, for those who come by the real clock."""
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE appointment SET starts_at = now(), ends_at = now() + interval '10 minutes' WHERE id = $1",
        appointment.id,
    )


async def put(ticket: TicketRow, state: State, counter_id: uuid.UUID | None) -> TicketRow:
    """Bring a ticket to a state, whatever the way there."""
    assert DB.pool is not None
    row = await DB.pool.fetchrow(
        "UPDATE ticket SET state = $2, counter_id = $3, calls = 1, last_called_at = issued_at,"
        f" version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        ticket.id,
        state.value,
        counter_id,
    )
    assert row is not None
    return TicketRow(*row)
