"""A worker of its own process is told to stop: it finishes what it holds and takes nothing more.

Told twice, it ends at once.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.core.database import DB, fetch
from app.documents import operations, queries, store
from app.documents.events import DocumentUploaded
from app.documents.one_page import one_page
from app.documents.queries import DocumentRow
from app.faults.links import Link, Mode
from jobs.drainer import Drainer
from jobs.subscription import Subscription
from jobs.subscriptions import INSPECTION
from jobs.work import LEASE
from tests.conftest import _keys_file

PATIENCE_S = 180
# What `jobs.drainer.STOP_WITHIN_S` grants, and the end of a process on a busy machine.
ENDS_WITHIN_S = 25 + 30


class SlowClamd:
    """A virus scanner that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answering.add(asyncio.create_task(self._answer(reader, writer)))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        while size := int.from_bytes(await reader.readexactly(4)):
            await reader.readexactly(size)
        self.asked.set()
        await self.may_answer.wait()
        writer.write(b"stream: OK\0")
        await writer.drain()
        writer.close()

    async def end(self) -> None:
        """Answer whoever still waits, also who is gone."""
        self.may_answer.set()
        await asyncio.gather(*self._answering, return_exceptions=True)


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[tuple[SlowClamd, str]]:
    scanner, path = SlowClamd(), tmp_path / "clamd.ctl"
    async with await asyncio.start_unix_server(scanner.serve, path):
        yield scanner, f"unix://{path}"
        await scanner.end()


async def uploaded(line: str, now: datetime) -> DocumentRow:
    content = one_page(line)
    return await operations.upload(
        sha256=await operations.keep(content, expected_sha256=None),
        size_bytes=len(content),
        content_type="application/pdf",
        kind="component",
        now=now,
    )


@contextlib.asynccontextmanager
async def worker(
    database: Any, folder: Path, clamd_url: str, *, port: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program; its PostgreSQL is found at `port` where one is given."""
    url = urlsplit(database.database_url)
    here = url if port is None else url._replace(netloc=url.netloc.replace(f":{url.port}", f":{port}"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "worker"),
        env=dict(os.environ)
        | {
            "DATABASE_URL": here.geturl(),
            "REDIS_URL": database.redis_url,
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_DOCUMENTS_URL": f"file://{folder / 'documents'}",
            "MOTCUA_KEYS_FILE": str(_keys_file(folder)),
            "MOTCUA_CLAMD": clamd_url,
            "MOTCUA_LOG_LEVEL": "info",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(process: asyncio.subprocess.Process, word: bytes) -> None:
    """Until it has said so."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        while word not in (line := await process.stderr.readline()):
            assert line, "it ended without a word"


async def test_a_worker_told_to_stop_finishes_what_it_holds_and_leaves_the_rest(
    database: Any, tmp_path: Path, clamd: tuple[SlowClamd, str], now: datetime
) -> None:
    scanner, url = clamd
    store.open_store(f"file://{tmp_path / 'documents'}")
    first = await uploaded("first", now)
    async with worker(database, tmp_path, url) as process:
        async with asyncio.timeout(PATIENCE_S):
            await scanner.asked.wait()
        process.send_signal(signal.SIGTERM)
        second = await uploaded("second", now)
        held = process.returncode is None
        scanner.may_answer.set()
        async with asyncio.timeout(ENDS_WITHIN_S):
            _, words = await process.communicate()

    assert held
    assert process.returncode == 0, words.decode()
    assert "Traceback" not in words.decode()
    assert (await queries.by_id(first.id)).state == "clean"
    assert (await queries.by_id(second.id)).state == "quarantined"
    work = await fetch("SELECT subject, state, attempts, lease_token FROM outbox_work ORDER BY seq")
    assert tuple(work[0]) == (f"document:{first.id}", "done", 1, None)
    # Not taken, or taken and given back: in neither case has it cost anything.
    assert [tuple(row)[1:] for row in work[1:]] in ([], [("ready", 0, None)])


async def test_a_worker_told_to_stop_twice_ends_at_once_and_what_it_held_is_done_by_another(
    database: Any, tmp_path: Path, clamd: tuple[SlowClamd, str], now: datetime
) -> None:
    """Its scanner never answers: told once, it would wait for as long as it is granted, and end with 0."""
    scanner, url = clamd
    store.open_store(f"file://{tmp_path / 'documents'}")
    document = await uploaded("held", now)
    async with worker(database, tmp_path, url) as process:
        async with asyncio.timeout(PATIENCE_S):
            await scanner.asked.wait()
        process.send_signal(signal.SIGTERM)
        await said(process, b"worker_stops")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(ENDS_WITHIN_S):
            _, words = await process.communicate()
    [held] = await fetch("SELECT state, attempts, lease_until > now() + $1 FROM outbox_work", LEASE)
    heard: list[DocumentUploaded] = []

    async def inspect(fact: DocumentUploaded) -> None:
        heard.append(fact)

    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET lease_until = now() - interval '1 second'")
    await Drainer([Subscription(DocumentUploaded, INSPECTION, inspect)]).drain()

    assert process.returncode == 128 + signal.SIGTERM, words.decode()
    assert tuple(held) == ("claimed", 1, False)
    assert [fact.document_id for fact in heard] == [document.id]
    assert await fetch("SELECT state, attempts FROM outbox_work") == [("done", 2)]


async def test_a_worker_that_starts_before_postgresql_waits_for_it(
    database: Any, tmp_path: Path, clamd: tuple[SlowClamd, str], now: datetime
) -> None:
    """After a power cut everything starts at once: nobody has to start the worker again."""
    scanner, url = clamd
    store.open_store(f"file://{tmp_path / 'documents'}")
    await uploaded("first", now)
    there = urlsplit(database.database_url)
    wire = Link((str(there.hostname), int(there.port or 0)), Random(1))
    port = await wire.open()
    wire.set(Mode.REFUSE)
    try:
        async with worker(database, tmp_path, url, port=port) as process:
            await said(process, b"cannot be used")
            wire.set(Mode.PASS)
            async with asyncio.timeout(PATIENCE_S):
                await scanner.asked.wait()
            assert process.returncode is None
    finally:
        await wire.close()
