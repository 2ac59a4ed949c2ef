"""Run the numbered migrations of `app.migrations`, one transaction each.

Piccolo's own runner crashes when two start at once, prints, and ends the process on an error; and most
of what our tables promise (CHECK, EXCLUDE, partial indexes) is SQL in any case. An advisory lock makes
a second runner wait and find nothing to do.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Final, NamedTuple

import asyncpg

import app.migrations

LOCK: Final = 0x6D6F7463  # "motc"
LOCK_TIMEOUT: Final = "30s"


class Migration(NamedTuple):
    name: str
    forwards: str
    backwards: str


def known() -> Sequence[Migration]:
    """Every migration in the program, in order."""
    names = sorted(m.name for m in pkgutil.iter_modules(app.migrations.__path__))
    modules = [(name, importlib.import_module(f"app.migrations.{name}")) for name in names]
    return [Migration(name, module.FORWARDS, module.BACKWARDS) for name, module in modules]


async def missing(dsn: str) -> Sequence[str]:
    """Names of migrations this database has not seen."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        done = await _done(connection)
    finally:
        await connection.close()
    return [migration.name for migration in known() if migration.name not in done]


async def migrate(dsn: str) -> Sequence[str]:
    """Bring the database to head; names of what was run. Safe to start twice at once."""
    connection = await asyncpg.connect(dsn, timeout=5)
    ran: list[str] = []
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration"
            " (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
        )
        done = await _done(connection)
        for migration in known():
            if migration.name in done:
                continue
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                await connection.execute(migration.forwards)
                await connection.execute("INSERT INTO schema_migration (name) VALUES ($1)", migration.name)
            ran.append(migration.name)
    finally:
        await connection.close()
    return ran


async def roll_back(dsn: str, *, to: str = "") -> Sequence[str]:
    """Undo migrations newest first, down to and excluding `to`; names of what was undone."""
    connection = await asyncpg.connect(dsn, timeout=5)
    undone: list[str] = []
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        done = await _done(connection)
        for migration in reversed(known()):
            if migration.name not in done or migration.name <= to:
                continue
            async with connection.transaction():
                await connection.execute(migration.backwards)
                await connection.execute("DELETE FROM schema_migration WHERE name = $1", migration.name)
            undone.append(migration.name)
    finally:
        await connection.close()
    return undone


async def _done(connection: "asyncpg.Connection[asyncpg.Record]") -> set[str]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return set()
    return {row["name"] for row in await connection.fetch("SELECT name FROM schema_migration")}
