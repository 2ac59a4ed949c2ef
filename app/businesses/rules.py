"""What is decided about acting for a business (pure)."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.businesses.errors import TaxCodeCheckDigit, TaxCodeNotAccepted, TaxCodeOfPerson
from app.core.errors import Refusal
from app.core.tax_codes import Holder, InvalidTaxCode, read_tax_code

LATEST_START: Final = timedelta(days=366)
LONGEST: Final = timedelta(days=3653)  # ten years


class Role(StrEnum):
    """As whom somebody acts."""

    REPRESENTATIVE = "representative"  # người đại diện theo pháp luật (Law on Enterprises, article 12)
    DELEGATE = "delegate"  # người được ủy quyền (Civil Code, articles 138 and 562)


class Standing(StrEnum):
    """What a delegation is on a day."""

    COMING = "coming"
    CURRENT = "current"
    ENDED = "ended"
    REVOKED = "revoked"


def business_code(raw: str, *, pointer: str = "/tax_code") -> str:
    """The tax code of an enterprise or a branch as it is stored.

    Raises `TaxCodeCheckDigit`, `TaxCodeOfPerson`, `TaxCodeNotAccepted`; none of them echoes it.
    """
    try:
        read = read_tax_code(raw)
    except InvalidTaxCode as fault:
        kind = TaxCodeCheckDigit if fault.code == TaxCodeCheckDigit.code else TaxCodeNotAccepted
        raise _at(pointer, kind) from None
    if read.holder is Holder.PERSON:
        raise _at(pointer, TaxCodeOfPerson)
    return read.text


def _at(pointer: str, kind: type[Refusal]) -> Refusal:
    return kind(errors=[{"pointer": pointer, "code": kind.code, "detail": kind.detail.en}])


def last_day(role: Role, *, valid_from: date, valid_to: date | None) -> date | None:
    """Until when it holds. A delegation that names no end lasts one year (Civil Code, articles 140.2b
    and 563); a representative stays until a centre sees another paper.
    """
    if valid_to is not None or role is Role.REPRESENTATIVE:
        return valid_to
    return _a_year_later(valid_from) - timedelta(days=1)


def period_faults(*, valid_from: date, valid_to: date | None, today: date) -> list[tuple[str, str]]:
    """What is wrong with the days somebody names: (field, code) pairs."""
    faults = [
        (valid_from < today, "valid_from", "in_the_past"),
        (valid_from > today + LATEST_START, "valid_from", "too_far"),
        (valid_to is not None and valid_to < valid_from, "valid_to", "before_start"),
        (valid_to is not None and valid_to - valid_from > LONGEST, "valid_to", "too_far"),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]


def standing(*, valid_from: date, valid_to: date | None, revoked: bool, on: date) -> Standing:
    """What it is on a day; both of its days are included."""
    if revoked:
        return Standing.REVOKED
    if on < valid_from:
        return Standing.COMING
    return Standing.ENDED if valid_to is not None and on > valid_to else Standing.CURRENT


def _a_year_later(day: date) -> date:
    """The same day of the next year; after 29 February comes 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)
