"""The manifest: what a backup holds, so that a restored system can be told equal to it."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from app.backup.errors import BackupError
from app.core.crypto import DecryptionFailed
from app.core.keys import Keys

PLAIN: Final = 1
ENCRYPTED: Final = 2
NAME: Final = "manifest.json"
DUMP: Final = "database.dump"
CONTENTS: Final = "contents"
LISTING: Final = "contents.list"
PROBE_PLACE: Final = "backup|manifest|probe"
PROBE: Final = b"motcua"


class TableFigures(msgspec.Struct, frozen=True):
    """One table as the snapshot saw it: how many rows, SHA-256 over all of them in the key's order."""

    rows: int
    sha256: str


class FileFigures(msgspec.Struct, frozen=True):
    bytes: int
    sha256: str


class KeysSeen(msgspec.Struct, frozen=True):
    """Tells one key file from another, and nothing of the keys.

    `codes` is an HMAC of a fixed word, `field` a fixed word sealed with the newest field key.
    """

    codes: str
    field: str
    signing: list[str]


class Manifest(msgspec.Struct, frozen=True):
    """`gone` are contents that rows of the snapshot name and the store did not have (SHA-256, hex).

    `recipients` are those an encrypted backup is for; `probe` is a fixed word that only they can read.
    """

    format: int
    made_at: datetime
    postgres: int
    migrations: list[str]
    tables: dict[str, TableFigures]
    sequences: dict[str, int]
    dump: FileFigures
    contents: int
    listing: FileFigures
    gone: list[str]
    keys: KeysSeen
    recipients: list[str] = []
    probe: bytes = b""


def seen(keys: Keys) -> KeysSeen:
    return KeysSeen(
        codes=keys.code_digest("backup", "which keys").hex(),
        field=keys.fields.encrypt(PROBE, place=PROBE_PLACE).hex(),
        signing=list(keys.signing),
    )


def require_its_keys(manifest: Manifest, keys: Keys) -> None:
    """Raise `BackupError` unless these keys open what the backup holds and know who signed it."""
    told = manifest.keys
    try:
        opens = keys.fields.decrypt(bytes.fromhex(told.field), place=PROBE_PLACE) == PROBE
    except DecryptionFailed:
        opens = False
    same = keys.code_digest("backup", "which keys").hex() == told.codes
    if not (opens and same and set(told.signing) <= set(keys.signing)):
        raise BackupError(
            "The key file here is not the one this backup was made with. Put that one in its place:"
            " docs/runbooks/keys.md."
        )


def write(folder: Path, manifest: Manifest) -> None:
    """Last, and at once: it is whole or absent, also after a power cut, and so is all it tells of."""
    # Contents, listing and their folders, before anything says that they are there. All at once: one by one
    # is a turn of the disk for each of a million contents, while one call writes them as the disk likes it.
    os.sync()
    draft = folder / f"{NAME}.partial"
    with draft.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / NAME)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path) -> Manifest:
    """Raises `BackupError` when the folder holds no whole backup of a known format."""
    try:
        manifest = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError as reason:
        raise BackupError(
            f"{folder} holds no whole backup: {NAME} is missing. It is written last; take an older one."
        ) from reason
    except (OSError, msgspec.MsgspecError) as reason:
        raise BackupError(f"{folder / NAME} cannot be read: {reason}") from reason
    if manifest.format not in {PLAIN, ENCRYPTED}:
        raise BackupError(
            f"{folder} has format {manifest.format}; this program knows {PLAIN} and {ENCRYPTED}."
        )
    return manifest


def require_its_files(folder: Path, manifest: Manifest) -> None:
    """Raise `BackupError` unless dump and listing are byte for byte what was written."""
    for name, told in ((DUMP, manifest.dump), (LISTING, manifest.listing)):
        if figures(folder / name) != told:
            raise BackupError(f"{folder / name} is not what was written. Take another backup.")


def figures(path: Path) -> FileFigures:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileFigures(file.tell(), digest)
    except OSError as reason:
        raise BackupError(f"{path} cannot be read: {reason.strerror}") from reason


def listed(folder: Path) -> Iterator[str]:
    """Digests (hex) of the contents, as the listing names them."""
    with (folder / LISTING).open(encoding="ascii") as file:
        for line in file:
            yield line.strip()
