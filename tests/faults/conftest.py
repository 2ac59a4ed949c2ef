"""A whole house of its own: durable servers, the API and the worker as processes, and phones."""

import asyncio
import os
import random
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from app.core import keys as core_keys
from app.core.migrations import migrate
from app.http.principals import Audience, Caller, Principal
from app.http.tokens import SigningKey, Tokens
from app.sample.seed import DEMO_CENTRE_ID
from app.servers import Servers, running_servers
from app.servers.ports import free_port
from app.settings import Settings
from app.supervisor import Child, Supervisor
from notifications.emulator import running_emulator
from notifications.emulator.server import TwilioEmulator

CERTIFIED_COPY = "2.000815"
PATIENCE_S = 60


class House(NamedTuple):
    """What a test can look at and break."""

    servers: Servers
    supervisor: Supervisor
    worker: Child
    http: httpx.AsyncClient
    tokens: Tokens
    phones: TwilioEmulator

    async def sql(self, statement: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.servers.database_url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    async def citizens(self, count: int) -> list[dict[str, str]]:
        """Headers of so many people who have signed in."""
        now = datetime.now(UTC)
        people = [
            Principal(Audience.CITIZEN, uuid.uuid4(), uuid.uuid4(), frozenset({Caller.CITIZEN}))
            for _ in range(count)
        ]
        connection = await asyncpg.connect(self.servers.database_url)
        await connection.executemany(
            "INSERT INTO sign_in (id, audience, subject_id, roles, scopes, created_at, expires_at)"
            " VALUES ($1, 'citizen', $2, '{citizen}', '{}', $3, $4)",
            [(p.sign_in_id, p.id, now, now + timedelta(hours=1)) for p in people],
        )
        await connection.close()
        return [{"Authorization": f"Bearer {self.tokens.issue(p, now=now)}"} for p in people]

    async def starts(self) -> list[str]:
        """Times with a seat at the demonstration's centre."""
        today = datetime.now(UTC).date()
        answer = await self.http.get(
            "/v1/availability",
            params={
                "centre": str(DEMO_CENTRE_ID),
                "procedure": CERTIFIED_COPY,
                "from": today.isoformat(),
            },
        )
        found = [slot for day in answer.json()["days"] for slot in day["slots"] if slot["seats"]]
        return [slot["starts_at"] for slot in found]

    async def hold(self, headers: dict[str, str], starts_at: str, key: str) -> httpx.Response:
        return await self.http.post(
            "/v1/appointments",
            headers=headers | {"Idempotency-Key": key},
            json={
                "centre_id": str(DEMO_CENTRE_ID),
                "starts_at": starts_at,
                "items": [{"procedure": CERTIFIED_COPY, "quantity": 1}],
            },
        )

    async def confirm(self, headers: dict[str, str], appointment: str, key: str) -> httpx.Response:
        return await self.http.post(
            f"/v1/appointments/{appointment}/confirm",
            headers=headers | {"Idempotency-Key": key},
            json={"contact": {"name": "Nguyễn Thị Lan", "phone": _phone()}},
        )


def _phone() -> str:
    return f"09{random.randrange(10_000_000, 99_999_999)}"


async def until(what: str, look: Any) -> Any:
    """Look again until there is something to see."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = await look()
            if seen:
                return seen
            await asyncio.sleep(0.05)
    raise AssertionError(what)


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    account, token = "AC" + "0" * 32, "fault-test-token"
    with running_emulator(account_sid=account, auth_token=token) as phones:
        port = free_port()
        settings = Settings.from_environment(
            {
                "MOTCUA_DATA_DIR": str(folder),
                "MOTCUA_PORT": str(port),
                "TWILIO_API_BASE": phones.base_url,
            }
        )
        settings = replace(settings, twilio=replace(settings.twilio, account_sid=account))
        async with running_servers(folder, database_url=None, redis_url=None) as servers:
            await migrate(servers.database_url)
            os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"] = account, token
            with (folder / "house.log").open("ab") as log:
                supervisor = Supervisor(settings, servers, output=log)
                seeding = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "app.cli", "seed", "--open-now", "--json",
                    env=supervisor.environment(), stdout=log, stderr=log,
                )  # fmt: skip
                assert await seeding.wait() == 0, (folder / "house.log").read_text()[-2000:]
                try:
                    address = await supervisor.start_api()
                    worker = await supervisor.start_worker()
                    keys = core_keys.load(folder / core_keys.FILE_NAME)
                    tokens = Tokens(
                        {kid: SigningKey.from_pem(kid, pem) for kid, pem in keys.signing.items()}
                    )
                    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http:
                        yield House(servers, supervisor, worker, http, tokens, phones)
                finally:
                    await supervisor.stop()
                    # Two houses may stand at once: one of each file that asks for it.
                    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
                        os.environ.pop(name, None)
