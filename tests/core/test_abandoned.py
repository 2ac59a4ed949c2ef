"""Somebody is cut off between a statement and its end: their locks are given back, and nobody else's."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from random import Random
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from app.core import abandoned
from app.core import database as core_database
from app.core.abandoned import end_abandoned
from app.core.database import DB, SERVER_SETTINGS, Database, DatabaseUnavailable, fetch_value, transaction
from app.faults.links import HOST, Link, Mode, _Wire
from tests.conftest import Stores

# "Sync" of PostgreSQL's protocol: what was asked is over, and the server may answer.
SYNC = b"S\x00\x00\x00\x04"
LOCK = "SELECT id FROM phone_account WHERE phone = $1 FOR UPDATE"
PHONE = "+84912000111"
UNDER_WAY = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientRead' AND query ILIKE 'copy%'
    OR wait_event = 'PgSleep' AND query LIKE 'SELECT pg_sleep(30)%'
"""


class Cut(Link):
    """Drops what ends a statement, and everything after it, once it is told to; closes nothing."""

    ends_here = False

    async def carry(
        self, data: bytes, wire: _Wire, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        if self.ends_here and not to_client and data.endswith(SYNC):
            wire.dead = True
            writer.write(data.removesuffix(SYNC))
            await writer.drain()
            return
        await super().carry(data, wire, writer, to_client=to_client)


@asynccontextmanager
async def linked(stores: Stores) -> AsyncIterator[tuple[Cut, str]]:
    """A wire to PostgreSQL, and its address."""
    parts = urlsplit(stores.database_url)
    link = Cut((str(parts.hostname), int(parts.port or 5432)), Random(1))
    port = await link.open()
    try:
        yield link, urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{port}"))
    finally:
        await link.close()


@asynccontextmanager
async def left_behind(stores: Stores) -> AsyncIterator[None]:
    """A session that took a lock, and whose client is gone without a word."""
    async with linked(stores) as (link, url):
        connection = await asyncpg.connect(url, server_settings=SERVER_SETTINGS)
        statement = await connection.prepare(LOCK)
        await connection.execute("BEGIN")
        link.ends_here = True
        with pytest.raises(TimeoutError):
            await statement.fetch(PHONE, timeout=0.5)
        connection.terminate()
        yield


async def is_locked() -> bool:
    try:
        async with transaction() as connection:
            await connection.execute("SET LOCAL lock_timeout = '50ms'")
            await connection.fetch(LOCK, PHONE)
    except DatabaseUnavailable:
        return True
    return False


@pytest.fixture
async def prepared(database: Stores, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """One row to lock, and nobody is looked for unless a test says so."""
    monkeypatch.setattr(DB, "_may_look", abandoned.Pace(3600))
    DB._may_look.allows()
    async with transaction() as connection:
        await connection.execute(
            "INSERT INTO phone_account (id, phone, created_at) VALUES (gen_random_uuid(), $1, now())", PHONE
        )
    return database


async def test_their_lock_is_given_back_once_they_are_silent_for_long(
    prepared: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with left_behind(prepared):
        assert await is_locked()
        assert await end_abandoned(DB.config) == 0
        assert await is_locked()

        monkeypatch.setattr(abandoned, "SILENT_FOR", timedelta())
        assert await end_abandoned(DB.config) == 1
        assert not await is_locked()


async def test_whoever_waited_in_vain_looks_and_the_next_waits_no_more(
    prepared: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abandoned, "SILENT_FOR", timedelta())
    async with left_behind(prepared):
        monkeypatch.setattr(DB, "_may_look", abandoned.Pace(0))
        async with asyncio.timeout(20):
            while await is_locked():
                pass


async def test_who_works_waits_or_copies_is_left_alone(
    prepared: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abandoned, "SILENT_FOR", timedelta())
    others = [await asyncpg.connect(**DB.config) for _ in range(3)]
    working, idle, copying = others
    copied = asyncio.Event()

    async def rows() -> AsyncIterator[tuple[int]]:
        yield (1,)
        await copied.wait()
        yield (2,)

    tasks: list[asyncio.Task[object]] = []
    try:
        await idle.execute("BEGIN")
        await copying.execute("CREATE TEMPORARY TABLE copied (n int)")
        tasks.append(asyncio.create_task(working.execute("SELECT pg_sleep(30)")))
        tasks.append(asyncio.create_task(copying.copy_records_to_table("copied", records=rows())))
        async with asyncio.timeout(20):
            while await fetch_value(UNDER_WAY) < 2:
                pass

        assert await end_abandoned(DB.config) == 0

        copied.set()
        assert await tasks[1] == "COPY 2"
        assert await idle.fetchval("SELECT 1") == 1
        assert not tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        for connection in others:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_got_no_answer_leaves_no_connection_as_old_to_the_next(
    database: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_use() -> set[int]:
        pool = DB.pool
        assert pool is not None
        connections = [await pool.acquire() for _ in range(3)]
        pids = {connection.get_server_pid() for connection in connections}
        for connection in connections:
            await pool.release(connection)
        return pids

    async def unanswered() -> None:
        with pytest.raises(DatabaseUnavailable):
            async with transaction() as connection:
                await connection.execute("SELECT pg_sleep(10)", timeout=0.1)

    monkeypatch.setattr(DB, "_may_renew", abandoned.Pace(3600))
    before = await in_use()
    await unanswered()
    renewed = await in_use()
    assert not before & renewed

    # Whoever heard nothing at the same moment says nothing new.
    await unanswered()
    assert len(renewed & await in_use()) >= len(renewed) - 1


async def test_a_dead_connection_is_replaced_without_a_word(
    database: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool closes it in the background, where an error is heard by nobody but the log."""
    loop = asyncio.get_running_loop()
    said: list[dict[str, object]] = []
    monkeypatch.setattr(loop, "call_exception_handler", said.append)
    monkeypatch.setattr(core_database, "COMMAND_TIMEOUT_S", 0.2)
    own = Database()
    async with linked(database) as (link, url):
        await own.open(url, size=2)
        assert own.pool is not None
        try:
            link.set(Mode.HOLD)
            await own.renew()
            with suppress(TimeoutError, OSError):
                await own.pool.acquire(timeout=0.2)
            closing = {task for task in asyncio.all_tasks() if task.get_coro().__name__ == "close"}
            assert closing
            async with asyncio.timeout(20):
                await asyncio.wait(closing)
            del closing
            gc.collect()
        finally:
            await own.close()

    # What a connection that did not come about leaves behind is another thing: no task.
    assert not [each for each in said if isinstance(each.get("future"), asyncio.Task)]
