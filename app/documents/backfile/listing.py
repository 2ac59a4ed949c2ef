"""The list itself: `backfile.csv` in the folder, UTF-8, with commas or semicolons.

Every line is read by itself: a quote left open spoils its line and no other. A cell holds no line break.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from app.documents.backfile.reasons import NotTaken, Reason, Refused
from app.documents.backfile.rows import COLUMNS, REQUIRED, Row, understand
from app.documents.errors import BackfileListNotValid

NAME: Final = "backfile.csv"
LONGEST_LINE: Final = 64 * 1024
SEPARATORS: Final = (",", ";", "\t")


def count(folder: Path) -> int:
    """How many lines follow the columns' names; raises `BackfileListNotValid` without a list."""
    with _opened(folder) as file:
        return max(0, sum(1 for _ in _lines(file)) - 1)


def read(folder: Path) -> Iterator[Row | Refused]:
    """Each line as a row, or why it is none; empty lines are passed over.

    Raises `BackfileListNotValid` for a list that cannot be read at all.
    """
    with _opened(folder) as file:
        lines = _lines(file)
        columns, separator = _header(next(lines, b""))
        first_of: dict[bytes, int] = {}
        for number, raw in enumerate(lines, 2):
            if not raw.strip():
                continue
            try:
                row = understand(number, _cells(raw, columns, separator))
                _refuse_second(row, first_of)
            except NotTaken as wrong:
                yield wrong.at(number)
            else:
                yield row


def _opened(folder: Path) -> BinaryIO:
    try:
        return (folder / NAME).open("rb")
    except OSError as reason:
        raise BackfileListNotValid(reason=f"there is no {NAME} that can be read") from reason


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Physical lines; of one that is longer than any can be, only its beginning."""
    while line := file.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
        yield line


def _header(raw: bytes) -> tuple[Sequence[str], str]:
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise BackfileListNotValid(reason="its first line is not UTF-8") from None
    separator = max(SEPARATORS, key=text.count)
    columns = [name.strip().strip('"') for name in text.split(separator)]
    lacking = [name for name in REQUIRED if name not in columns]
    strange = [name for name in columns if name not in COLUMNS]
    if lacking or strange or len(set(columns)) != len(columns):
        wrong = ", ".join([*lacking, *strange]) or "one of them twice"
        raise BackfileListNotValid(reason=f"its first line is not the columns: {wrong}")
    return columns, separator


def _cells(raw: bytes, columns: Sequence[str], separator: str) -> dict[str, str]:
    if len(raw) >= LONGEST_LINE:
        raise NotTaken("", Reason.LINE_NOT_READABLE)
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise NotTaken("", Reason.NOT_UTF8) from None
    try:
        [cells] = csv.reader([text], delimiter=separator, strict=True)
    except (csv.Error, ValueError):
        raise NotTaken("", Reason.LINE_NOT_READABLE) from None
    if len(cells) != len(columns):
        raise NotTaken("", Reason.LINE_NOT_READABLE)
    return dict(zip(columns, cells, strict=True))


def _refuse_second(row: Row, first_of: dict[bytes, int]) -> None:
    """A dossier has one paper of a code. The keys are kept short: a list may have a million lines."""
    key = hashlib.blake2b(f"{row.dossier_number}|{row.code}".encode(), digest_size=12).digest()
    first = first_of.setdefault(key, row.line)
    if first != row.line:
        raise NotTaken("dossier_number", Reason.TWICE_IN_LIST, line=first)
