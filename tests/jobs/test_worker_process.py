"""A worker of its own process is told to stop: it finishes what it holds and takes nothing more."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.database import fetch
from app.documents import operations, queries, store
from app.documents.one_page import one_page
from app.documents.queries import DocumentRow
from tests.conftest import _keys_file

PATIENCE_S = 180
# What `jobs.drainer.STOP_WITHIN_S` grants, and the end of a process on a busy machine.
ENDS_WITHIN_S = 25 + 30


class SlowClamd:
    """A virus scanner that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        while size := int.from_bytes(await reader.readexactly(4)):
            await reader.readexactly(size)
        self.asked.set()
        await self.may_answer.wait()
        writer.write(b"stream: OK\0")
        await writer.drain()
        writer.close()


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[tuple[SlowClamd, str]]:
    scanner, path = SlowClamd(), tmp_path / "clamd.ctl"
    async with await asyncio.start_unix_server(scanner.serve, path):
        yield scanner, f"unix://{path}"


async def uploaded(line: str, now: datetime) -> DocumentRow:
    content = one_page(line)
    return await operations.upload(
        sha256=await operations.keep(content, expected_sha256=None),
        size_bytes=len(content),
        content_type="application/pdf",
        kind="component",
        now=now,
    )


async def test_a_worker_told_to_stop_finishes_what_it_holds_and_leaves_the_rest(
    database: Any, tmp_path: Path, clamd: tuple[SlowClamd, str], now: datetime
) -> None:
    scanner, url = clamd
    store.open_store(f"file://{tmp_path / 'documents'}")
    first = await uploaded("first", now)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "worker"),
        env=dict(os.environ)
        | {
            "DATABASE_URL": database.database_url,
            "REDIS_URL": database.redis_url,
            "MOTCUA_DATA_DIR": str(tmp_path),
            "MOTCUA_DOCUMENTS_URL": f"file://{tmp_path / 'documents'}",
            "MOTCUA_KEYS_FILE": str(_keys_file(tmp_path)),
            "MOTCUA_CLAMD": url,
            "MOTCUA_LOG_LEVEL": "warning",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await scanner.asked.wait()
        worker.send_signal(signal.SIGTERM)
        second = await uploaded("second", now)
        held = worker.returncode is None
        scanner.may_answer.set()
        async with asyncio.timeout(ENDS_WITHIN_S):
            _, said = await worker.communicate()
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()

    assert held
    assert worker.returncode == 0, said.decode()
    assert "Traceback" not in said.decode()
    assert (await queries.by_id(first.id)).state == "clean"
    assert (await queries.by_id(second.id)).state == "quarantined"
    work = await fetch("SELECT subject, state, attempts, lease_token FROM outbox_work ORDER BY seq")
    assert tuple(work[0]) == (f"document:{first.id}", "done", 1, None)
    # Not taken, or taken and given back: in neither case has it cost anything.
    assert [tuple(row)[1:] for row in work[1:]] in ([], [("ready", 0, None)])
