"""pg_dump and pg_restore: the embedded server's own, or those on the path."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from app.backup.errors import BackupError
from app.servers import ServersError
from app.servers.postgres import binaries

MAJOR: Final = re.compile(rb"\(PostgreSQL\) (\d+)")
LAST_WORDS: Final = 400


async def program(name: str, *, at_least: int) -> Path:
    """A program of this major version or newer: an older pg_dump refuses a newer server."""
    for candidate in _candidates(name):
        child = await asyncio.create_subprocess_exec(
            candidate, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        told, _ = await child.communicate()
        found = MAJOR.search(told)
        if found and int(found[1]) >= at_least:
            return candidate
    raise BackupError(f"No {name} of PostgreSQL {at_least} is here. Install postgresql-client-{at_least}.")


def _candidates(name: str) -> Sequence[Path]:
    found = []
    with contextlib.suppress(ServersError):  # without the embedded server: the distribution's client
        found.append(binaries() / name)
    on_path = shutil.which(name)
    return [*found, *([Path(on_path)] if on_path else [])]


def environment(database_url: str) -> Mapping[str, str]:
    """The address as libpq reads it. Never on a command line: everybody on the machine can read those."""
    parts = urlsplit(database_url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    told = {
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": query.get("port") or str(parts.port or ""),
        "PGUSER": unquote(parts.username or query.get("user", "")),
        "PGPASSWORD": unquote(parts.password or query.get("password", "")),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGSSLMODE": query.get("sslmode", ""),
        "PGSSLROOTCERT": query.get("sslrootcert", ""),
        "PGTZ": "UTC",
        "LC_ALL": "C",
    }
    return {name: value for name, value in told.items() if value}


def failure(name: str, words: bytes) -> BackupError:
    """What a program said when it ended badly, in one line."""
    told = " ".join(words.decode(errors="replace").split())
    return BackupError(f"{name} failed: {told[-LAST_WORDS:] or 'it said nothing'}")
