"""What an error of ZNS means for us: data, because meanings change (zalo.cloud/zns/guidelines)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from notifications.classification import Verdict

ACCEPTED: Final = 0
# Our access token is not, or no longer, one: another is fetched and the message tried again.
TOKEN: Final = -124
MEANINGS: Final[Mapping[int, Verdict]] = MappingProxyType(
    # No such phone, no Zalo, too old a Zalo, or its holder wants none of these.
    dict.fromkeys((-108, -110, -114, -118, -119, -139, -141), Verdict.RECIPIENT)
    # Template or data, or not this template now: at night, or beyond what a day allows. Not by this way.
    | dict.fromkeys(
        (-109, -111, -112, -113, -116, -117, -121, -122, -130, -131, -132, -133, -144, -146, -147),
        Verdict.CONTENT,
    )
    # Application, official account, permission, balance: all of them ours to mend.
    | dict.fromkeys(
        (-101, -102, -103, -104, -105, -106, -107, -115, -120, -125, -126, -135, -136, -137, -138, -140),
        Verdict.CONFIGURATION,
    )
    | {TOKEN: Verdict.TEMPORARY, -100: Verdict.AMBIGUOUS}
)


def verdict(code: int) -> Verdict:
    """An unknown error is ours to look at: the message goes another way."""
    return MEANINGS.get(code, Verdict.CONTENT)
