"""Somebody with the owner's rights, who changes what is stored beside the program."""

import random
import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.database import DB

TABLES = ("package", "custody_event", "custody_head", "custody_signed")
# Columns the database lets only a few words into: another of them is the least that can be altered.
WORDS = {
    "state": ("sealed", "received", "quarantined", "delivered"),
    "direction": ("collection", "delivery"),
    "seal_state": ("intact", "broken"),
}


async def beside_the_program(sql: str, *values: Any) -> None:
    """Somebody with the owner's rights: neither triggers nor foreign keys are in the way."""
    assert DB.pool is not None
    async with DB.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(sql, *values)


def altered(column: str, value: Any, chance: random.Random) -> Any:  # noqa: PLR0911 - one per type
    """The value with the least change there is."""
    if column in WORDS:
        return chance.choice([word for word in WORDS[column] if word != value])
    match value:
        case None:
            return "EJ012345675VN"
        case bytes():
            at = chance.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << chance.randrange(8))]) + value[at + 1 :]
        case UUID():
            return UUID(int=value.int ^ (1 << chance.randrange(128)))
        case int():
            return value + chance.choice((-1, 1, 7))
        case datetime():
            return value + timedelta(microseconds=1)
        case date():
            return value + timedelta(days=chance.choice((-1, 1, 9)))
    # A digit stays a digit in JSON columns, so that the column still takes it.
    pattern, others = (r"\d", "0123456789") if column == "contents" else (".", "0123456789abcdefXYZ -")
    at = chance.choice([found.start() for found in re.finditer(pattern, value)])
    return value[:at] + chance.choice(others.replace(value[at], "")) + value[at + 1 :]


async def rows_of(table: str) -> list[dict[str, Any]]:
    assert DB.pool is not None
    return [dict(row) for row in await DB.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]


async def put(table: str, rows: list[dict[str, Any]]) -> None:
    """The table holds these rows and no others."""
    assert DB.pool is not None
    async with DB.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(f"DELETE FROM {table}")
        for row in rows:
            places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
            await connection.execute(f"INSERT INTO {table} VALUES ({places})", *row.values())
