"""Seals of the journal (pure): what is signed about a run of lines, and which line is not as it was.

A line is hashed as a JSON array of its columns, texts without blanks between them, times in UTC to the
microsecond. A seal follows the one before by its hash, so none can be taken out of the middle.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core.canonical import canonical, chain_hash
from app.core.clock import local
from app.http import signed_words
from app.http.tokens import SigningKey

TYPE: Final = "motcua-journal-seal"
NUMBER_BYTES: Final = 8
MARK_BYTES: Final = 16


class JournalLine(NamedTuple):
    """One line of the journal with its number; `detail` is PostgreSQL's spelling of it."""

    seq: int
    id: uuid.UUID
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    object_kind: str
    object_id: str
    detail: str
    request_id: str

    def sha256(self) -> bytes:
        values = [self.seq, str(self.id), self.at.astimezone(UTC).isoformat(timespec="microseconds")]
        return hashlib.sha256(msgspec.json.encode([*values, *self[3:]])).digest()


class Root:
    """SHA-256 over numbers and hashes of lines, in the order of their numbers, and a mark of each."""

    def __init__(self) -> None:
        self.lines = 0
        self.last = 0
        self._digest = hashlib.sha256()
        self._marks = bytearray()

    def add(self, line: JournalLine) -> None:
        self.lines, self.last = self.lines + 1, line.seq
        told = line.seq.to_bytes(NUMBER_BYTES) + line.sha256()
        self._digest.update(told)
        self._marks += told[:MARK_BYTES]

    def hex(self) -> str:
        return self._digest.hexdigest()

    def marks(self) -> bytes:
        return bytes(self._marks)


class Seal(NamedTuple):
    """What is stored of one seal."""

    n: int
    upto: int
    made_at: datetime
    body: str
    kid: str
    signature: bytes
    hash: bytes
    marks: bytes

    def printed(self) -> str:
        """header.payload.signature, to be kept outside."""
        return signed_words.printed(TYPE, self.kid, self.body, self.signature)


def make(*, n: int, after: int, previous: bytes, root: Root, key: SigningKey, made_at: datetime) -> Seal:
    """The seal of the lines in `root`, whose numbers are greater than `after`."""
    body: dict[str, Any] = {
        "n": n,
        "previous": previous.hex(),
        "after": after,
        "upto": root.last,
        "lines": root.lines,
        "root": root.hex(),
        "made_at": local(made_at).isoformat(),
    }
    spelled = canonical(body).decode()
    return Seal(
        n=n,
        upto=root.last,
        made_at=made_at,
        body=spelled,
        kid=key.kid,
        signature=signed_words.sign(TYPE, spelled, key),
        hash=chain_hash(previous, body),
        marks=root.marks(),
    )


def is_signed(seal: Seal, key: SigningKey) -> bool:
    return key.kid == seal.kid and signed_words.is_signed(TYPE, seal.body, seal.signature, key)


def first_difference(marked: bytes, found: bytes) -> tuple[int, str] | None:
    """The number of the first line that is not as it was marked, and what happened to it; or None."""
    before, now = dict(_unpacked(marked)), dict(_unpacked(found))
    for number in sorted(before.keys() | now.keys()):
        if before.get(number) != now.get(number):
            return number, _what_happened(before.get(number), now.get(number))
    return None


def _what_happened(before: bytes | None, now: bytes | None) -> str:
    if before is None:
        return "it was put in after its seal"
    return "it was taken out" if now is None else "it is not what was sealed"


def _unpacked(marks: bytes) -> Iterable[tuple[int, bytes]]:
    found: Sequence[bytes] = [marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)]
    return [(int.from_bytes(mark[:NUMBER_BYTES]), mark[NUMBER_BYTES:]) for mark in found]
