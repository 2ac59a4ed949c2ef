"""The real installation, with every wire between its processes in our hand.

API and workers reach PostgreSQL, Redis and the SMS provider each through links of their own, so that one of
them can be cut off alone. What ends is started again at once, as a service manager would.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from app.core import keys as core_keys
from app.core.migrations import migrate
from app.entrance import configure_logging, install_keys
from app.faults.fronts import Front, passing
from app.faults.links import Link, Mode
from app.faults.partner import Partner
from app.faults.waiting import ended, pace, until
from app.http.tokens import SigningKey, Tokens
from app.sample.seed import PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET
from app.servers import Servers, running_servers
from app.servers.errors import ServersError
from app.servers.ports import free_port
from app.settings import Settings
from app.supervisor import Child, Supervisor

WORKERS: Final = ("worker-1", "worker-2")
MEMBERS: Final = ("api", *WORKERS)
STORES_BACK_WITHIN_S: Final = 60.0
# Starting is work for a processor, and a machine may have little to spare.
RUNS_WITHIN_S: Final = 180.0
SEEDED_WITHIN_S: Final = 300.0
SQL_WITHIN_S: Final = 60.0
# The API drains for 25 s at most, and a worker as long.
ENDS_WITHIN_S: Final = 45.0
# A killed process is gone as soon as the kernel comes to it.
GONE_WITHIN_S: Final = 30.0
AGAIN_S: Final = 0.3
SESSIONS_KEPT: Final = 2
LOG_NAME: Final = "faults.log"
# People of a run all come from one address, and nobody of them is a robot.
PER_ADDRESS: Final = 100_000
# What a slot of the sample has more, so that a run never fills the province.
MORE_PLACES: Final = 4
WATCH: Final = """
CREATE TABLE IF NOT EXISTS faults_oversold (slot_id uuid, taken int, capacity int);
CREATE OR REPLACE FUNCTION faults_watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.taken_online + NEW.taken_partner + NEW.taken_staff + NEW.taken_walkin
       > NEW.capacity + NEW.overbook_limit THEN
        INSERT INTO faults_oversold VALUES (NEW.id, NEW.taken_online + NEW.taken_partner
            + NEW.taken_staff + NEW.taken_walkin, NEW.capacity + NEW.overbook_limit);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER faults_watch AFTER UPDATE ON slot
    FOR EACH ROW EXECUTE FUNCTION faults_watch();
