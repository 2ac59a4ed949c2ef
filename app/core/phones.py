"""Phone numbers: a contact, never an identity. Stored, limited and sent as E.164."""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

# The library also takes Arabic digits, letters, extensions and a trailing NUL for valid (measured).
PLAIN: Final = re.compile(r"[0-9+ ().\-]{8,20}")
DIGITS: Final = re.compile(r"\+?[0-9]{8,15}")
# Mobile numbers had eleven digits until 2018: 0120–0129, 0162–0169, 0186, 0188, 0199.
BEFORE_2018: Final = re.compile(r"(?:\+?84|0084)?0?1(?:2[0-9]|6[2-9]|8[68]|99)[0-9]{7}")
COUNTRY: Final = 84
MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class InvalidPhone(ValueError):
    """Not a Vietnamese mobile number; `code` says why."""

    def __init__(self, code: str = "invalid_phone") -> None:
        super().__init__(code)
        self.code = code


def to_e164(raw: str) -> str:
    """`0912 345 678`, `84912345678` and `+84 912.345.678` are one number: `+84912345678`."""
    if not PLAIN.fullmatch(raw):
        raise InvalidPhone
    digits = re.sub(r"[^0-9+]", "", raw)
    if not DIGITS.fullmatch(digits):
        raise InvalidPhone
    if BEFORE_2018.fullmatch(digits):
        raise InvalidPhone("phone_before_2018")
    if digits.startswith("84") and len(digits) == 11:
        digits = f"+{digits}"
    try:
        number = phonenumbers.parse(digits, "VN")
    except NumberParseException:
        raise InvalidPhone from None
    if number.country_code != COUNTRY:
        raise InvalidPhone("foreign_phone")
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in MOBILE:
        raise InvalidPhone("not_a_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask(e164: str) -> str:
    """`+84912345678` as others see it: `091•••5678`."""
    national = "0" + e164.removeprefix(f"+{COUNTRY}")
    return f"{national[:3]}•••{national[-4:]}"
