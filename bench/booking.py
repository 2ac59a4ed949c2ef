"""Places sold per second: the operation ÷ the bare statement, in interleaved rounds of one run.

48 clients, 128 slots (4 days of 32), 1 to 3 grains. The reference is BOOKING.md 1.3 word for word on the
same tables: no reference, limits, journal, transaction or refusal in words. Both get equal slots of their
own, so neither meets the other's rows.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from app.appointments import operations
from app.appointments.errors import SlotFull
from app.appointments.needs import Item
from app.core.clock import current_time, local_date
from app.core.database import DB
from app.core.ids import new_id
from bench.metrics import Metric, nothing_of, ratio_of
from bench.stage import GRAIN, PROCEDURE, Stage, deadlocks_of, make_centre, open_pools, own_database

CLIENTS: Final = 48
DAYS: Final = 4
GRAINS_A_DAY: Final = 32
COUNTERS: Final = 200
PER_ROUND: Final = 1500
ROUNDS: Final = 5
ROUNDS_LONG: Final = 15
FLOOR: Final = 0.5

BARE: Final = """
WITH want AS (
    SELECT id FROM slot
     WHERE pool_id = $1 AND open
       AND starts_at >= $2 AND starts_at < $2 + $3::int * $4::interval
       AND taken_online < online_cap
       AND taken_online + taken_partner + taken_staff
           + GREATEST(taken_walkin, walkin_floor) < capacity
     ORDER BY id FOR UPDATE),
took AS (
    UPDATE slot SET taken_online = taken_online + 1
     WHERE id IN (SELECT id FROM want) AND (SELECT count(*) FROM want) = $3::int
    RETURNING id),
made AS (
    INSERT INTO appointment (id, reference, centre_id, pool_id, citizen_id, channel, state,
        hold_expires_at, starts_at, ends_at, local_date, grains, items, locale, version,
        created_at)
    SELECT $5, $6, $7, $1, $8, 'online', 'held', clock_timestamp() + $9::interval, $2,
           $2 + $3::int * $4::interval, $10, $3::int, '[]', 'vi', 1, clock_timestamp()
     WHERE (SELECT count(*) FROM took) = $3::int
    RETURNING id)
INSERT INTO appointment_slot (slot_id, appointment_id) SELECT took.id, made.id FROM took, made
RETURNING appointment_id
"""
OVERSOLD: Final = """
SELECT count(*) FROM slot
 WHERE taken_online + taken_partner + taken_staff + taken_walkin > capacity
"""
DRIFT: Final = """
SELECT count(*) FROM slot WHERE taken_online <>
    (SELECT count(*) FROM appointment_slot WHERE slot_id = slot.id)
"""


class Wish:
    """What the next client asks for: a random start of a random day, and 1 to 3 grains."""

    def __init__(self, stage: Stage) -> None:
        self._dice = random.Random(20261124)
        self._stage = stage

    def next(self) -> tuple[datetime, int]:
        grains = self._dice.choice((1, 2, 3))
        first = self._dice.randrange(GRAINS_A_DAY - grains + 1)
        day = timedelta(days=self._dice.randrange(DAYS))
        return self._stage.opens + day + first * GRAIN, grains


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `booking`."""
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            stage, reference = await two_stages(url)
            return await _measure(dsn, stage, reference, ROUNDS_LONG if long else ROUNDS)
        finally:
            await DB.close()


async def two_stages(url: str) -> tuple[Stage, Stage]:
    """Equal slots for us and for the reference."""
    stage = await make_centre(url, pools=1)
    reference = stage._replace(pool_ids=[await _second_pool(stage)])
    for day in range(DAYS):
        for each in (stage, reference):
            await open_pools(each, day=day, grains=GRAINS_A_DAY, counters=COUNTERS)
    return stage, reference


async def _second_pool(stage: Stage) -> uuid.UUID:
    """A pool for the reference; it serves no procedure, so the operation never looks at it."""
    assert DB.pool is not None
    pool_id = new_id()
    await DB.pool.execute(
        "INSERT INTO pool (id, centre_id, kind, code, series, name_vi, name_en)"
        " VALUES ($1, $2, 'counter', 'R', 'R', '', '')",
        pool_id,
        stage.centre_id,
    )
    return pool_id


async def _measure(dsn: str, stage: Stage, reference: Stage, rounds: int) -> dict[str, Metric]:
    ours, theirs = Wish(stage), Wish(reference)
    refused = 0

    async def through_the_operation() -> None:
        nonlocal refused
        starts_at, grains = ours.next()
        try:
            await operations.book(
                centre_id=stage.centre_id,
                starts_at=starts_at,
                items=[Item(PROCEDURE, grains)],
                citizen_id=uuid.uuid4(),
                now=current_time(),
            )
        except SlotFull:
            refused += 1

    async def through_the_statement() -> None:
        await bare(reference, theirs)

    rates: list[float] = []
    references: list[float] = []
    oversold = drift = 0
    await rate(through_the_statement, PER_ROUND // 3)
    await rate(through_the_operation, PER_ROUND // 3)
    for _ in range(rounds):
        await start_afresh()
        references.append(await rate(through_the_statement, PER_ROUND))
        rates.append(await rate(through_the_operation, PER_ROUND))
        found = await faults()
        oversold, drift = oversold + found[0], drift + found[1]
    return {
        "booking": ratio_of(rates, references, unit="places/s", floor=FLOOR),
        "oversold": nothing_of(oversold, "slots"),
        "drift": nothing_of(drift, "slots"),
        "deadlocks": nothing_of(await deadlocks_of(dsn, stage.database_url), "deadlocks"),
        "refused": nothing_of(refused, "bookings"),
    }


async def bare(reference: Stage, wish: Wish) -> None:
    """One place by the bare statement."""
    assert DB.pool is not None
    starts_at, grains = wish.next()
    await DB.pool.fetchval(
        BARE,
        reference.pool_ids[0],
        starts_at,
        grains,
        GRAIN,
        new_id(),
        uuid.uuid4().hex,
        reference.centre_id,
        uuid.uuid4(),
        timedelta(minutes=10),
        local_date(starts_at),
    )


async def rate(ask: Callable[[], Awaitable[None]], total: int) -> float:
    """Answers per second with 48 clients, each asking again as soon as it is answered."""
    left = total

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await ask()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return total / (time.perf_counter() - began)


async def faults() -> tuple[int, int]:
    assert DB.pool is not None
    return await DB.pool.fetchval(OVERSOLD), await DB.pool.fetchval(DRIFT)


async def start_afresh() -> None:
    """Every round begins with empty slots, so that none measures a fuller table than another."""
    assert DB.pool is not None
    await DB.pool.execute(
        "TRUNCATE appointment_slot, appointment, appointment_claim; UPDATE slot SET taken_online = 0"
    )
    await DB.pool.execute("VACUUM ANALYZE slot")