"""


@dataclass
class Member:
    """One of our processes, its wires, and whether it should be running."""

    name: str
    postgres: Link
    redis: Link
    sms: Front
    sms_link: Link
    extra: dict[str, str] = field(default_factory=dict)
    arguments: list[str] | None = None
    child: Child | None = None
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0

    @property
    def pid(self) -> int:
        assert self.child is not None
        return self.child.process.pid


@dataclass
class House:
    """What a cell can look at and break."""

    folder: Path
    chance: Random
    servers: Servers
    supervisor: Supervisor
    members: dict[str, Member]
    door: Link  # people → API
    public: Front  # provider's callbacks → API
    sms_url: str
    tokens: Tokens
    partner: Partner
    keepers: list[asyncio.Task[None]] = field(default_factory=list)
    pace: float = 1.0  # how many times longer than usual things take here

    @property
    def api(self) -> str:
        """Where people knock."""
        return f"http://127.0.0.1:{self.door.port}"

    @property
    def log(self) -> Path:
        return self.folder / LOG_NAME

    def link(self, name: str, store: str) -> Link:
        member = self.members[name]
        return member.postgres if store == "postgres" else member.redis

    async def sql(self, statement: str, *arguments: Any) -> Any:
        """One value, past every link."""
        rows = await self.rows(statement, *arguments)
        return rows[0][0] if rows else None

    async def rows(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._connected() as connection:
            found: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
            return found

    async def script(self, statements: str) -> None:
        async with self._connected() as connection:
            await connection.execute(statements)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        """Nobody's lock is waited for longer than a minute."""
        connection = await asyncpg.connect(
            self.servers.database_url, timeout=10, command_timeout=SQL_WITHIN_S
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=10)

    async def sms_log(self) -> list[dict[str, Any]]:
        """What the provider accepted."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            messages: list[dict[str, Any]] = (await http.get(f"{self.sms_url}/__log")).json()["messages"]
            return messages

    # Processes.

    async def begin(self, name: str) -> None:
        """Start it, and again whenever it ends."""
        member = self.members[name]
        member.wanted.set()
        await self._launch(member)
        self.keepers.append(asyncio.create_task(self._keep(member), name=f"keep-{name}"))

    async def _launch(self, member: Member) -> None:
        member.starts += 1
        extra = self._environment(member)
        if member.arguments is not None:
            member.child = await self.supervisor.start(member.name, member.arguments, extra)
        elif member.name == "api":
            member.child = await self.supervisor.launch_api(extra)
        else:
            member.child = await self.supervisor.start_worker(extra)

    async def _keep(self, member: Member) -> None:
        while True:
            assert member.child is not None
            await member.child.process.wait()
            await member.wanted.wait()
            await asyncio.sleep(AGAIN_S)  # as a service manager pauses before it starts a unit again
            await self._launch(member)

    def _environment(self, member: Member) -> dict[str, str]:
        return {
            "DATABASE_URL": _through(self.servers.database_url, member.postgres.port),
            "REDIS_URL": _through(self.servers.redis_url, member.redis.port),
            "TWILIO_API_BASE": f"http://127.0.0.1:{member.sms_link.port}",
        } | member.extra

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the process and to its children, as a service manager or the kernel does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.members[name].pid, number)

    async def kill(self, name: str) -> None:
        """`kill -9`; the keeper starts it again."""
        child = self.members[name].child
        self.signal(name, signal.SIGKILL)
        if child is not None:
            await ended(child, within_s=GONE_WITHIN_S * self.pace)

    async def stop(self, name: str) -> None:
        """Ask it to end and leave it so; killed, and told of, where it does not."""
        member = self.members[name]
        member.wanted.clear()
        assert member.child is not None
        with contextlib.suppress(ProcessLookupError):
            member.child.process.send_signal(signal.SIGTERM)
        try:
            await ended(member.child, within_s=ENDS_WITHIN_S * self.pace)
        except TimeoutError:
            await self.kill(name)
            raise

    async def renew(
        self, name: str, arguments: list[str] | None = None, extra: Mapping[str, str] | None = None
    ) -> None:
        """Run it another way from now on; without arguments as it always was."""
        await self.stop(name)
        member = self.members[name]
        member.arguments, member.extra = arguments, dict(extra or {})
        member.wanted.set()
        await self.until_all_run()

    async def until_all_run(self) -> None:
        """Everybody is past its start: the sessions each keeps with PostgreSQL are there."""

        async def look() -> bool:
            return all(
                member.child is not None
                and not member.child.ended
                and member.postgres.alive >= SESSIONS_KEPT
                for member in self.members.values()
            )

        try:
            await self.until("everybody to run", look, within_s=RUNS_WITHIN_S)
        except TimeoutError as late:
            raise TimeoutError(f"{late}: {self._who_runs()}") from late

    def _who_runs(self) -> str:
        """Each of our processes, as somebody needs it who asks why nothing goes on."""
        return "; ".join(
            f"{member.name}, start {member.starts}, "
            + (
                f"ended with {member.child.process.returncode}"
                if member.child is not None and member.child.ended
                else f"{member.postgres.alive} sessions"
            )
            + "".join(f", not started again: {keeper.exception()}" for keeper in self._failed(member))
            for member in self.members.values()
        )

    def _failed(self, member: Member) -> list[asyncio.Task[None]]:
        return [
            keeper
            for keeper in self.keepers
            if keeper.get_name() == f"keep-{member.name}" and keeper.done() and not keeper.cancelled()
        ]

    # Stores.

    async def kill_postgres(self) -> None:
        """`kill -9` of the server and nothing done about it yet."""
        assert self.servers.postgres is not None
        os.kill(self.servers.postgres.pid, signal.SIGKILL)

    async def restart_postgres(self) -> None:
        """A crash and a start; sessions of a killed server may need a moment to notice."""
        postgres, why = self.servers.postgres, "it did not end"
        assert postgres is not None

        async def restarted() -> bool:
            nonlocal why
            try:
                await postgres.restart_immediately()
            except ServersError as reason:
                why = str(reason)
                return False
            return True

        try:
            await self.until(
                "PostgreSQL to be back", restarted, within_s=STORES_BACK_WITHIN_S, every_s=AGAIN_S
            )
        except TimeoutError as late:
            raise TimeoutError(f"{late}: {why}") from late

    # Time.

    async def until(
        self,
        what: str,
        look: Callable[[], Awaitable[object]],
        *,
        within_s: float = 60.0,
        every_s: float = 0.1,
    ) -> float:
        """`waiting.until`, with the time this machine needs."""
        return await until(what, look, within_s=within_s * self.pace, every_s=every_s)

    async def mend(self) -> None:
        """No fault is left on any wire or front, and everybody runs."""
        for link in self.links():
            link.trap = None
            link.set(Mode.PASS)
        self.public.behaviour = passing
        self.partner.behave()
        for member in self.members.values():
            member.sms.behaviour = passing
            self.signal(member.name, signal.SIGCONT)
            member.wanted.set()

    def links(self) -> list[Link]:
        """Every wire."""
        members = self.members.values()
        return [self.door, *(link for m in members for link in (m.postgres, m.redis, m.sms_link))]


def _through(url: str, port: int) -> str:
    """The same store by another port."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}"))


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@contextlib.asynccontextmanager
async def running_house(
    folder: Path, *, seed: int, environment: Mapping[str, str] | None = None, partner_wanted: bool = True
) -> AsyncIterator[House]:
    """Everything up in a folder that is there, seeded and ready; stopped on the way out."""
    chance = Random(seed)  # noqa: S311 - repeatable, and nothing is secret
    async with contextlib.AsyncExitStack() as stack:
        servers = await stack.enter_async_context(
            running_servers(folder, database_url=None, redis_url=None)
        )
        await migrate(servers.database_url)
        port, sms_port = free_port(), free_port()
        public = Front(behind=f"http://127.0.0.1:{port}")
        await public.open()
        stack.push_async_callback(public.close)
        settings = Settings.from_environment(
            {
                "MOTCUA_DATA_DIR": str(folder),
                "MOTCUA_PORT": str(port),
                "MOTCUA_PUBLIC_URL": public.url,
                "MOTCUA_ALLOW_PRIVATE_WEBHOOKS": "yes",
                "MOTCUA_LOG_LEVEL": "warning",
                "MOTCUA_OTP_PER_ADDRESS_PER_HOUR": str(PER_ADDRESS),
                **(environment or {}),
            }
        )
        install_keys(settings)
        configure_logging(settings.log_level)
        output = stack.enter_context((folder / LOG_NAME).open("ab"))
        supervisor = Supervisor(settings, servers, output=output)
        stack.push_async_callback(supervisor.stop)
        sms_url = f"http://127.0.0.1:{sms_port}"
        emulator = await supervisor.start(
            "sms emulator",
            ["-m", "notifications.emulator", "--port", str(sms_port)],
            {
                "TWILIO_ACCOUNT_SID": settings.twilio.account_sid,
                "TWILIO_AUTH_TOKEN": str(settings.twilio.auth_token),
            },
        )
        await _seed(supervisor)
        await supervisor.wait_until_answers(emulator, f"{sms_url}/__log", within_s=RUNS_WITHIN_S)
        members = {name: await _member(stack, name, servers, sms_url, chance) for name in MEMBERS}
        door = Link(("127.0.0.1", port), chance)
        await door.open()
        stack.push_async_callback(door.close)
        keys = core_keys.load(folder / core_keys.FILE_NAME)
        tokens = Tokens({kid: SigningKey.from_pem(kid, pem) for kid, pem in keys.signing.items()})
        partner = Partner(
            f"http://127.0.0.1:{port}", PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET, wanted=partner_wanted
        )
        house = House(folder, chance, servers, supervisor, members, door, public, sms_url, tokens, partner)
        await house.script(WATCH)
        await house.script(
            f"UPDATE slot SET capacity = capacity + {MORE_PLACES}, online_cap = online_cap + {MORE_PLACES}"
            " FROM pool WHERE pool.id = pool_id AND pool.kind = 'counter'"
        )
        stack.push_async_callback(_let_go, house)
        began = time.monotonic()
        for name in MEMBERS:
            await house.begin(name)
        api = members["api"].child
        assert api is not None
        await supervisor.wait_until_answers(api, f"{house.api}/readyz", within_s=RUNS_WITHIN_S)
        house.pace = pace(started_in_s=time.monotonic() - began)
        await partner.open()
        stack.push_async_callback(partner.close)
        yield house


