"""Making a backup, beside whatever load there is."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from app.backup import age, contents, figures, manifest, programs
from app.backup.age import Recipients
from app.backup.errors import BackupError
from app.backup.figures import Snapshot
from app.backup.manifest import FileFigures, Manifest
from app.core.keys import Keys

CHUNK: Final = 1 << 20
Told = Callable[[str, int, int], None]


async def save(
    database_url: str, folder: Path, *, keys: Keys, told: Told, recipients: Recipients | None = None
) -> Manifest:
    """Write a backup into `folder`, which must be new or empty; the store must be open.

    Dump and figures are of one exported snapshot, so they agree whatever is written meanwhile. Contents are
    copied after it began. Nothing is written in the clear where there are recipients. Raises `BackupError`;
    what it leaves behind then has no manifest.
    """
    recipients = recipients or Recipients()
    _require_room(folder)
    async with figures.snapshot(database_url) as seen:
        migrations = await figures.migrations(seen.connection)
        # Beside the figures, not after them: a snapshot that is held long keeps dead rows alive.
        # No snapshot holds a sequence: read before the dump begins, the dump has reached at least this.
        sequences = await figures.sequences(seen.connection)
        dumping = asyncio.create_task(_dump(database_url, seen, folder / manifest.DUMP, recipients))
        try:
            counted = await figures.tables(seen.connection, told=told)
            told(manifest.DUMP, len(counted), len(counted))
            dump = await dumping
        finally:
            dumping.cancel()
            with suppress(asyncio.CancelledError, BackupError):
                await dumping
        told(manifest.CONTENTS, len(counted), len(counted))
        copied = await contents.copy_out(folder, recipients=recipients)
        made = Manifest(
            format=manifest.ENCRYPTED if recipients.names else manifest.PLAIN,
            made_at=seen.at,
            postgres=seen.postgres,
            migrations=migrations,
            tables=counted,
            sequences=sequences,
            dump=dump,
            contents=copied,
            listing=manifest.figures(folder / manifest.LISTING),
            gone=await contents.gone(seen.connection, folder),
            keys=manifest.seen(keys),
            recipients=recipients.names,
            probe=recipients.close(age.PROBE) if recipients.names else b"",
        )
    manifest.write(folder, made)
    return made


def _require_room(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        occupied = next(folder.iterdir(), None)
    except OSError as reason:
        raise BackupError(f"{folder} cannot be used ({reason.strerror}).") from reason
    if occupied is not None:
        raise BackupError(f"{folder} is not empty. Name a new folder for each backup.")


async def _dump(database_url: str, seen: Snapshot, path: Path, recipients: Recipients) -> FileFigures:
    """pg_dump's custom format of the snapshot, written and hashed as it comes."""
    program = await programs.program("pg_dump", at_least=seen.postgres)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        try:
            child = await asyncio.create_subprocess_exec(
                program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={seen.name}",
                "--lock-wait-timeout=60s", "--no-password",
                env=dict(programs.environment(database_url)), stdin=asyncio.subprocess.DEVNULL,
                stdout=writing, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        finally:
            os.close(writing)
        try:
            written, (_, words) = await asyncio.gather(
                asyncio.to_thread(_take, pipe, path, recipients), child.communicate()
            )
        finally:
            if child.returncode is None:
                child.kill()  # the pipe ends with it, and so does the thread that reads it
                await child.wait()
    if child.returncode != 0:
        raise programs.failure("pg_dump", words)
    return written


def _take(pipe: BinaryIO, path: Path, recipients: Recipients) -> FileFigures:
    with path.open("wb") as file:
        target = _Hashed(file)
        if recipients.names:
            recipients.close_stream(pipe, target)
        else:
            while chunk := pipe.read(CHUNK):
                target.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return target.figures()


class _Hashed:
    """A file whose figures are known once it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes, /) -> int:
        self._digest.update(data)
        self._size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def figures(self) -> FileFigures:
        return FileFigures(self._size, self._digest.hexdigest())
