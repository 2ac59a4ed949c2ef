"""What an error of the push service means for us: data (firebase.google.com/docs/cloud-messaging)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from notifications.classification import Verdict

# The app is gone from that device, or belongs to another project: the token is of no use any more.
DEAD: Final = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
MEANINGS: Final[Mapping[str, Verdict]] = MappingProxyType(
    dict.fromkeys(DEAD, Verdict.RECIPIENT)
    | {
        "INVALID_ARGUMENT": Verdict.CONTENT,
        "THIRD_PARTY_AUTH_ERROR": Verdict.CONFIGURATION,
        "PERMISSION_DENIED": Verdict.CONFIGURATION,
        # Our access token: another is bought and the notice tried again.
        "UNAUTHENTICATED": Verdict.TEMPORARY,
        "QUOTA_EXCEEDED": Verdict.TEMPORARY,
        "UNAVAILABLE": Verdict.TEMPORARY,
        "INTERNAL": Verdict.AMBIGUOUS,
    }
)


def code(body: Mapping[str, object]) -> str:
    """The service's own code, else the general status, of an error document."""
    error = body.get("error")
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    each = details if isinstance(details, list) else []
    told = (detail.get("errorCode") for detail in each if isinstance(detail, dict))
    return next((str(own) for own in told if own), str(error.get("status", "")))
