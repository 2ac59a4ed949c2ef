"""Everything the morning needs, running on this machine."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from app.channel_settings import channel_settings
from app.core import sandbox
from app.core.clock import current_time, machine_time
from app.core.database import DB
from app.sample import openings
from app.sample import seed as sample
from app.sample.signing_keys import make_signing_keys
from app.servers.ports import free_port
from app.settings import EMULATED, Settings
from app.supervisor import Child, Supervisor, supervised
from notifications.emulator.told import Ports, environment

LOG_NAME: Final = "motcua.log"
WAYS_FOLDER: Final = "emulators"
PEOPLE_PER_ADDRESS: Final = 10_000
# What was there before this run, by the clock that wrote each: the stores may hold earlier runs.
BEFORE: Final = """
SELECT clock_timestamp() AS work,
       coalesce((SELECT max(created_at) FROM message), '-infinity') AS messages,
       coalesce((SELECT max(seq) FROM partner_event), 0) AS events
"""
FIGURES: Final = """
SELECT (SELECT count(*) FROM outbox_work
         WHERE created_at > $1 AND (state IN ('claimed', 'dead')
            OR (state = 'ready' AND next_at < now() + interval '5 minutes')))
     + (SELECT count(*) FROM outbox WHERE state = 'ready') AS open_work,
       (SELECT count(*) FROM message
         WHERE created_at > $2 AND not_before <= now() AND state <> 'superseded') AS messages,
       (SELECT count(*) FROM message
         WHERE created_at > $2 AND not_before > now() AND state <> 'superseded') AS held,
       (SELECT count(*) FROM message WHERE created_at > $2 AND provider_id = ANY($4)) AS sent,
       (SELECT count(*) FROM partner_event WHERE seq > $3) AS events,
       (SELECT count(*) FROM partner_event WHERE seq > $3 AND id = ANY($5)) AS heard
