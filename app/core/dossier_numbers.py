"""Dossier numbers (mã hồ sơ): `{agency}-{yymmdd}-{nnnn}` (Circular 01/2018/TT-VPCP, art. 19)."""

import re
from datetime import date
from typing import Final, NamedTuple

DOSSIER_NUMBER: Final = re.compile(
    r"(?P<agency>[GH][0-9]{2}(?:\.[0-9]{1,3}){0,3}|[0-9]{3}(?:\.[0-9]{2}){1,2}\.[GH][0-9]{2})"
    r"-(?P<day>[0-9]{6})-(?P<sequence>[0-9]{4,7})"
)
CENTURY: Final = 2000


class InvalidDossierNumber(ValueError):
    """Not a dossier number."""

    code = "invalid_dossier_number"


class DossierNumber(NamedTuple):
    """The parts of a number."""

    agency: str
    day: date
    sequence: int


def format_dossier_number(agency: str, day: date, sequence: int) -> str:
    """Four digits, growing above 9,999."""
    return f"{agency}-{day:%y%m%d}-{sequence:04d}"


def parse_dossier_number(raw: str) -> DossierNumber:
    """The parts of a number in either form of agency; raises `InvalidDossierNumber`."""
    found = DOSSIER_NUMBER.fullmatch(raw)
    if found is None:
        raise InvalidDossierNumber(raw)
    digits = found["day"]
    try:
        day = date(CENTURY + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise InvalidDossierNumber(raw) from None
    return DossierNumber(found["agency"], day, int(found["sequence"]))
