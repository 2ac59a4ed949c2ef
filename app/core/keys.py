"""The installation's keys: one file, read at the entrance, never in the database.

A key file is made on first start in the data folder (mode 0600), or named by `MOTCUA_KEYS_FILE` in
production. Losing it loses every encrypted personal number: it belongs in the backup plan
(`docs/runbooks/keys.md`).
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from app.core.crypto import Keyring

FILE_NAME: Final = "keys.json"


class KeysMissing(Exception):
    """The named key file cannot be read."""


class _KeyFile(msgspec.Struct):
    signing: dict[str, str]
    """kid → PEM of an EC P-256 key; the first one signs."""
    fields: dict[int, str]
    """key id → 32 bytes in hex; the highest id encrypts."""
    index: str
    codes: str
    pages: str


@dataclass(frozen=True, repr=False)
class Keys:
    """`fields` encrypts columns, `index` finds them, `codes` guards short codes, `pages` CSRF tokens."""

    signing: dict[str, str]
    fields: Keyring
    index: bytes
    codes: bytes
    pages: bytes

    def code_digest(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of a short secret: a bare hash of six digits hides nothing."""
        return hmac.new(self.codes, f"{purpose}|{value}".encode(), hashlib.sha256).digest()


def load(path: Path) -> Keys:
    """Read a key file."""
    try:
        raw = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
    except (OSError, msgspec.MsgspecError) as reason:
        raise KeysMissing(f"The key file {path} cannot be read: {reason}") from reason
    return Keys(
        signing=raw.signing,
        fields=Keyring({number: bytes.fromhex(key) for number, key in raw.fields.items()}),
        index=bytes.fromhex(raw.index),
        codes=bytes.fromhex(raw.codes),
        pages=bytes.fromhex(raw.pages),
    )


def load_or_make(path: Path, *, signing_pem: str, kid: str) -> Keys:
    """Read the key file of a data folder, making it on the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = _KeyFile(
            signing={kid: signing_pem},
            fields={1: secrets.token_hex(32)},
            index=secrets.token_hex(32),
            codes=secrets.token_hex(32),
            pages=secrets.token_hex(32),
        )
        # Two processes may start at once: the first to link the finished file wins.
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(made)))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return load(path)


_installed: list[Keys] = []


def install(keys: Keys) -> None:
    """Give the process its keys, once, at the entrance."""
    _installed[:] = [keys]


def keys() -> Keys:
    if not _installed:
        raise RuntimeError("The keys were not installed at the entrance.")
    return _installed[0]
