"""Children that cannot outlive us.

On Linux the kernel signals a child when its parent dies (`PR_SET_PDEATHSIG`), so even `kill -9` leaves
nothing behind. PostgreSQL refuses to run as root; a user namespace in which root is called nobody
satisfies it without a new user, a changed permission or a copied file.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.servers.errors import ServersError

PR_SET_PDEATHSIG: Final = 1
CLONE_NEWUSER: Final = 0x10000000
NOBODY: Final = 65534
STOP_WITHIN_S: Final = 30.0


def needs_namespace() -> bool:
    """Root on Linux: PostgreSQL has to see somebody else."""
    return sys.platform == "linux" and os.geteuid() == 0


def as_child(*, end_signal: signal.Signals, namespaced: bool) -> Callable[[], None]:
    """What runs in the child between fork and exec: one thread, no allocation to speak of."""
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if namespaced:
            if libc.unshare(CLONE_NEWUSER) != 0:
                os._exit(126)
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{NOBODY} 0 1")
            _write("/proc/self/gid_map", f"{NOBODY} 0 1")
        libc.prctl(PR_SET_PDEATHSIG, end_signal)
        if os.getppid() != parent and not namespaced:
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
) -> asyncio.subprocess.Process:
    """Start a server whose words go to a log file, in a group of its own (Ctrl-C is ours alone)."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(str(argument) for argument in arguments),
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=as_child(end_signal=end_signal, namespaced=namespaced),
        )


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


def last_words(log: Path, *, lines: int = 3) -> str:
    """The end of a server's log, for an error message."""
    with contextlib.suppress(OSError):
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    return ""


def namespaces_refused() -> ServersError:
    return ServersError(
        "This system does not let root start PostgreSQL in a user namespace.",
        "Run as an ordinary user, or set DATABASE_URL to a server of your own.",
    )
