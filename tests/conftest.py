"""The stage every test stands on: real servers, a fresh database, one event loop, real commits.

`DATABASE_URL` and `REDIS_URL` name servers to use; without them the embedded ones are started. Tables
are emptied after each test in one round trip. `tests.canaries` looks through everything that is logged.
"""

import asyncio
import functools
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import httpx._transports.default as httpx_transports
import msgspec
import pytest
from httpx._config import create_ssl_context
from litestar import Litestar

from app.core import keys as core_keys
from app.core.clock import FastClock, at_local, current_time, local_date, machine_time, set_clock
from app.core.crypto import Keyring
from app.core.database import DB
from app.core.migrations import migrate
from app.core.wakeups import WAKEUPS
from app.http.principals import AUDIENCE_OF, Caller, Principal
from app.http.tokens import SigningKey
from app.main import create_app
from app.rounds import plans
from app.servers.ports import free_port
from app.settings import Settings

# Nobody is found in what the product tells of itself while it is tested.
pytest_plugins = ["tests.canaries.plugin"]

# A shell that starts a suite in the background has it ignore these two, and every child inherits that:
# programs that are told to stop in these tests would not hear it.
for _name in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_name) is signal.SIG_IGN:
        signal.signal(_name, signal.SIG_DFL)

# Each of some thousand clients would read the authorities of the whole web anew, which was a third of what
# tests of providers took.
httpx_transports.create_ssl_context = functools.cache(create_ssl_context)

TEST_KEYS = core_keys.Keys(
    signing={"test": SigningKey.generate().to_pem()},
    fields=Keyring({1: b"\x01" * 32}),
    index=b"\x02" * 32,
    codes=b"\x03" * 32,
    pages=b"\x04" * 32,
)


class Stores(NamedTuple):
    """Where this run's PostgreSQL database and Redis are."""

    database_url: str
    redis_url: str


# A file is played by one worker as a whole. These take a minute each and would come last, when the other
# workers have nothing left to do.
BEGIN_WITH = ("servers/test_embedded.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.path.as_posix().endswith(BEGIN_WITH))


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stores]:
    """The servers of this run; embedded unless the environment names others."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database_url and redis_url:
        yield Stores(database_url, redis_url)
        return
    from app.servers import running_servers

    folder: Path = tmp_path_factory.mktemp("servers")
    async with running_servers(
        folder, database_url=database_url, redis_url=redis_url, durable=False
    ) as running:
        yield Stores(running.database_url, running.redis_url)


@pytest.fixture(scope="session")
async def stores(servers: Stores) -> AsyncIterator[Stores]:
    """A migrated database of this run's own."""
    name = f"motcua_test_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        url = _with_database(servers.database_url, name)
        await migrate(url)
        yield Stores(url, servers.redis_url)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture(scope="session")
async def opened(stores: Stores) -> AsyncIterator[Stores]:
    """The process's engine and keys, as the entrances install them."""
    core_keys.install(TEST_KEYS)
    await DB.open(stores.database_url, size=16)
    await WAKEUPS.open(stores.redis_url)
    yield stores
    await WAKEUPS.close()
    await DB.close()


@pytest.fixture(scope="session")
async def emptying(opened: Stores) -> str:
    """One statement that empties every table; triggers and keys stand aside."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migration'"
    )
    deletes = ";".join(f'DELETE FROM "{row["tablename"]}"' for row in rows)
    return (
        "BEGIN; SET LOCAL session_replication_role = replica;" + deletes + ";COMMIT"
        if deletes
        else "SELECT 1"
    )


@pytest.fixture
async def database(opened: Stores, emptying: str) -> AsyncIterator[Stores]:
    """A clean database for this test, with real commits."""
    yield opened
    assert DB.pool is not None
    await DB.pool.execute(emptying)
    plans.forget()  # days that are taken away happen to tests only


@pytest.fixture
def at_noon() -> Iterator[datetime]:
    """It is noon in Việt Nam, tomorrow: who came half an hour ago came on the same day."""
    noon = at_local(local_date(machine_time()) + timedelta(days=1), 12)
    set_clock(FastClock(noon, machine_time(), 1))
    yield noon
    set_clock(None)


@pytest.fixture
def now() -> datetime:
    """The moment of the test, to the second."""
    return current_time().replace(microsecond=0)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("data")
    return Settings.from_environment(
        {
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_PUBLIC_URL": "http://motcua.test",
            "MOTCUA_ALLOW_PRIVATE_WEBHOOKS": "yes",
        }
    )


@pytest.fixture(scope="session")
async def app(opened: Stores, settings: Settings) -> Litestar:
    """The application without its lifespan: the session's engine is already open."""
    return create_app(settings, database_url=opened.database_url, redis_url=opened.redis_url)


