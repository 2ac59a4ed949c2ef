"""Where the product is heard: its logs in this process, its child processes, their files, its figures.

Only the edges of the test's own process are touched, and nothing of what passes them is changed.
"""

import asyncio
import contextlib
import functools
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from prometheus_client import generate_latest

from app.core.crypto import Secret
from app.core.keys import Keys
from app.entrance import configure_logging
from notifications.emulator.mailbox import Mailbox
from tests.canaries.net import NET

# What a process of ours is told and nobody else should hear.
SECRET_NAMES: Final = re.compile(r"(?:TOKEN|PASSWORD|SECRET|SECRET_KEY)$")
ADDRESSES: Final = ("DATABASE_URL", "REDIS_URL")
READ_AT_ONCE: Final = 1 << 20
LOGS: Final = ("*.log", "*/*.log")


class Ear:
    """The stream our logs go to: heard, then shown where pytest keeps what a test said."""

    def write(self, text: str) -> int:
        NET.look("a log of the test's process", text)
        with contextlib.suppress(ValueError):  # closed: pytest is between two captures
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(ValueError):
            sys.stderr.flush()


class Files:
    """Log files of processes and who started them, each read on from where it was read to."""

    def __init__(self) -> None:
        self._read_to: dict[Path, tuple[int, str]] = {}
        self._folders: dict[Path, str] = {}

    def follow(self, path: Path, *, test: str) -> None:
        self._read_to.setdefault(path, (path.stat().st_size, test))

    def follow_folder(self, folder: Path, *, test: str) -> None:
        """The data folder of a process: its children write their logs there."""
        self._folders.setdefault(folder, test)

    def read(self, *, only_of: str | None = None) -> None:
        """All, or those whose process one test started: its folder may go with it."""
        for folder, test in self._folders.items():
            if only_of in {None, test}:
                for path in (each for pattern in LOGS for each in folder.glob(pattern)):
                    self._read_to.setdefault(path, (0, test))
        for path, (at, test) in self._read_to.items():
            if only_of in {None, test}:
                with contextlib.suppress(OSError):  # gone with its test
                    self._read_to[path] = (_look_through(path, at, test), test)


def _look_through(path: Path, at: int, test: str) -> int:
    """Look at what came since; how far it was read."""
    with path.open("rb") as file:
        file.seek(at)
        while lines := file.readlines(READ_AT_ONCE):
            NET.look(f"the log {path.name}", b"".join(lines).decode(errors="replace"), test=test)
        return file.tell()


FILES: Final = Files()


def listen() -> None:
    """Hear this process from here on."""
    with contextlib.redirect_stderr(Ear()):
        configure_logging("debug")
    _hear_children()
    _hear_figures()
    _hear_secrets()


def _hear_children() -> None:
    begun = subprocess.Popen.__init__
    ended = subprocess.Popen.communicate
    ended_in_loop = asyncio.subprocess.Process.communicate

    @functools.wraps(begun)
    def begin(self: Any, args: Any, *positional: Any, **named: Any) -> None:
        _note_child(named)
        begun(self, args, *positional, **named)

    @functools.wraps(ended)
    def end(self: Any, *args: Any, **named: Any) -> Any:
        said = ended(self, *args, **named)
        _note_complaint(said[1])
        return said

    @functools.wraps(ended_in_loop)
    async def end_in_loop(self: Any, *args: Any, **named: Any) -> Any:
        said = await ended_in_loop(self, *args, **named)
        _note_complaint(said[1])
        return said

    subprocess.Popen.__init__ = begin  # type: ignore[method-assign]
    subprocess.Popen.communicate = end  # type: ignore[method-assign]
    asyncio.subprocess.Process.communicate = end_in_loop  # type: ignore[method-assign]


def _note_child(named: Mapping[str, Any]) -> None:
    environment: Mapping[str, str] = named.get("env") or {}
    for name, value in environment.items():
        if SECRET_NAMES.search(name):
            NET.secret(value)
    for name in ADDRESSES:
        NET.secret(urlsplit(environment.get(name, "")).password or "")
    if folder := environment.get("MOTCUA_DATA_DIR"):
        FILES.follow_folder(Path(folder), test=NET.test)
    for stream in (named.get("stdout"), named.get("stderr")):
        if path := _file_of(stream):
            FILES.follow(path, test=NET.test)


def _file_of(stream: Any) -> Path | None:
    """The log file behind what a child is given to write to."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        number = stream if isinstance(stream, int) else stream.fileno()
        if number > 2 and stream not in {subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT}:
            path = Path(f"/proc/self/fd/{number}").readlink()
            return path if path.is_file() else None
    return None


def _note_complaint(said: bytes | str | None) -> None:
    if said:
        NET.look("stderr of a process", said if isinstance(said, str) else said.decode(errors="replace"))


def _hear_figures() -> None:
    sent = httpx.AsyncClient.send

    @functools.wraps(sent)
    async def send(self: Any, request: httpx.Request, **named: Any) -> httpx.Response:
        answer = await sent(self, request, **named)
        if request.url.path == "/metrics" and answer.is_closed:
            NET.look("/metrics", answer.text)
        return answer

    httpx.AsyncClient.send = send  # type: ignore[method-assign]


def look_at_own_figures() -> None:
    """What this process would have told whoever had asked."""
    NET.look("the figures of the test's process", generate_latest().decode(), test="")


def _hear_secrets() -> None:
    """What is secret here: what the configuration calls so, codes made or tried, codes in messages."""
    digest, add = Keys.code_digest, Mailbox.add

    def make(kind: type[Secret], value: object = "") -> Secret:
        NET.secret(str(value))
        return str.__new__(kind, value)

    @functools.wraps(digest)
    def code_digest(self: Keys, purpose: str, value: str) -> bytes:
        NET.code(value)
        return digest(self, purpose, value)

    @functools.wraps(add)
    def added(self: Mailbox, form: dict[str, str]) -> Any:
        if "OTP" in form.get("Body", ""):
            for code in re.findall(r"\b\d{6}\b", form["Body"]):
                NET.code(code)
        return add(self, form)

    Secret.__new__ = make  # type: ignore[method-assign,assignment]
    Keys.code_digest = code_digest  # type: ignore[method-assign]
    Mailbox.add = added  # type: ignore[method-assign]
