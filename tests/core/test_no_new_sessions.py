"""PostgreSQL takes no new session, and serves those there are."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

import asyncpg
import pytest

from app.core import database as core_database
from app.core.database import DB, DatabaseUnavailable, transaction
from tests.conftest import Stores

ROLE = "motcua_one_session"


@pytest.fixture
async def one_session(database: Stores, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Our pool has room for three, PostgreSQL lets in one."""
    own = await asyncpg.connect(database.database_url)
    role = f"{ROLE}_{await own.fetchval('SELECT current_database()')}"
    await own.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'one' CONNECTION LIMIT 1")
    try:
        pool = await asyncpg.create_pool(
            database.database_url, user=role, password="one", min_size=0, max_size=3
        )
        with monkeypatch.context() as patched:
            patched.setattr(DB, "pool", pool)
            yield role
        await pool.close()
    finally:
        await own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
        await own.execute(f'DROP ROLE "{role}"')
        await own.close()


async def test_who_comes_waits_for_one_that_is_there(one_session: str) -> None:
    served = []

    async def ask(n: int) -> None:
        async with transaction() as connection:
            served.append(await connection.fetchval("SELECT $1::int FROM pg_sleep(0.1)", n))

    async with transaction():
        waiting = [asyncio.create_task(ask(n), context=Context()) for n in range(4)]
        done, _ = await asyncio.wait(waiting, timeout=0.3)
        assert not done and not served
    await asyncio.gather(*waiting)

    assert sorted(served) == [0, 1, 2, 3]


async def test_where_none_is_there_nobody_waits(
    database: Stores, one_session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_database, "ACQUIRE_TIMEOUT_S", 3600)
    only = await asyncpg.connect(database.database_url, user=one_session, password="one")
    try:
        with pytest.raises(DatabaseUnavailable) as told:
            async with asyncio.timeout(20), transaction():
                pass
    finally:
        await only.close()
    assert isinstance(told.value.__cause__, asyncpg.TooManyConnectionsError)
