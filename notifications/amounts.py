"""Amounts as messages say them: 35.000d in Vietnamese without marks, 35,000 VND in English."""

from typing import Final

from app.payments.rules import Bill, Purse

# What the catalogue has no amount for is said at the door, not guessed here.
NOT_KNOWN: Final = {"vi": "chưa định", "en": "not known yet"}
NAMES: Final = {
    (Purse.STATE, "vi"): "phí, lệ phí",
    (Purse.STATE, "en"): "state fee",
    (Purse.POSTAGE, "vi"): "cước",
    (Purse.POSTAGE, "en"): "postage",
}


def written(amount_vnd: int, locale: str) -> str:
    """Nothing is said in full, so that nobody looks for the number."""
    if locale == "en":
        return f"{amount_vnd:,} VND"
    return f"{amount_vnd:,}đ".replace(",", ".") if amount_vnd else "0 đồng"


def owed(bill: Bill, purse: Purse, locale: str) -> str:
    """What is still to be paid of a purse, exemptions considered."""
    if bill.unassessed(purse):
        return NOT_KNOWN["en" if locale == "en" else "vi"]
    return written(bill.owed(purse), locale)


def name(purse: Purse, locale: str) -> str:
    return NAMES[purse, "en" if locale == "en" else "vi"]
