"""What a gateway's result code means for us: data, because meanings change and gateways differ."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from notifications.classification import Verdict

ACCEPTED: Final = "100"
# It has our id already: what we ask for was taken before.
KNOWN_ALREADY: Final = "124"
MEANINGS: Final[Mapping[str, Verdict]] = MappingProxyType(
    # Blocked at the gateway, no phone, an operator the brand name is not registered with.
    dict.fromkeys(("99", "108", "177"), Verdict.RECIPIENT)
    # The text fits no registered template.
    | {"146": Verdict.CONTENT}
    # Key, price list, balance, brand name, our address, kind of message: all of them ours to mend.
    | dict.fromkeys(("101", "102", "103", "104", "118", "140", "300"), Verdict.CONFIGURATION)
    | {"120": Verdict.TEMPORARY}
)
# What a callback's `SendStatus` is in the words of receipts; 5 says that it was sent, not to whom.
RECEIPTS: Final[Mapping[str, str]] = MappingProxyType(
    {"1": "queued", "2": "queued", "4": "undelivered", "7": "sent"}
)
SENT: Final = "5"


def verdict(code: str) -> Verdict:
    """An unknown code is ours to look at: nothing was sent, and nothing is sent unchanged."""
    return MEANINGS.get(code, Verdict.CONTENT)


def receipt(status: str, *, succeeded: str, failed: str) -> str | None:
    """The status of a receipt, or None for what nobody documented."""
    if status != SENT:
        return RECEIPTS.get(status)
    if failed not in {"", "0"} and succeeded in {"", "0"}:
        return "undelivered"
    return "delivered" if succeeded not in {"", "0"} else "sent"
