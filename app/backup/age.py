"""Backups that only their recipient opens, in the age format (https://age-encryption.org/v1).

A recipient is a public key: the machine that makes backups can make them and not read them. What opens them
is an identity file, kept where the key file is kept. Whoever has `age` can open the files without us.

Encrypted are the dump and every content. The manifest is not: counts, digests, names of tables, for whom.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pyrage

from app.backup.errors import BackupError

# Encrypted beside the rest, so that a wrong identity is told before anything is written.
PROBE: Final = b"motcua backup"


class _Writer(Protocol):
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


class Recipients:
    """For whom; nobody means that nothing is encrypted."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Names as `age-keygen` prints them, `age1…`. Raises `BackupError`."""
        self.names = list(names)
        self._keys = [_recipient(name) for name in names]

    def close(self, content: bytes) -> bytes:
        if not self._keys:
            return content
        closed: bytes = pyrage.encrypt(content, self._keys)
        return closed

    def close_stream(self, source: BinaryIO, target: _Writer) -> None:
        """Needs recipients."""
        pyrage.encrypt_io(source, target, self._keys)


class Identities:
    """Who opens: the identities of one file."""

    def __init__(self, path: Path | None = None) -> None:
        """A file as `age-keygen` writes it. Raises `BackupError`."""
        self._keys = [] if path is None else _identities(path)

    def require(self, *, names: Sequence[str], probe: bytes) -> None:
        """Raise `BackupError` unless one of these opens what was encrypted for `names`."""
        theirs = ", ".join(names)
        if not self._keys:
            raise BackupError(f"This backup is encrypted for {theirs}. Name its identity file: --identity.")
        try:
            opened = pyrage.decrypt(probe, self._keys)
        except pyrage.DecryptError:
            opened = b""
        if opened != PROBE:
            raise BackupError(
                f"No identity of this file opens the backup. It is encrypted for {theirs};"
                " `age-keygen -y FILE` tells whose a file is."
            )

    def open(self, content: bytes, *, what: str) -> bytes:
        try:
            opened: bytes = pyrage.decrypt(content, self._keys)
        except pyrage.DecryptError as reason:
            raise _altered(what) from reason
        return opened

    def open_stream(self, source: BinaryIO, target: _Writer, *, what: str) -> None:
        try:
            pyrage.decrypt_io(source, target, self._keys)
        except pyrage.DecryptError as reason:
            raise _altered(what) from reason


def _altered(what: str) -> BackupError:
    return BackupError(f"{what} cannot be decrypted: it was cut or changed. Take another backup.")


def _recipient(name: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(name.strip())
    except pyrage.RecipientError as reason:
        raise BackupError(f"{name} is no recipient: `age-keygen -y FILE` prints one, age1…") from reason


def _identities(path: Path) -> list[pyrage.x25519.Identity]:
    """The identities of a file; its other lines are comments. An error never quotes a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as reason:
        raise BackupError(f"The identity file {path} cannot be read.") from reason
    told = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in told]
    except pyrage.IdentityError:
        raise BackupError(
            f"{path} is no identity file: each line is AGE-SECRET-KEY-1… or begins with #."
        ) from None
    if not found:
        raise BackupError(f"{path} holds no identity.")
    return found
