"""Passwords of the embedded servers: random, written once, readable by their owner alone."""

import secrets
from pathlib import Path
from typing import Final

NAME: Final = "password"


def kept_in(folder: Path) -> str:
    """The folder's password, made on the first call. A full disk leaves none rather than half of one."""
    file = folder / NAME
    if not file.exists():
        unfinished = folder / f"{NAME}.new"
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(24), encoding="ascii")
        unfinished.replace(file)
    return file.read_text(encoding="ascii")
