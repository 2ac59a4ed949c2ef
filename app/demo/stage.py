"""Everything the morning needs, running on this machine."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg

from app.core.clock import current_time
from app.core.database import DB
from app.sample import seed as sample
from app.settings import Settings
from app.supervisor import Supervisor, free_port, supervised

LOG_NAME: Final = "motcua.log"
FIGURES: Final = """
SELECT (SELECT count(*) FROM outbox_work
         WHERE state IN ('claimed', 'dead')
            OR (state = 'ready' AND next_at < now() + interval '5 minutes'))
     + (SELECT count(*) FROM outbox WHERE state = 'ready') AS open_work,
       (SELECT count(*) FROM message WHERE not_before <= now()) AS messages,
       (SELECT count(*) FROM message WHERE not_before > now()) AS held,
       (SELECT count(*) FROM partner_event) AS events
"""


@dataclass(frozen=True)
class Stage:
    """The running parts and where they listen."""

    supervisor: Supervisor
    api: str
    sms: str
    postal: str
    log: Path

    @property
    def urls(self) -> dict[str, str]:
        """What a person may want to open."""
        return {
            "api": f"{self.api}/docs",
            "booking": f"{self.api}/",
            "console": f"{self.api}/console",
            "board": f"{self.api}/board/{sample.DEMO_CENTRE_ID}",
            "contract": f"{self.api}/openapi.json",
            "sms": f"{self.sms}/__log",
            "postal": f"{self.postal}/__log",
            "log": str(self.log),
        }

    async def figures(self) -> dict[str, int]:
        """What the database says is owed: read only, for the last line of the story."""
        connection = await asyncpg.connect(self.supervisor.servers.database_url)
        try:
            row = await connection.fetchrow(FIGURES)
        finally:
            await connection.close()
        return dict(row) if row else {}


@contextlib.asynccontextmanager
async def staged(
    settings: Settings, *, sample_wanted: bool, open_at_once: bool = True
) -> AsyncIterator[Stage]:
    """Stores, sample, emulators, API and worker, in this order; stopped in the reverse.

    `open_at_once` opens the demonstration's centre at any hour; without it only its own hours are open.
    """
    sms_port, postal_port = free_port(), free_port()
    settings = replace(
        settings,
        allow_private_webhooks=True,
        twilio=replace(settings.twilio, api_base=f"http://127.0.0.1:{sms_port}"),
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = settings.data_dir / LOG_NAME
    async with supervised(settings, log_file=log) as supervisor:
        if sample_wanted:
            await _load_sample(supervisor, open_at_once=open_at_once)
        sms = await _start_sms_emulator(supervisor, sms_port)
        api = await supervisor.start_api()
        await supervisor.start_worker()
        postal = await _start_postal_emulator(supervisor, api, postal_port)
        yield Stage(supervisor, api, sms, postal, log)


async def _load_sample(supervisor: Supervisor, *, open_at_once: bool) -> None:
    await DB.open(supervisor.servers.database_url, size=4)
    try:
        await sample.seed(now=current_time(), open_at_once=open_at_once)
    finally:
        await DB.close()


async def _start_sms_emulator(supervisor: Supervisor, port: int) -> str:
    twilio = supervisor.settings.twilio
    child = await supervisor.start(
        "sms emulator",
        ["-m", "notifications.emulator", "--port", str(port)],
        {"TWILIO_ACCOUNT_SID": twilio.account_sid, "TWILIO_AUTH_TOKEN": str(twilio.auth_token)},
    )
    address = f"http://127.0.0.1:{port}"
    await supervisor.wait_until_answers(child, f"{address}/__log")
    return address


async def _start_postal_emulator(supervisor: Supervisor, api: str, port: int) -> str:
    child = await supervisor.start(
        "postal emulator",
        ["-m", "partners.postal.emulator", "--port", str(port), "--motcua", api],
        {
            "POSTAL_CLIENT_ID": sample.PARTNER_CLIENT_ID,
            "POSTAL_CLIENT_SECRET": sample.PARTNER_CLIENT_SECRET,
        },
    )
    address = f"http://127.0.0.1:{port}"
    await supervisor.wait_until_answers(child, f"{address}/__ready")
    return address
