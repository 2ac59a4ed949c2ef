"""Rows by their row type: what is selected, and how configuration is written.

`put` is for catalogues, not for what citizens do. A row that is already as it should be is left alone,
so loading the same file again changes nothing, and says so.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from app.core.database import in_transaction


async def put(table: str, rows: Iterable[NamedTuple], *, key: Sequence[str]) -> int:
    """Insert the rows in one statement, or bring those with the same key up to date; how many were changed.

    The names of the table and of its columns come from the program, never from a request.
    """
    given = list(rows)
    if not given:
        return 0
    changed: int = await in_transaction().fetchval(
        _statement(table, given[0]._fields, key),
        msgspec.json.encode([row._asdict() for row in given]).decode(),
    )
    return changed


def select(row: type[NamedTuple], source: str, *, alias: str = "", extra: Sequence[str] = ()) -> str:
    """`SELECT` the fields of a row type, so that the type and its columns cannot drift apart."""
    names = ", ".join([*(alias + name for name in row._fields), *extra])
    return f"SELECT {names} FROM {source}"


def _statement(table: str, names: Sequence[str], key: Sequence[str]) -> str:
    columns = ", ".join(names)
    others = [name for name in names if name not in key]
    action = "DO NOTHING"
    if others:
        held = ", ".join(f"{table}.{name}" for name in others)
        given = ", ".join(f"EXCLUDED.{name}" for name in others)
        taken = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
        action = f"DO UPDATE SET {taken} WHERE ({held}) IS DISTINCT FROM ({given})"
    return (
        f"WITH written AS (INSERT INTO {table} ({columns})"
        f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json)"
        f" ON CONFLICT ({', '.join(key)}) {action} RETURNING 1) SELECT count(*) FROM written"
    )
