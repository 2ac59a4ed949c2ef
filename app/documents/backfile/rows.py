"""What a line of the list may say (pure)."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.core.citizen_numbers import validate_citizen_number
from app.core.text import InvalidText, clean_name, clean_text
from app.documents.backfile.reasons import NotTaken, Reason

REQUIRED: Final = ("dossier_number", "owner_number", "owner_name", "code", "file")
OPTIONAL: Final = ("name", "number", "issuer", "scope", "issued_on", "valid_until", "is_permanent")
COLUMNS: Final = (*REQUIRED, *OPTIONAL)

# Old registers number by hand: `123/2019/TNHS`. What has today's form has it here too.
DOSSIER_NUMBER: Final = re.compile(r"[0-9A-ZĐ][0-9A-Za-zĐđ./_-]{2,39}")
YES: Final = frozenset({"x", "có", "co", "yes", "true", "1"})
NO: Final = frozenset({"không", "khong", "no", "false", "0"})
YEARS: Final = range(1945, 2101)
DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y")
WORDS_MOST: Final = 200
NUMBER_MOST: Final = 60
FILE_MOST: Final = 400


class Row(NamedTuple):
    """A line that can be taken as far as it says itself; empty texts were not given."""

    line: int
    dossier_number: str
    owner_number: str
    owner_name: str
    code: str
    file: str
    name: str
    number: str
    issuer: str
    scope: str
    issued_on: date | None
    valid_until: date | None
    is_permanent: bool


def understand(line: int, cells: Mapping[str, str]) -> Row:
    """The line, every cell cleaned; raises `NotTaken` for the first that cannot be."""
    found: dict[str, Any] = {}
    for column in COLUMNS:
        cell = cells.get(column, "")
        if not cell.strip():
            if column in REQUIRED:
                raise NotTaken(column, Reason.MISSING)
            found[column] = EMPTY.get(column, "")
            continue
        found[column] = PARSERS[column](column, cell)
    row = Row(line=line, **found)
    if row.is_permanent and row.valid_until is not None:
        raise NotTaken("valid_until", Reason.PERMANENT_AND_ENDING)
    if row.issued_on and row.valid_until and row.valid_until < row.issued_on:
        raise NotTaken("valid_until", Reason.ENDS_BEFORE_ITS_ISSUE)
    return row


def refuse_by_day(row: Row, *, today: date) -> None:
    """Raises `NotTaken`: what is no longer valid is not digitised, and nothing is issued tomorrow."""
    if row.issued_on is not None and row.issued_on > today:
        raise NotTaken("issued_on", Reason.ISSUED_IN_THE_FUTURE)
    if row.valid_until is not None and row.valid_until < today:
        raise NotTaken("valid_until", Reason.NO_LONGER_VALID, day=row.valid_until)


def _text(most: int) -> Callable[[str, str], str]:
    def parse(column: str, cell: str) -> str:
        try:
            return clean_text(cell, max_length=most)
        except InvalidText as wrong:
            if wrong.code == "text_too_long":
                raise NotTaken(column, Reason.TOO_LONG, most=most) from None
            raise NotTaken(column, Reason.FORBIDDEN_CHARACTER) from None

    return parse


def _file(column: str, cell: str) -> str:
    """A name as the folder spells it: its spaces and its way of writing marks stay."""
    name = cell.strip().replace("\\", "/")
    if len(name) > FILE_MOST:
        raise NotTaken(column, Reason.TOO_LONG, most=FILE_MOST)
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise NotTaken(column, Reason.FORBIDDEN_CHARACTER)
    return name


def _dossier_number(column: str, cell: str) -> str:
    if not DOSSIER_NUMBER.fullmatch(cell.strip()):
        raise NotTaken(column, Reason.DOSSIER_NUMBER_NOT_VALID)
    return cell.strip()


def _owner_number(column: str, cell: str) -> str:
    try:
        return validate_citizen_number(cell.strip())
    except ValueError:
        raise NotTaken(column, Reason.OWNER_NUMBER_NOT_VALID) from None


def _owner_name(column: str, cell: str) -> str:
    try:
        return clean_name(cell)
    except InvalidText:
        raise NotTaken(column, Reason.OWNER_NAME_NOT_VALID) from None


def _day(column: str, cell: str) -> date:
    for form in DAYS:
        try:
            found = datetime.strptime(cell.strip(), form).date()  # noqa: DTZ007 - a day of the calendar
        except ValueError:
            continue
        if found.year in YEARS:
            return found
    raise NotTaken(column, Reason.NOT_A_DATE)


def _yes_or_no(column: str, cell: str) -> bool:
    word = cell.strip().casefold()
    if word not in YES | NO:
        raise NotTaken(column, Reason.NOT_YES_OR_NO)
    return word in YES


EMPTY: Final[Mapping[str, Any]] = MappingProxyType(
    {"issued_on": None, "valid_until": None, "is_permanent": False}
)
PARSERS: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {
        "dossier_number": _dossier_number,
        "owner_number": _owner_number,
        "owner_name": _owner_name,
        "code": _text(40),
        "file": _file,
        "name": _text(WORDS_MOST),
        "number": _text(NUMBER_MOST),
        "issuer": _text(WORDS_MOST),
        "scope": _text(WORDS_MOST),
        "issued_on": _day,
        "valid_until": _day,
        "is_permanent": _yes_or_no,
    }
)
