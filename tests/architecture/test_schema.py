"""The schema is said twice, to us and to PostgreSQL: the two agree, and there is a way back."""

import importlib
import pkgutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from piccolo.table import Table

import app
from app.core.database import fetch
from app.core.errors import Refusal, Words
from app.core.migrations import known, migrate, missing, roll_back

ROOT = Path(__file__).parents[2]
EDGES = (
    "notifications.tables",
    "partners.postal.tables",
    "partners.portal.tables",
    "partners.registries.tables",
)


def table_modules() -> list[str]:
    concepts = [f"app.{module.name}.tables" for module in pkgutil.iter_modules(app.__path__)]
    return [name for name in concepts if (ROOT / (name.replace(".", "/") + ".py")).exists()] + list(EDGES)


def tables() -> Iterator[type[Table]]:
    for name in table_modules():
        module = importlib.import_module(name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Table) and value.__module__ == name:
                yield value


async def test_every_table_has_the_columns_its_migration_made(database: object) -> None:
    rows = await fetch(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    made: dict[str, dict[str, bool]] = {}
    for row in rows:
        made.setdefault(row["table_name"], {})[row["column_name"]] = row["is_nullable"] == "YES"

    differences = []
    for table in tables():
        name = table._meta.tablename
        said = {c._meta.db_column_name: bool(c._meta.null) for c in table._meta.columns}
        if said != made.get(name):
            differences.append((name, said, made.get(name)))

    assert differences == []
    assert len(list(tables())) > 35


async def test_every_migration_has_a_way_back(stores: object) -> None:
    url = stores.database_url  # type: ignore[attr-defined]
    name = f"motcua_back_{uuid.uuid4().hex[:10]}"
    admin = await asyncpg.connect(url)
    await admin.execute(f"CREATE DATABASE {name}")
    own = url.rpartition("/")[0] + f"/{name}"
    try:
        forwards = await migrate(own)
        again = await migrate(own)
        back = await roll_back(own)
        connection = await asyncpg.connect(own)
        left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        functions = await connection.fetchval(
            "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'public'"
        )
        await connection.close()
        assert list(forwards) == [migration.name for migration in known()]
        assert again == []
        assert list(back) == list(reversed(forwards))
        assert [row["tablename"] for row in left] == ["schema_migration"]
        assert functions == 0
        assert len(await missing(own)) == len(known())
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from refusals(subclass)


def test_every_refusal_has_a_code_of_its_own_and_speaks_both_languages() -> None:
    for name in table_modules():
        errors = name.removesuffix("tables") + "errors"
        if (ROOT / (errors.replace(".", "/") + ".py")).exists():
            importlib.import_module(errors)
    importlib.import_module("app.main")
    seen: dict[str, type[Refusal]] = {}
    for refusal in refusals():
        if "code" not in vars(refusal):
            continue
        assert seen.setdefault(refusal.code, refusal) is refusal, (refusal, seen[refusal.code])
        for words in (refusal.title, refusal.detail):
            assert isinstance(words, Words)
            assert bool(words.vi) == bool(words.en), refusal
    assert len(seen) > 60


@pytest.mark.parametrize("folder", ["app", "jobs", "partners", "notifications"])
def test_no_file_grows_past_a_few_screens(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }

    assert long == {}
