"""The object store's contents: copied out and in by their digest, which proves each on its way."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from app.backup import manifest
from app.backup.age import Identities, Recipients
from app.backup.errors import BackupError
from app.backup.figures import Connection
from app.documents import store

# Everything of the database that names a content.
NAMED: Final = """
SELECT DISTINCT sha256 FROM (
    SELECT sha256 FROM document UNION ALL SELECT clean_sha256 FROM document
    UNION ALL SELECT signed_sha256 FROM document UNION ALL SELECT sha256 FROM scan_part
    UNION ALL SELECT sha256 FROM document_signature) named
WHERE sha256 IS NOT NULL ORDER BY sha256
"""
AT_ONCE: Final = 1000


async def copy_out(folder: Path, *, recipients: Recipients) -> int:
    """Copy every content of the store, and list them; how many. Raises `BackupError` on a bad one.

    Contents are written before the row that names them, so what is there after the snapshot began covers
    all its rows. More is harmless: nothing names it.
    """
    copied = 0
    with (folder / manifest.LISTING).open("w", encoding="ascii") as listing:
        async for digest in store.digests():
            try:
                content = await store.read(digest)
            except store.StoreUnavailable:
                if await store.has(digest):
                    raise
                continue  # retention took it away since it was listed; `gone` tells if a row still names it
            _require(digest, content, "the document store")
            path = _path(folder, digest.hex())
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(recipients.close(content))
            listing.write(f"{digest.hex()}\n")
            copied += 1
    return copied


async def copy_in(folder: Path, *, identities: Identities | None) -> int:
    """Put every listed content into the store; how many. Raises `BackupError` on a missing or bad one.

    `identities` is None of a backup that is not encrypted.
    """
    copied = 0
    for name in manifest.listed(folder):
        try:
            content = _path(folder, name).read_bytes()
        except OSError as reason:
            raise BackupError(f"The backup lacks content {name}: {reason.strerror}.") from reason
        if identities is not None:
            content = identities.open(content, what=f"Content {name} in the backup")
        _require(bytes.fromhex(name), content, "the backup")
        await store.put(bytes.fromhex(name), content)
        copied += 1
    return copied


async def named(connection: Connection) -> AsyncIterator[bytes]:
    """Digests that rows of the open snapshot name."""
    async for row in connection.cursor(NAMED, prefetch=AT_ONCE):
        yield row["sha256"]


async def gone(connection: Connection, folder: Path) -> list[str]:
    """Contents that rows name and the backup does not hold."""
    return [digest.hex() async for digest in named(connection) if not _path(folder, digest.hex()).exists()]


async def differences(names: Iterable[str]) -> list[str]:
    """A line per content that is not in the store as its name says."""
    lines = []
    for name in names:
        try:
            content = await store.read(bytes.fromhex(name))
        except store.StoreUnavailable:
            lines.append(f"content {name}: missing")
            continue
        if hashlib.sha256(content).hexdigest() != name:
            lines.append(f"content {name}: it is another")
    return lines


def _require(digest: bytes, content: bytes, where: str) -> None:
    if hashlib.sha256(content).digest() != digest:
        raise BackupError(
            f"Content {digest.hex()} in {where} is not what its name says. Take it from an older backup."
        )


def _path(folder: Path, name: str) -> Path:
    return folder / manifest.CONTENTS / name[: store.FANOUT] / name