@pytest.fixture(scope="session")
async def sandbox_app(opened: Stores, settings: Settings) -> Litestar:
    """The same where the deployment is a sandbox, with the routes only that has."""
    return create_app(
        replace(settings, sandbox=True), database_url=opened.database_url, redis_url=opened.redis_url
    )


@pytest.fixture
async def client(app: Litestar, database: Stores) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP in this event loop."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        yield http


class SignedIn(NamedTuple):
    """Somebody with a token."""

    principal: Principal
    headers: dict[str, str]


SignIn = Callable[..., "SignedIn"]


@pytest.fixture
async def sign_in(app: Litestar, database: Stores) -> Callable[..., object]:
    """`await sign_in(Caller.CITIZEN, ...)`: a principal with a live sign-in and its headers."""

    async def begin(
        *callers: Caller,
        subject_id: uuid.UUID | None = None,
        centre_id: uuid.UUID | None = None,
        scopes: frozenset[str] = frozenset(),
    ) -> SignedIn:
        assert DB.pool is not None
        moment = datetime.now(UTC)
        principal = Principal(
            audience=AUDIENCE_OF[callers[0]],
            id=subject_id or uuid.uuid4(),
            sign_in_id=uuid.uuid4(),
            callers=frozenset(callers),
            centre_id=centre_id,
            scopes=scopes,
        )
        await DB.pool.execute(
            "INSERT INTO sign_in (id, audience, subject_id, centre_id, roles, scopes, created_at,"
            " expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$7::timestamptz + interval '1 hour')",
            principal.sign_in_id,
            principal.audience.value,
            principal.id,
            centre_id,
            sorted(callers),
            sorted(scopes),
            moment,
        )
        token = app.state.tokens.issue(principal, now=moment)
        return SignedIn(principal, {"Authorization": f"Bearer {token}"})

    return begin


def _with_database(url: str, name: str) -> str:
    """The same server, another database: only the path changes, a socket's query stays."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


READY_WITHIN_S = 40


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the running API keeps its files, the documents among them."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
async def served(opened: Any, served_folder: Path) -> AsyncIterator[str]:
    """The address of a running API."""
    folder = served_folder
    port = free_port()
    environment = dict(os.environ) | {
        "DATABASE_URL": opened.database_url,
        "REDIS_URL": opened.redis_url,
        "MOTCUA_DATA_DIR": str(folder),
        "MOTCUA_KEYS_FILE": str(_keys_file(folder)),
        "MOTCUA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MOTCUA_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop"),
        *("--port", str(port), "--no-ws", "--log-level", "warning", "app.main:serve_factory"),
        env=environment,
    )
    try:
        await _until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def _keys_file(folder: Path) -> Path:
    """The keys installed in this process, as a file for the other one."""
    keys = core_keys.keys()
    path = folder / "keys.json"
    path.write_bytes(
        msgspec.json.encode(
            {
                "signing": keys.signing,
                "fields": {"1": (b"\x01" * 32).hex()},
                "index": keys.index.hex(),
                "codes": keys.codes.hex(),
                "pages": keys.pages.hex(),
            }
        )
    )
    return path


async def _until_ready(url: str) -> None:
    async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)
