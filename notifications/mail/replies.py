"""What a mail server's reply means for us: data (RFC 5321, enhanced codes RFC 3463)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from notifications.classification import Verdict

ENHANCED: Final = re.compile(r"\b([245])\.([0-9]{1,3})\.([0-9]{1,3})\b")
# Subject and detail of a permanent reply; what is not named here is told by its subject, else by its class.
PERMANENT: Final[Mapping[str, Verdict]] = MappingProxyType(
    dict.fromkeys(("1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.0", "2.1"), Verdict.RECIPIENT)
    | dict.fromkeys(
        ("1.7", "1.8", "7.0", "7.8", "7.9", "5.1", "7.20", "7.23", "7.26"), Verdict.CONFIGURATION
    )
    | dict.fromkeys(("2.2", "3.1"), Verdict.TEMPORARY)  # a full mailbox, a full system
)
SUBJECTS: Final[Mapping[str, Verdict]] = MappingProxyType(
    {"1": Verdict.RECIPIENT, "2": Verdict.RECIPIENT, "6": Verdict.CONTENT, "7": Verdict.CONTENT}
)
REPLIES: Final[Mapping[int, Verdict]] = MappingProxyType(
    dict.fromkeys((530, 534, 535, 538, 502, 503, 521), Verdict.CONFIGURATION)
    | dict.fromkeys((550, 551, 553, 556), Verdict.RECIPIENT)
    | dict.fromkeys((552, 554), Verdict.CONTENT)
)


def verdict(reply: int, text: str) -> Verdict:
    """By the enhanced code in the text, else by the reply; 4xx is always worth another try."""
    if reply < 500:
        return Verdict.TEMPORARY
    if reply in (530, 534, 535, 538):
        return Verdict.CONFIGURATION
    found = ENHANCED.search(text)
    if found and found[1] == "5":
        return PERMANENT.get(f"{found[2]}.{found[3]}") or SUBJECTS.get(found[2], Verdict.CONTENT)
    return REPLIES.get(reply, Verdict.CONTENT)


def code(reply: int, text: str) -> str:
    """The enhanced code where there is one: it says more than the reply."""
    found = ENHANCED.search(text)
    return found[0] if found else str(reply)
