"""What is wrong with this machine's servers, and how to mend it.

Looks and changes nothing; a healthy finding says what was seen. Each check answers for itself, so one that
fails never hides the next.
"""

import asyncio
import contextlib
import locale
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from app.servers import lock, named, process
from app.servers.errors import ServersError
from app.servers.postgres import binaries
from app.servers.redis import binary

OLDEST_PYTHON: Final = (3, 11)
FREE_BYTES: Final = 1_000_000_000
GREATEST_SKEW: Final = timedelta(seconds=5)
PROGRAM_WITHIN_S: Final = 20.0

MissingMigrations = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is empty when there is nothing to mend."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str | bool]:
        return asdict(self)


async def examine(
    data_dir: Path,
    *,
    database_url: str | None,
    redis_url: str | None,
    host: str,
    port: int,
    missing_migrations: MissingMigrations,
) -> list[Finding]:
    """Everything a start needs, in the order a start needs it."""
    in_use = lock.is_held(data_dir, lock.OURS)
    findings = [_python(), _encoding(), _folder(data_dir), _space(data_dir)]
    if not (database_url and redis_url):
        findings.append(_holder(data_dir, in_use=in_use))
    findings.append(_port(host, port, in_use=in_use))
    if database_url:
        findings.extend(await _named_postgres(database_url, missing_migrations))
    else:
        findings.extend(await _embedded_postgres(data_dir, in_use=in_use))
    if redis_url:
        findings.append(await _named_redis(redis_url))
    else:
        findings.append(await _program("embedded Redis", binary, "--version", "REDIS_URL"))
    return findings


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", False, f"{found}", f"Install Python {oldest} or newer.")
    return Finding("Python", True, found)


def _encoding() -> Finding:
    """The servers bring their own locale; ours matters for printing Vietnamese."""
    found = locale.getpreferredencoding(False)
    if found.lower().replace("-", "") != "utf8":
        return Finding("locale", False, f"text is {found}, which lacks Vietnamese", "Set PYTHONUTF8=1.")
    return Finding("locale", True, found)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _folder(data_dir: Path) -> Finding:
    try:
        nearest = _existing(data_dir.absolute())
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"\0" * 8192)
            file.flush()
            os.fsync(file.fileno())
    except OSError as reason:
        return Finding(
            "data folder",
            False,
            f"{data_dir} cannot be written ({reason.strerror})",
            "Give it to the user who runs Motcua, or name another with MOTCUA_DATA_DIR.",
        )
    made = "" if nearest == data_dir.absolute() else " (made at the first start)"
    return Finding("data folder", True, f"{data_dir}{made}")


def _space(data_dir: Path) -> Finding:
    try:
        free = shutil.disk_usage(_existing(data_dir.absolute())).free
    except OSError as reason:
        return Finding("free space", False, f"unknown ({reason.strerror})", "Mend the data folder first.")
    detail = f"{free / 1e9:.1f} GB"
    if free < FREE_BYTES:
        return Finding(
            "free space", False, f"{detail} is too little",
            f"Free at least {FREE_BYTES / 1e9:.0f} GB, or move the folder with MOTCUA_DATA_DIR.",
        )  # fmt: skip
    return Finding("free space", True, detail)


def _holder(data_dir: Path, *, in_use: bool) -> Finding:
    """Whether servers of a run that is over still live there."""
    name = "earlier run"
    if in_use:
        return Finding(name, True, "a Motcua runs on this folder now")
    if lock.is_held(data_dir, lock.THEIRS):
        left = _processes_in(data_dir.absolute())
        pids = " ".join(str(server.pid) for server in left)
        return Finding(
            name,
            False,
            f"its servers still run ({', '.join(f'{s.name()} {s.pid}' for s in left) or 'unseen'})",
            f"Wait a moment; if they stay: kill -INT {pids}" if pids else "Look as their user or root.",
        )
    if _is_there(data_dir / "postgres" / "data" / "postmaster.pid"):
        return Finding(name, True, "PostgreSQL was cut off; the next start recovers its data")
    return Finding(name, True, "nothing is left of it")


