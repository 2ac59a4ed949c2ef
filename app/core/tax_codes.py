"""Tax codes (mã số thuế): of an enterprise, of its branch, or of a person.

An enterprise has ten digits, the tenth a check digit over the first nine (`stdnum.vn.mst`; where the sum
leaves 10 no code exists, DOMAIN 2.6); a branch adds `-001` to `-999`. Since 1 July 2025 that of a person
or a household business is the personal identification number of twelve digits: it is personal data, kept
where those numbers are kept and nowhere else.
"""

import re
import uuid
from enum import StrEnum
from typing import Final, NamedTuple

from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.vn import mst

from app.core.citizen_numbers import InvalidCitizenNumber, mask_citizen_number, validate_citizen_number

# The library also takes dashes anywhere and the digits of other scripts.
PLAIN: Final = re.compile(r"[0-9]{10}(?:-?[0-9]{3})?")
PERSONAL_LENGTH: Final = 12
SEEN: Final = 3
NAMESPACE: Final = uuid.UUID("5f6f3c1e-60b4-5d5e-9d6e-0e6c1b7a4b22")


class Holder(StrEnum):
    """Whose a tax code is."""

    ENTERPRISE = "enterprise"  # doanh nghiệp
    BRANCH = "branch"  # chi nhánh, đơn vị phụ thuộc
    PERSON = "person"  # cá nhân, hộ kinh doanh


class InvalidTaxCode(ValueError):
    """Not a tax code; `code` says why, and nothing says which it was."""

    def __init__(self, code: str = "invalid_tax_code") -> None:
        super().__init__(code)
        self.code = code


class TaxCode(NamedTuple):
    """A code as it is stored: `0100109106`, `0100109106-001`, or twelve digits of a person."""

    text: str
    holder: Holder

    def __repr__(self) -> str:
        return f"TaxCode({self.masked})"

    @property
    def masked(self) -> str:
        """As lists and logs show it: `010****106-001`."""
        return mask_tax_code(self.text)


def read_tax_code(raw: str) -> TaxCode:
    """What was typed, with spaces and dots or without.

    Raises `InvalidTaxCode`: `tax_code_check_digit` where the shape is right and a digit is mistyped.
    """
    text = re.sub(r"[ .]", "", raw)
    if len(text) == PERSONAL_LENGTH:
        try:
            return TaxCode(validate_citizen_number(text), Holder.PERSON)
        except InvalidCitizenNumber:
            raise InvalidTaxCode from None
    if not PLAIN.fullmatch(text):
        raise InvalidTaxCode
    try:
        spelled = mst.format(mst.validate(text))
    except InvalidChecksum:
        raise InvalidTaxCode("tax_code_check_digit") from None
    except ValidationError:
        raise InvalidTaxCode from None
    return TaxCode(spelled, Holder.BRANCH if "-" in spelled else Holder.ENTERPRISE)


def mask_tax_code(text: str) -> str:
    """A stored code with its middle hidden; a person's as personal numbers are shown."""
    if len(text) == PERSONAL_LENGTH:
        return mask_citizen_number(text)
    code, dash, branch = text.partition("-")
    return f"{code[:SEEN]}****{code[-SEEN:]}{dash}{branch}"


def business_id(text: str) -> uuid.UUID:
    """The same id for the same business wherever it is counted or owns something."""
    return uuid.uuid5(NAMESPACE, text)
