"""What the benches of appointments stand on: a database of their own, one centre, open pools."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.appointments import operations
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB
from app.core.ids import new_id
from app.core.migrations import migrate

PROCEDURE: Final = "2.000815"
GRAIN: Final = timedelta(minutes=10)


class Stage(NamedTuple):
    """A centre with pools that are open from `opens` on."""

    database_url: str
    centre_id: uuid.UUID
    pool_ids: list[uuid.UUID]
    opens: datetime


@asynccontextmanager
async def own_database(dsn: str) -> AsyncIterator[str]:
    """A migrated database that is gone afterwards."""
    name = f"motcua_bench_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(dsn)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        url = urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
        await migrate(url)
        yield url
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


async def deadlocks_of(dsn: str, database_url: str) -> int:
    """How many deadlocks the server has seen in the bench's database."""
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = $1",
            urlsplit(database_url).path.removeprefix("/"),
        )
    finally:
        await connection.close()
    return found


async def make_centre(url: str, *, pools: int) -> Stage:
    """A centre whose pools all serve one procedure of one grain. The engine is open."""
    await _make_catalogue()
    return await add_centre(url, code="B1", pools=pools)


async def _make_catalogue() -> None:
    work = _pool()
    await work.execute(
        "INSERT INTO admin_unit (id, code, tier, name_vi, name_en, folded, valid_from, decision)"
        " VALUES ($1, '14329', 'commune', 'Hoa Lư', 'Hoa Lu', 'hoa lu', '2025-07-01', 'bench')",
        new_id(),
    )
    await work.execute(
        "INSERT INTO procedure (id, code, name_vi, name_en, folded, sector, level,"
        " receive_anywhere, site_inspection, presence, postal_intake, postal_return,"
        " processing_value, processing_unit, fee_vi, fee_en, exemptions_vi, exemptions_en,"
        " p50_minutes, p90_minutes, result_vi, result_en, fee_verified, processing_verified,"
        " code_is_local, decision, valid_from) VALUES ($1, $2, '', '', '', 'chung_thuc', 'commune',"
        " true, false, 'none', true, true, 1, 'working_day', '', '', '', '', 8, 15, '', '', true,"
        " true, false, 'bench', '2025-07-01')",
        new_id(),
        PROCEDURE,
    )


async def add_centre(url: str, *, code: str, pools: int) -> Stage:
    """One more centre beside the first, serving the same procedure."""
    centre = new_id()
    work = _pool()
    await work.execute(
        "INSERT INTO centre (id, code, unit_id, tier, name_vi, name_en, folded, address_vi,"
        " address_en, lat, lon, agency_code, grain_minutes, valid_from, verified) SELECT $1, $2, id,"
        " 'commune', 'Hoa Lư', 'Hoa Lu', 'hoa lu', '', '', 20.25, 105.97, 'H42', 10, '2025-07-01', true"
        " FROM admin_unit",
        centre,
        code,
    )
    await work.execute(
        "INSERT INTO procedure_offer (centre_id, procedure_code, grains, p50_minutes, p80_minutes,"
        " valid_from) VALUES ($1, $2, 1, 8, 12, '2025-07-01')",
        centre,
        PROCEDURE,
    )
    pool_ids = [new_id() for _ in range(pools)]
    for number, pool_id in enumerate(pool_ids):
        await work.execute(
            "INSERT INTO pool (id, centre_id, kind, code, series, name_vi, name_en)"
            " VALUES ($1, $2, 'counter', $3, 'A', '', '')",
            pool_id,
            centre,
            f"P{number}",
        )
        await work.execute(
            "INSERT INTO pool_procedure (pool_id, procedure_code, centre_id, preference)"
            " VALUES ($1, $2, $3, 0)",
            pool_id,
            PROCEDURE,
            centre,
        )
    tomorrow = local_date(current_time()) + timedelta(days=1)
    return Stage(url, centre, pool_ids, at_local(tomorrow, 8))


async def open_pools(stage: Stage, *, day: int, grains: int, counters: int) -> None:
    """All pools are open on a day from `opens` on."""
    starts_at = stage.opens + timedelta(days=day)
    for pool_id in stage.pool_ids:
        await operations.publish_opening(
            centre_id=stage.centre_id,
            pool_id=pool_id,
            starts_at=starts_at,
            ends_at=starts_at + grains * GRAIN,
            counters=counters,
            now=current_time(),
        )


async def open_alike(stage: Stage, *, days: int, grains: int, counters: int) -> None:
    """The same for many pools and days: the first pool is opened, the others are written like it."""
    first, *others = stage.pool_ids
    alone = stage._replace(pool_ids=[first])
    for day in range(days):
        await open_pools(alone, day=day, grains=grains, counters=counters)
    own = {"id", "opening_id"}
    for table in ("opening", "slot"):
        rows = await _pool().fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = $1 AND table_schema = 'public' AND is_generated = 'NEVER'",
            table,
        )
        columns = [row["column_name"] for row in rows]
        values = [
            f"md5({name}::text || pool.pool_id::text)::uuid" if name in own
            else "pool.pool_id" if name == "pool_id"
            else name
            for name in columns
        ]  # fmt: skip
        await _pool().execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM {table}, unnest($2::uuid[]) pool (pool_id) WHERE {table}.pool_id = $1",
            first,
            others,
        )


FILL: Final = """
WITH chosen AS (
    SELECT slot.*, gen_random_uuid() AS appointment_id, number + nth AS mark
      FROM (SELECT slot.*, row_number() OVER (ORDER BY id) AS number FROM slot WHERE centre_id = $1)
           slot, generate_series(1, $2) nth
     WHERE number % $3 = 0),
made AS (
    INSERT INTO appointment (id, reference, centre_id, pool_id, citizen_id, channel, state,
        hold_expires_at, starts_at, ends_at, local_date, grains, items, locale, version, created_at)
    SELECT appointment_id, appointment_id::text, centre_id, pool_id, gen_random_uuid(), 'online',
           CASE WHEN mark % 10 = 0 THEN 'held' ELSE 'confirmed' END, now() + interval '10 minutes',
           starts_at, ends_at, (starts_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, 1, '[]', 'vi', 1, now()
      FROM chosen),
took AS (
    UPDATE slot SET taken_online = taken_online + $2 WHERE id IN (SELECT id FROM chosen))
INSERT INTO appointment_slot (slot_id, appointment_id) SELECT id, appointment_id FROM chosen
"""


async def fill(stage: Stage, *, each: int, of_every: int) -> None:
    """So many appointments in one slot out of so many; one in ten is only held."""
    work = _pool()
    await work.execute(FILL, stage.centre_id, each, of_every)
    await work.execute("VACUUM ANALYZE slot, appointment, appointment_slot")


def _pool() -> "asyncpg.Pool[asyncpg.Record]":
    if DB.pool is None:
        raise RuntimeError("Open the engine first.")
    return DB.pool
