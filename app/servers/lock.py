"""One process per data folder, and one generation of servers.

Two locks, because two things end at different moments. `lock` is ours alone. `servers.lock` is inherited
by the servers, so it stays held while any of them lives: after `kill -9` they need a moment to end, and
a new start waits for that instead of writing to the same files beside them.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from app.servers.errors import ServersError

OURS: Final = "lock"
THEIRS: Final = "servers.lock"
ENDED_WITHIN_S: Final = 120.0  # a fast shutdown of a busy PostgreSQL writes a checkpoint first
ASK_EVERY_S: Final = 0.05


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[Path]:
    """Hold the folder, and know it by its absolute path; the kernel lets go however this process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = _open(folder / OURS)
    except OSError as reason:
        raise ServersError(
            f"The data folder {folder} cannot be used ({reason.strerror}).",
            "Name another with MOTCUA_DATA_DIR.",
        ) from reason
    try:
        if not _taken(descriptor):
            raise ServersError(
                f"The data folder {folder} is in use by another Motcua.",
                "Stop that one, or name another folder with MOTCUA_DATA_DIR.",
            )
        yield folder.absolute()
    finally:
        os.close(descriptor)


@contextlib.asynccontextmanager
async def handed_down(folder: Path) -> AsyncIterator[int]:
    """A descriptor for the servers to inherit, once those of an earlier run have ended."""
    descriptor = _open(folder / THEIRS)
    try:
        try:
            async with asyncio.timeout(ENDED_WITHIN_S):
                while True:
                    if _taken(descriptor):
                        break
                    await asyncio.sleep(ASK_EVERY_S)  # between questions to the kernel
        except TimeoutError as reason:
            raise ServersError(
                f"Servers of an earlier run still use {folder}.",
                "`motcua doctor` names them; stop them with `kill -INT`.",
            ) from reason
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(folder: Path, name: str) -> bool:
    """Whether somebody holds this lock now. Creates nothing."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _taken(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