def _processes_in(data_dir: Path) -> Sequence[psutil.Process]:
    """Servers by the folder they work in; PostgreSQL's own children are left out."""
    folders = {str(data_dir / "postgres" / "data"), str(data_dir / "redis")}
    found: dict[int, psutil.Process] = {}
    for running in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # gone since, or not ours to look at
            if running.cwd() in folders:
                found[running.pid] = running
    return [running for running in found.values() if running.ppid() not in found]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _port(host: str, port: int, *, in_use: bool) -> Finding:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as reason:
        if in_use:
            return Finding("port", True, f"{host}:{port} is in use while Motcua runs on this folder")
        return Finding(
            "port",
            False,
            f"{host}:{port} cannot be used ({reason.strerror})",
            "Stop what holds it, or choose another with MOTCUA_PORT.",
        )
    return Finding("port", True, f"{host}:{port} is free")


async def _named_postgres(url: str, missing: MissingMigrations) -> list[Finding]:
    name = "PostgreSQL"
    try:
        answer = await named.postgres(url)
    except ServersError as reason:
        return [Finding(name, False, reason.problem, reason.remedy)]
    findings = [Finding(name, True, f"{answer.version} at {answer.where}"), _clock(answer)]
    try:
        behind = await missing(url)
    except (OSError, asyncpg.PostgresError) as reason:
        return [*findings, Finding("migrations", False, str(reason), "Check the rights of its user.")]
    if behind:
        findings.append(
            Finding(
                "migrations", False, f"{len(behind)} missing, first {behind[0]}", "Run `motcua migrate`."
            )
        )
    else:
        findings.append(Finding("migrations", True, "at head"))
    return findings


def _clock(answer: named.Answer) -> Finding:
    skew = answer.ahead.total_seconds()
    if abs(answer.ahead) > GREATEST_SKEW:
        return Finding("clock", False, f"{answer.where} is {skew:+.1f} s off ours", "Let both follow NTP.")
    return Finding("clock", True, f"{answer.where} is {skew:+.3f} s off ours")


async def _named_redis(url: str) -> Finding:
    try:
        answer = await named.redis(url)
    except ServersError as reason:
        return Finding("Redis", False, reason.problem, reason.remedy)
    return Finding("Redis", True, f"{answer.version} at {answer.where}")


async def _embedded_postgres(data_dir: Path, *, in_use: bool) -> list[Finding]:
    findings = [
        await _program("embedded PostgreSQL", lambda: binaries() / "postgres", "--version", "DATABASE_URL")
    ]
    if process.needs_namespace():
        findings.append(await _namespace())
    if in_use:
        detail = "a start brings them to head, and one runs now"
    elif _is_there(data_dir / "postgres" / "data"):
        detail = "the next start brings them to head"
    else:
        detail = "the first start makes the database"
    return [*findings, Finding("migrations", True, detail)]


async def _program(name: str, find: Callable[[], Path], question: str, variable: str) -> Finding:
    """That a program of a wheel runs here at all: architecture, libc, a mount without exec."""
    try:
        program = find()
        child = await asyncio.create_subprocess_exec(
            program,
            question,
            env={"LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(child.communicate(), PROGRAM_WITHIN_S)
    except ServersError as reason:
        return Finding(name, False, reason.problem, reason.remedy)
    except OSError as reason:
        return Finding(
            name, False, f"does not run ({reason.strerror or 'no answer'})",
            f"Install the requirements anew where programs may run, or set {variable}.",
        )  # fmt: skip
    words = " ".join(said.decode(errors="replace").split())
    if child.returncode != 0:
        return Finding(name, False, f"does not run: {words}", f"Set {variable} to a server of your own.")
    return Finding(name, True, words)


async def _namespace() -> Finding:
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        ":",
        preexec_fn=process.as_child(end_signal=signal.SIGKILL, namespaced=True),
    )
    if await child.wait() == process.REFUSED:
        refused = process.namespaces_refused()
        return Finding("user namespace", False, refused.problem, refused.remedy)
    return Finding("user namespace", True, "PostgreSQL may run as nobody")
