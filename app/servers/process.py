"""Children that cannot outlive us.

On Linux the kernel signals a child when its parent dies (`PR_SET_PDEATHSIG`), so even `kill -9` leaves
nothing behind. PostgreSQL refuses to run as root, and as a number without an account; a user namespace in
which we are called nobody satisfies it without a new user, a changed permission or a copied file.
"""

import asyncio
import contextlib
import ctypes
import os
import pwd
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.servers.errors import ServersError

PR_SET_PDEATHSIG: Final = 1
CLONE_NEWUSER: Final = 0x10000000
NOBODY: Final = 65534
REFUSED: Final = 126  # exit code of a child that may not have a user namespace
STOP_WITHIN_S: Final = 30.0
LAST_LINES: Final = 12
REASON: Final = re.compile(r"(?:FATAL|PANIC|HINT|error):.*")


def needs_namespace() -> bool:
    """Whether PostgreSQL has to see somebody else: it refuses root, and a number without an account."""
    return sys.platform == "linux" and (os.geteuid() == 0 or not _has_account())


def _has_account() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def as_child(*, end_signal: signal.Signals, namespaced: bool) -> Callable[[], None]:
    """What runs in the child between fork and exec: one thread, no allocation to speak of."""
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent, user, group = os.getpid(), os.geteuid(), os.getegid()

    def prepare() -> None:
        if namespaced:
            if libc.unshare(CLONE_NEWUSER) != 0:
                os._exit(REFUSED)
            try:
                _write("/proc/self/setgroups", "deny")
                _write("/proc/self/uid_map", f"{NOBODY} {user} 1")
                _write("/proc/self/gid_map", f"{NOBODY} {group} 1")
            except OSError:  # some distributions allow the namespace and refuse the mapping
                os._exit(REFUSED)
        libc.prctl(PR_SET_PDEATHSIG, end_signal)
        if os.getppid() != parent:  # died before the line above; nobody would tell us
            os._exit(125)

    return prepare


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


async def start(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    end_signal: signal.Signals,
    namespaced: bool,
    inherited: int,
) -> asyncio.subprocess.Process:
    """Start a server whose words go to a log file, in a group of its own (Ctrl-C is ours alone)."""
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *(str(argument) for argument in arguments),
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(inherited,),
            preexec_fn=as_child(end_signal=end_signal, namespaced=namespaced),
        )
    if sys.platform != "linux":
        await watch(child, end_signal)
    return child


async def watch(child: asyncio.subprocess.Process, end_signal: signal.Signals) -> None:
    """Where the kernel tells no child of its parent's death, a shell does.

    It reads from a pipe that only we hold open: an end of file means we are gone, a line means that the
    child ended before us.
    """
    watcher = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        'read -r _ || kill -s "$1" "$2"',
        "sh",
        end_signal.name.removeprefix("SIG"),
        str(child.pid),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    release = asyncio.create_task(_release(child, watcher))
    _RELEASES.add(release)
    release.add_done_callback(_RELEASES.discard)


_RELEASES: Final[set[asyncio.Task[None]]] = set()  # a loop holds its tasks only weakly


async def _release(child: asyncio.subprocess.Process, watcher: asyncio.subprocess.Process) -> None:
    await child.wait()
    await watcher.communicate(b"\n")


async def stop(process: asyncio.subprocess.Process, by: signal.Signals) -> None:
    """Ask, wait, insist."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(by)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def last_words(log: Path) -> str:
    """What a server's log says of its end, for an error message."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    except OSError:
        return "it left no log"
    reasons = [found[0] for line in lines if (found := REASON.search(line))]
    return " ".join(reasons[:2] or lines[-2:]).rstrip(".")


def namespaces_refused() -> ServersError:
    return ServersError(
        "PostgreSQL runs neither as root nor without an account, and this system refuses the user"
        " namespace that would help.",
        "Run as an ordinary user with an account, or set DATABASE_URL to a server of your own.",
    )
