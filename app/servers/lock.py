"""One process per data folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from app.servers.errors import ServersError


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it however this process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as reason:
        raise ServersError(
            f"The data folder {folder} cannot be used ({reason.strerror}).",
            "Name another with MOTCUA_DATA_DIR.",
        ) from reason
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as reason:
            raise ServersError(
                f"The data folder {folder} is in use by another Motcua.",
                "Stop that one, or name another folder with MOTCUA_DATA_DIR.",
            ) from reason
        yield
    finally:
        os.close(descriptor)
