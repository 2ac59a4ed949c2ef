"""Putting a backup back, and proving that what stands there is what was saved."""

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from app.backup import contents, figures, manifest, programs
from app.backup.age import Identities
from app.backup.errors import BackupError
from app.backup.manifest import Manifest
from app.core.keys import Keys

CHUNK: Final = 1 << 20
Told = Callable[[str, int, int], None]


class Comparison(NamedTuple):
    """What was compared, and a line per difference."""

    tables: int
    rows: int
    contents: int
    differences: list[str]

    def as_dict(self) -> dict[str, Any]:
        return self._asdict() | {"equal": not self.differences}


async def restore(
    database_url: str, folder: Path, *, keys: Keys, told: Told, identities: Identities | None = None
) -> Manifest:
    """Put the backup of `folder` into an empty database and the open store.

    Looks at everything before it writes anything: whole files, the right keys and identity, an empty
    database that is not older. The database is one transaction: it is there whole or not at all.
    Raises `BackupError`.
    """
    saved = manifest.read(folder)
    manifest.require_its_keys(saved, keys)
    opening = None
    if saved.recipients:
        opening = identities or Identities()
        opening.require(names=saved.recipients, probe=saved.probe)
    manifest.require_its_files(folder, saved)
    async with figures.snapshot(database_url) as seen:
        if not await figures.is_empty(seen.connection):
            raise BackupError(
                "This database is not empty. Name another one: restoring replaces nothing that is there."
            )
        if seen.postgres < saved.postgres:
            raise BackupError(
                f"The backup is of PostgreSQL {saved.postgres}, this server is {seen.postgres}."
                f" Restore into {saved.postgres} or newer."
            )
        postgres = seen.postgres
    # Contents first: a row that is there has its content, as it always had.
    told(manifest.CONTENTS, 0, 2)
    await contents.copy_in(folder, identities=opening)
    told(manifest.DUMP, 1, 2)
    await _load(database_url, folder / manifest.DUMP, postgres=postgres, identities=opening)
    return saved


async def _load(database_url: str, dump: Path, *, postgres: int, identities: Identities | None) -> None:
    """pg_restore reads from a pipe: what is decrypted touches no disk."""
    program = await programs.program("pg_restore", at_least=postgres)
    environment = dict(programs.environment(database_url))
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        try:
            child = await asyncio.create_subprocess_exec(
                program, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                "--no-password", "--dbname", environment["PGDATABASE"],
                env=environment, stdin=reading, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        finally:
            os.close(reading)
        giving = asyncio.create_task(asyncio.to_thread(_give, dump, pipe, identities))
        try:
            _, words = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()  # the pipe ends with it, and so does the thread that fills it
                await child.wait()
            await asyncio.wait({giving})
    giving.result()
    if child.returncode != 0:
        raise programs.failure("pg_restore", words)


def _give(dump: Path, pipe: BinaryIO, identities: Identities | None) -> None:
    with dump.open("rb") as file, suppress(BrokenPipeError), pipe:
        if identities is None:
            shutil.copyfileobj(file, pipe, CHUNK)
        else:
            identities.open_stream(file, _Willing(pipe), what=str(dump))


class _Willing:
    """A pipe whose reader may have gone: why is the reader's to say, and not that of who decrypts."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def write(self, data: bytes, /) -> int:
        with suppress(BrokenPipeError):
            self._pipe.write(data)
        return len(data)

    def flush(self) -> None:
        with suppress(BrokenPipeError):
            self._pipe.flush()


async def compare(database_url: str, folder: Path, *, told: Told) -> Comparison:
    """Recompute every figure of the manifest from what stands there now; changes nothing."""
    saved = manifest.read(folder)
    async with figures.snapshot(database_url) as seen:
        found = await figures.tables(seen.connection, told=told)
        reached = await figures.sequences(seen.connection)
    lines = figures.differences(saved.tables, found)
    # A sequence is outside every snapshot: it may have gone on while the dump was taken, never back.
    lines += [
        f"sequence {name}: behind" for name, at in saved.sequences.items() if reached.get(name, -1) < at
    ]
    told(manifest.CONTENTS, len(found), len(found))
    lines += await contents.differences(manifest.listed(folder))
    rows = sum(table.rows for table in found.values())
    return Comparison(len(found), rows, saved.contents, lines)
