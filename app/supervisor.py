"""Runs the whole of Motcua on one machine: stores, migrations, API, worker, emulators.

Every child dies with this process, however it dies: the kernel signals it (`PR_SET_PDEATHSIG`), and a
clean stop asks politely first. What a child says goes to stderr, or to a file when one is named.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

import httpx

from app.channel_settings import ChannelSettings
from app.core.migrations import migrate
from app.entrance import configure_logging, install_keys
from app.servers import ServersError, running_servers
from app.servers.embedded import Servers
from app.settings import Settings, SettingsError

PR_SET_PDEATHSIG: Final = 1
READY_WITHIN_S: Final = 60.0
PROBE_EVERY_S: Final = 0.05
STOP_WITHIN_S: Final = 30.0


class ChildFailed(ServersError):
    """A child ended, or never answered; the message says which, and where its words are."""


@dataclass
class Child:
    """A process of ours and what it is for."""

    name: str
    process: asyncio.subprocess.Process

    @property
    def ended(self) -> bool:
        return self.process.returncode is not None


@dataclass(frozen=True)
class Addresses:
    """Where everything listens."""

    api: str
    sms_emulator: str | None
    postal_emulator: str | None


class Supervisor:
    """The children of one run."""

    def __init__(
        self,
        settings: Settings,
        servers: Servers,
        *,
        output: IO[bytes] | None,
        told: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.settings = settings
        self.servers = servers
        self._told = told
        self._output = output
        self._children: list[Child] = []

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a child is told: the stores' addresses, and the rest as we were told it."""
        return (
            dict(os.environ)
            | {
                "DATABASE_URL": self.servers.database_url,
                "REDIS_URL": self.servers.redis_url,
                "MOTCUA_DATA_DIR": str(self.settings.data_dir),
                "MOTCUA_PUBLIC_URL": self.settings.public_url,
                "MOTCUA_ALLOW_PRIVATE_WEBHOOKS": ("yes" if self.settings.allow_private_webhooks else "no"),
                "MOTCUA_OTP_PER_ADDRESS_PER_HOUR": str(self.settings.otp_per_address_per_hour),
                "MOTCUA_CLOCK": str(self.settings.clock or ""),
                "MOTCUA_SANDBOX": "yes" if self.settings.sandbox else "no",
                "TWILIO_API_BASE": self.settings.twilio.api_base,
                "TWILIO_PER_SECOND": str(self.settings.twilio.per_second),
                "MOTCUA_PORTAL_URL": self.settings.portal.url if self.settings.portal else "",
                "MOTCUA_REGISTRIES_URL": self.settings.registries.url if self.settings.registries else "",
                **_unconfigured(self.settings.channels),
                "PYTHONUNBUFFERED": "1",
            }
            | dict(self._told)
            | dict(extra or {})
        )

    async def start(
        self, name: str, arguments: Sequence[str], extra: Mapping[str, str] | None = None
    ) -> Child:
        """Start a Python module of ours as a child."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=self.environment(extra),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            preexec_fn=_die_with_parent,
            start_new_session=True,
        )
        child = Child(name, process)
        self._children.append(child)
        return child

    async def start_api(self) -> str:
        """The HTTP process; returns its address once it is ready."""
        child = await self.launch_api()
        address = f"http://127.0.0.1:{self.settings.port}"
        await self.wait_until_answers(child, f"{address}/readyz")
        return address

    async def launch_api(self, extra: Mapping[str, str] | None = None) -> Child:
        """The HTTP process, started and not waited for."""
        return await self.start("api", self.api_arguments(), extra)

    def api_arguments(self) -> list[str]:
        """How the HTTP process is run."""
        settings = self.settings
        return [
            "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop",
            "--host", settings.host, "--port", str(settings.port),
            "--workers", str(settings.workers), "--no-access-log", "--log-level", "warning",
            "--workers-kill-timeout", "25",
            "app.main:serve_factory",
        ]  # fmt: skip

    async def start_worker(self, extra: Mapping[str, str] | None = None) -> Child:
        return await self.start("worker", ["-m", "app.cli", "worker"], extra)

    async def wait_until_answers(self, child: Child, url: str, *, within_s: float = READY_WITHIN_S) -> None:
        """Until the address answers 200; a child that ends first, or never answers, is an error, told in
        one line.
        """
        read = f"Read {self.settings.data_dir / 'motcua.log'}."
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            try:
                async with asyncio.timeout(within_s):
                    while not await _answers(http, url):
                        if child.ended:
                            raise ChildFailed(f"The {child.name} process ended before it was ready.", read)
                        await asyncio.sleep(PROBE_EVERY_S)  # between probes of another process
            except TimeoutError as late:
                raise ChildFailed(
                    f"The {child.name} process did not answer within {within_s:.0f} s.", read
                ) from late

    async def first_to_end(self) -> Child:
        """The child that ends first; none should."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[done.pop()]
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Newest first: the API drains before the worker, the worker before the emulators."""
        for child in reversed(self._children):
            await _stop(child)
        self._children.clear()


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _unconfigured(channels: ChannelSettings) -> dict[str, str]:
    """Ways a run does without, whatever our own environment names: a demo writes to nobody's mailbox."""
    named = {
        "MOTCUA_SMTP_URL": channels.smtp,
        "MOTCUA_BRANDNAME_URL": channels.brandname,
        "MOTCUA_ZALO_APP_ID": channels.zalo,
        "MOTCUA_PUSH_ACCOUNT": channels.push,
    }
    absent = {name: "" for name, settings in named.items() if settings is None}
    return absent | ({"MOTCUA_SMS_FIRST": ""} if channels.brandname is None else {})


async def _stop(child: Child) -> None:
    if child.ended:
        return
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await child.process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        await child.process.wait()


def _die_with_parent() -> None:
    """Linux: the kernel ends this child with its parent. Elsewhere a clean stop does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def require_free_port(host: str, port: int) -> None:
    """One line instead of a traceback from the depths of the server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            raise SettingsError(
                f"Port {port} on {host} cannot be used ({reason.strerror}). Stop what holds it, or"
                " choose another with MOTCUA_PORT."
            ) from reason


@contextlib.asynccontextmanager
async def supervised(
    settings: Settings, *, log_file: Path | None = None, told: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Supervisor]:
    """Stores running and migrated, nothing else started; everything is stopped on the way out. Children are
    `told` these variables beside those of the settings.
    """
    require_free_port(settings.host, settings.port)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    install_keys(settings)
    configure_logging(settings.log_level)
    async with contextlib.AsyncExitStack() as stack:
        output = stack.enter_context(log_file.open("ab")) if log_file else None
        servers = await stack.enter_async_context(
            running_servers(
                settings.data_dir,
                database_url=settings.database_url,
                redis_url=settings.redis_url,
            )
        )
        await migrate(servers.database_url)
        supervisor = Supervisor(settings, servers, output=output, told=told)
        stack.push_async_callback(supervisor.stop)
        yield supervisor
