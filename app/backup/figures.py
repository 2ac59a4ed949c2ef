"""What a database holds, table by table, in the snapshot its connection has open."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from app.backup.errors import BackupError
from app.backup.manifest import TableFigures

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Told = Callable[[str, int, int], None]

CONNECT_WITHIN_S: Final = 10
# One spelling of every value, whatever the server is set to.
SPELLING: Final = {
    "application_name": "motcua backup",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "search_path": "public",
}

TABLES: Final = """
SELECT c.oid, c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C"
"""
# The primary key in its order; words by code point, so that another machine's collation changes nothing.
KEY: Final = """
SELECT string_agg(quote_ident(a.attname) || CASE WHEN a.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END,
    ', ' ORDER BY k.place) AS columns
FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
WHERE i.indrelid = $1 AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum
"""
COLUMNS: Final = """
SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
"""
SEQUENCES: Final = """
SELECT sequencename::text AS name, coalesce(last_value, 0) AS reached FROM pg_sequences
WHERE schemaname = 'public' ORDER BY 1
"""


class Snapshot(NamedTuple):
    """One moment of a database, held open. `name` lets other sessions see the same."""

    connection: Connection
    name: str
    at: datetime
    postgres: int


@asynccontextmanager
async def snapshot(database_url: str) -> AsyncIterator[Snapshot]:
    """A read-only snapshot for as long as the block runs; nothing is locked, and nobody waits."""
    connection = await asyncpg.connect(
        database_url, timeout=CONNECT_WITHIN_S, server_settings=SPELLING, command_timeout=None
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            row = await connection.fetchrow(
                "SELECT pg_export_snapshot() AS name, now() AS at,"
                " current_setting('server_version_num')::int / 10000 AS postgres"
            )
            assert row is not None
            yield Snapshot(connection, row["name"], row["at"], row["postgres"])
    finally:
        await connection.close()


async def tables(connection: Connection, *, told: Told) -> dict[str, TableFigures]:
    """Every table's rows and digest. Streams: no table is ever in memory."""
    found = await connection.fetch(TABLES)
    figures = {}
    for done, row in enumerate(found):
        told(row["name"], done, len(found))
        figures[row["name"]] = await _of_table(connection, row["oid"], row["name"])
    return figures


async def _of_table(connection: Connection, oid: int, name: str) -> TableFigures:
    """SHA-256 over the column names and the rows as COPY spells them, in the order of the primary key."""
    names = await connection.fetchval(COLUMNS, oid)
    key = await connection.fetchval(KEY, oid)
    digest = hashlib.sha256("\t".join(names).encode() + b"\n")

    async def take(chunk: bytes) -> None:
        digest.update(chunk)

    order = key or f'{_quoted(name)}::text COLLATE "C"'
    status = await connection.copy_from_query(
        f"SELECT * FROM {_quoted(name)} ORDER BY {order}", output=take
    )
    return TableFigures(int(status.removeprefix("COPY ")), digest.hexdigest())


async def sequences(connection: Connection) -> dict[str, int]:
    return {row["name"]: row["reached"] for row in await connection.fetch(SEQUENCES)}


async def migrations(connection: Connection) -> list[str]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        raise BackupError("This database was never migrated: there is nothing to back up.")
    return [row["name"] for row in await connection.fetch("SELECT name FROM schema_migration ORDER BY 1")]


async def is_empty(connection: Connection) -> bool:
    return not await connection.fetch(TABLES)


def differences(told: Mapping[str, TableFigures], found: Mapping[str, TableFigures]) -> list[str]:
    """A line per table that is not as the manifest tells it."""
    lines = []
    for name in sorted(set(told) | set(found)):
        before, after = told.get(name), found.get(name)
        if before is None or after is None:
            lines.append(f"table {name}: {'not in the backup' if before is None else 'missing'}")
        elif before.rows != after.rows:
            lines.append(f"table {name}: {after.rows} rows instead of {before.rows}")
        elif before != after:
            lines.append(f"table {name}: a row is another")
    return lines


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
