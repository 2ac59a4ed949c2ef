"""Rows of configuration, written by their row type: twice is once.

For catalogues, not for what citizens do. A row that is already as it should be is left alone, so loading
the same file again changes nothing, and says so.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.core.database import in_transaction


async def put(table: str, rows: Iterable[NamedTuple], *, key: Sequence[str]) -> int:
    """Insert the rows, or bring those with the same key up to date; how many were changed.

    The names of the table and of its columns come from the program, never from a request.
    """
    changed = 0
    for row in rows:
        changed += await in_transaction().fetchval(_statement(table, row._fields, key), *row)
    return changed


def _statement(table: str, names: Sequence[str], key: Sequence[str]) -> str:
    columns = ", ".join(names)
    places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    others = [name for name in names if name not in key]
    conflict = "DO NOTHING"
    if others:
        held = ", ".join(f"{table}.{name}" for name in others)
        given = ", ".join(f"EXCLUDED.{name}" for name in others)
        taken = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
        conflict = f"DO UPDATE SET {taken} WHERE ({held}) IS DISTINCT FROM ({given})"
    return (
        f"WITH written AS (INSERT INTO {table} ({columns}) VALUES ({places})"
        f" ON CONFLICT ({', '.join(key)}) {conflict} RETURNING 1) SELECT count(*) FROM written"
    )