async def _let_go(house: House) -> None:
    await house.mend()
    for keeper in house.keepers:
        keeper.cancel()
    await asyncio.gather(*house.keepers, return_exceptions=True)
    await asyncio.gather(*(house.stop(name) for name in MEMBERS if house.members[name].child is not None))


async def _member(
    stack: contextlib.AsyncExitStack, name: str, servers: Servers, sms_url: str, chance: Random
) -> Member:
    postgres = Link(_address(servers.database_url), chance)
    redis = Link(_address(servers.redis_url), chance)
    sms = Front(behind=sms_url)
    await postgres.open()
    stack.push_async_callback(postgres.close)
    await redis.open()
    stack.push_async_callback(redis.close)
    await sms.open()
    stack.push_async_callback(sms.close)
    sms_link = Link(("127.0.0.1", sms.port), chance)
    await sms_link.open()
    stack.push_async_callback(sms_link.close)
    return Member(name, postgres, redis, sms, sms_link)


async def _seed(supervisor: Supervisor) -> None:
    seeding = await supervisor.start("seed", ["-m", "app.cli", "seed", "--open-now", "--json"])
    if await ended(seeding, within_s=SEEDED_WITHIN_S) != 0:
        raise ServersError("The sample could not be loaded.", f"Read {supervisor.settings.data_dir}.")
