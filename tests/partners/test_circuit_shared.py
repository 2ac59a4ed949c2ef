"""What one worker finds out of an endpoint, another one knows: two real processes, one of them held."""

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Response, post

from app.core import outbox
from app.core.database import DB, fetch_value
from app.core.operation import operation
from app.home_service.events import HomeVisitAssigned
from app.servers.ports import free_port
from partners.postal.circuits import AT_ONCE, FAILURES_BORNE
from tests.conftest import _keys_file
from tests.partners.test_webhooks import HOST, Partner, partner, served

__all__ = ["partner"]

PATIENCE_S = 180
OPEN = "SELECT count(*) FROM webhook_circuit WHERE open_until > clock_timestamp()"
OWED = "SELECT count(*) FROM outbox_work WHERE subscriber = 'partners' AND state IN ('ready', 'claimed')"
UNTRIED = (
    f"SELECT (SELECT count(*) FROM outbox WHERE state = 'ready')"
    f" + ({OWED} AND (attempts = 0 OR state = 'claimed'))"
)


class Gate:
    """A partner's endpoint that is broken, or keeps its callers until it is let."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls = 0
        self.status = 503
        self.may_answer = asyncio.Event()
        self.may_answer.set()


@pytest.fixture
async def receiver() -> AsyncIterator[Gate]:
    port = free_port()
    gate = Gate(f"http://{HOST}:{port}/hook")

    @post("/hook")
    async def hook() -> Response[None]:
        gate.calls += 1
        await gate.may_answer.wait()
        return Response(None, status_code=gate.status)

    async with served(
        Litestar(route_handlers=[hook], openapi_config=None, logging_config=None), host=HOST, port=port
    ):
        yield gate
        gate.may_answer.set()


@operation
async def assigned(partner_id: uuid.UUID, number: int, now: datetime) -> None:
    """So many visits of the partner; each is a thing of its own, so none waits behind another."""
    for _ in range(number):
        await outbox.record(
            HomeVisitAssigned(
                occurred_at=now,
                home_visit_id=uuid.uuid4(),
                centre_id=uuid.uuid4(),
                visit_kind="collection",
                version=1,
                partner_id=partner_id,
                courier_id=uuid.uuid4(),
            )
        )


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await look():
            await asyncio.sleep(0.02)


async def rests_for(interval: str) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        f"UPDATE webhook_circuit SET open_until = clock_timestamp() + interval '{interval}'"
    )


async def due_now() -> None:
    """The pauses of those that wait are over, and the endpoint's rest."""
    assert DB.pool is not None
    await rests_for("0 s")
    await DB.pool.execute(
        "UPDATE outbox_work SET next_at = clock_timestamp(), attempts = 0 WHERE state = 'ready'"
    )


@contextlib.asynccontextmanager
async def worker(database: Any, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "worker"),
        env=dict(os.environ)
        | {
            "DATABASE_URL": database.database_url,
            "REDIS_URL": database.redis_url,
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_KEYS_FILE": str(_keys_file(folder)),
            "MOTCUA_ALLOW_PRIVATE_WEBHOOKS": "yes",
            "MOTCUA_LOG_LEVEL": "error",
        },
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def test_what_one_worker_finds_out_another_one_knows_and_one_of_them_tries(
    partner: Partner, receiver: Gate, database: Any, tmp_path: Path, now: datetime
) -> None:
    async def is_open() -> bool:
        return bool(await fetch_value(OPEN)) and not await fetch_value(UNTRIED)

    async def all_were_looked_at() -> bool:
        return await fetch_value(UNTRIED) == 0

    async def all_but_one_were_looked_at() -> bool:
        return receiver.calls > known and await fetch_value(UNTRIED) <= 1

    async def nothing_is_owed() -> bool:
        await due_now()
        return await fetch_value(OWED) == 0

    async with worker(database, tmp_path) as first:
        await assigned(partner.id, FAILURES_BORNE + AT_ONCE, now)
        await until(is_open)
        await rests_for("1 hour")
        known = receiver.calls
        first.send_signal(signal.SIGSTOP)
        async with worker(database, tmp_path):
            # The second one has never called it: it takes all of these, and calls nobody.
            await assigned(partner.id, 10, now)
            await until(all_were_looked_at)
            assert receiver.calls == known
            # The rest is over for both, and all is due: one call is made, and the others wait for it.
            receiver.may_answer.clear()
            receiver.status = 204
            first.send_signal(signal.SIGCONT)
            await due_now()
            await until(all_but_one_were_looked_at)
            assert receiver.calls == known + 1
            receiver.may_answer.set()
            await until(nothing_is_owed)
            assert await fetch_value("SELECT count(*) FROM webhook_circuit") == 0
