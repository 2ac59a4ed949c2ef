"""The sample's catalogue, and the people of a morning at phường Hoa Lư."""

import uuid
from datetime import datetime
from typing import NamedTuple

import pytest

from app.centres import queries as centres
from app.core.clock import local_date
from app.procedures import queries as procedures
from app.queue import operations
from app.sample import seed


class Hall(NamedTuple):
    """A centre with one group of counters and what is served there."""

    centre_id: uuid.UUID
    pool_id: uuid.UUID
    counters: list[uuid.UUID]
    code: str


@pytest.fixture
async def hall(database: object, now: datetime) -> Hall:
    """The first counter pool of the demo centre."""
    await seed.load_catalogue(now=now)
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
            counter_id=counter_id, centre_id=hall.centre_id, officer_id=uuid.uuid4(), now=now
        )
    return hall
