"""What a costly preparation leaves in an empty database, put back for later tests, not prepared again.

Rows are copied as they are into a schema of their own, which `emptying` leaves alone. Putting them back is
one round trip in which triggers and keys stand aside, as they did their work the first time.
"""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Final

from app.core.clock import local_date
from app.core.database import DB
from app.sample.seed import load_catalogue

SCHEMA: Final = "remembered"
# Columns somebody may write; generated ones follow by themselves.
TABLES: Final = """
SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_migration'
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 GROUP BY c.relname ORDER BY c.relname
"""

_put_back: dict[tuple[str, ...], str] = {}


async def catalogue(now: datetime) -> None:
    """The sample's places, procedures and officers, as on the day of `now`."""
    await remembered("catalogue", str(local_date(now)), prepare=partial(load_catalogue, now=now))


async def remembered(*key: str, prepare: Callable[[], Awaitable[object]], on_top: bool = False) -> None:
    """Have in the database what `prepare` writes into an empty one; `key` names it, and all it depends on.

    `on_top`: something else stands there already, and only the tables that were empty are remembered.
    Otherwise, where something stands there, it is prepared anew and nothing is remembered.
    """
    assert DB.pool is not None
    if key in _put_back:
        # What stands there already stays: loading it twice changes nothing either.
        await DB.pool.execute(_put_back[key])
        return
    before = set(await _filled())
    await prepare()
    if on_top or not before:
        _put_back[key] = await _remember(len(_put_back), except_for=before)


async def _filled() -> dict[str, str]:
    """Tables with anything in them, each with its columns."""
    assert DB.pool is not None
    tables = {row["name"]: row["columns"] for row in await DB.pool.fetch(TABLES)}
    asked = " UNION ALL ".join(
        f"SELECT '{name}' AS name WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables
    )
    return {row["name"]: tables[row["name"]] for row in await DB.pool.fetch(asked)}


async def _remember(number: int, *, except_for: AbstractSet[str]) -> str:
    """Copy every row; the statement that puts them back."""
    assert DB.pool is not None
    filled = {name: columns for name, columns in (await _filled()).items() if name not in except_for}
    copies = "".join(
        f'CREATE UNLOGGED TABLE {SCHEMA}."{number}_{name}" AS SELECT {columns} FROM public."{name}";'
        for name, columns in filled.items()
    )
    await DB.pool.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};{copies}")
    back = "".join(
        f'INSERT INTO public."{name}" ({columns}) OVERRIDING SYSTEM VALUE'
        f' SELECT {columns} FROM {SCHEMA}."{number}_{name}" ON CONFLICT DO NOTHING;'
        for name, columns in filled.items()
    )
    return f"BEGIN; SET LOCAL session_replication_role = replica;{back}COMMIT"