"""


class Ways(NamedTuple):
    """Emulated ways: where they listen, what our processes are told of them, and the accounts of all."""

    ports: Ports
    told: Mapping[str, str]
    accounts: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """The running parts and where they listen."""

    supervisor: Supervisor
    api: str
    sms: str
    postal: str
    log: Path
    before: tuple[datetime, datetime, int]
    # Neighbours' emulators by their name, where the settings ask for them.
    neighbours: Mapping[str, str] = field(default_factory=dict)
    # Where a person reads what the other ways were given, where they are emulated.
    mailbox: str = ""

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
            "log": str(self.log),
            **({"mailbox": f"{self.mailbox}/"} if self.mailbox else {}),
        } | {
            name: f"{address}/__log"
            for name, address in {"postal": self.postal, **self.neighbours}.items()
            if address
        }

    async def figures(self, *, sms: Sequence[str], webhooks: Sequence[uuid.UUID]) -> dict[str, int]:
        """What this run owes by the database, and how much of it is among what arrived. Read only."""
        connection = await asyncpg.connect(self.supervisor.servers.database_url)
        try:
            row = await connection.fetchrow(FIGURES, *self.before, sms, webhooks)
        finally:
            await connection.close()
        return dict(row) if row else {}


@contextlib.asynccontextmanager
async def staged(
    settings: Settings,
    *,
    sample_wanted: bool,
    open_at_once: bool = True,
    postal_wanted: bool = True,
    ways_wanted: bool = False,
    working_days: int = openings.WORKING_DAYS,
) -> AsyncIterator[Stage]:
    """Stores, sample, emulators, API and worker, in this order; stopped in the reverse.

    `open_at_once` opens the demonstration's centre at any hour; without it only its own hours are open.
    Without `postal_wanted` somebody else plays the postal enterprise. `ways_wanted`: each way a message
    goes beside the first, and that the settings do not name, has an emulator. `working_days` are opened.
    """
    sms_port, postal_port = free_port(), free_port()
    settings = replace(
        settings,
        allow_private_webhooks=True,
        # Everybody of a stage comes from one address: what holds for one person would end the story.
        otp_per_address_per_hour=max(settings.otp_per_address_per_hour, PEOPLE_PER_ADDRESS),
        # Nobody outside is told of people who do not exist.
        channels=settings.channels.here(),
        twilio=replace(settings.twilio, api_base=f"http://127.0.0.1:{sms_port}"),
    )
    settings, emulated = _with_emulators(settings)
    settings, ways = _with_ways(settings) if ways_wanted else (settings, None)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = settings.data_dir / LOG_NAME
    async with supervised(settings, log_file=log, told=ways.told if ways else {}) as supervisor:
        starting = await _start_sms_emulator(supervisor, sms_port)
        trying = None if ways is None else await _start_ways(supervisor, ways)
        if sample_wanted:
            await _load_sample(supervisor, open_at_once=open_at_once, working_days=working_days)
        sms = f"http://127.0.0.1:{sms_port}"
        await supervisor.wait_until_answers(starting, f"{sms}/__log")
        before = await _before(supervisor)
        neighbours = {
            name: await _start_neighbour(supervisor, name, port) for name, port in emulated.items()
        }
        mailbox = ""
        if ways is not None and trying is not None:
            mailbox = f"http://127.0.0.1:{ways.ports.page}"
            await supervisor.wait_until_answers(trying, f"{mailbox}/__log")
        await supervisor.start_worker()
        api = await supervisor.start_api()
        postal = await _start_postal_emulator(supervisor, api, postal_port) if postal_wanted else ""
        yield Stage(supervisor, api, sms, postal, log, before, neighbours, mailbox)


async def _before(supervisor: Supervisor) -> tuple[datetime, datetime, int]:
    connection = await asyncpg.connect(supervisor.servers.database_url)
    try:
        work, messages, events = await connection.fetchrow(BEFORE)
    finally:
        await connection.close()
    return work, messages, events


async def _load_sample(supervisor: Supervisor, *, open_at_once: bool, working_days: int) -> None:
    sandbox.enter(sandbox=supervisor.settings.sandbox)
    await DB.open(supervisor.servers.database_url, size=4)
    try:
        await sandbox.claim_database()
        await sample.seed(now=current_time(), open_at_once=open_at_once, working_days=working_days)
        make_signing_keys(supervisor.settings.signing_keys, now=machine_time())
    finally:
        await DB.close()


async def _start_sms_emulator(supervisor: Supervisor, port: int) -> Child:
    twilio = supervisor.settings.twilio
    return await supervisor.start(
        "sms emulator",
        ["-m", "notifications.emulator", "--port", str(port)],
        {"TWILIO_ACCOUNT_SID": twilio.account_sid, "TWILIO_AUTH_TOKEN": str(twilio.auth_token)},
    )


def _with_emulators(settings: Settings) -> tuple[Settings, dict[str, int]]:
    """The settings with an address in place of `emulator`, and the ports those are to listen at."""
    ports: dict[str, int] = {}
    if settings.portal is not None and settings.portal.url == EMULATED:
        ports["portal"] = free_port()
        url = f"http://127.0.0.1:{ports['portal']}"
        settings = replace(settings, portal=replace(settings.portal, url=url))
    if settings.registries is not None and settings.registries.url == EMULATED:
        ports["registries"] = free_port()
        url = f"http://127.0.0.1:{ports['registries']}"
        settings = replace(settings, registries=replace(settings.registries, url=url))
    return settings, ports


def _with_ways(settings: Settings) -> tuple[Settings, Ways]:
    """The settings with an emulator for every way they do not name."""
    ports = Ports(*(free_port() for _ in Ports._fields))
    variables = environment(settings.data_dir / WAYS_FOLDER, ports)
    channels = settings.channels
    absent = [name for name in variables if getattr(channels, name) is None]
    for name in absent:
        channels = replace(channels, **{name: getattr(channel_settings(variables[name]), name)})
    told = {variable: value for name in absent for variable, value in variables[name].items()}
    accounts = {variable: value for each in variables.values() for variable, value in each.items()}
    return replace(settings, channels=channels), Ways(ports, told, accounts)


async def _start_ways(supervisor: Supervisor, ways: Ways) -> Child:
    listening = [part for name, port in ways.ports._asdict().items() for part in (f"--{name}", str(port))]
    settings = supervisor.settings
    return await supervisor.start(
        "message ways' emulators",
        [
            *("-m", "notifications.emulator.ways", *listening),
            *("--folder", str(settings.data_dir / WAYS_FOLDER)),
            *("--motcua", f"http://127.0.0.1:{settings.port}"),
        ],
        ways.accounts,
    )


async def _start_neighbour(supervisor: Supervisor, name: str, port: int) -> str:
    child = await supervisor.start(
        f"{name} emulator", ["-m", f"partners.{name}.emulator", "--port", str(port)]
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
