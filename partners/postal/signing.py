"""Standard Webhooks 1.0 signatures, both ways: HMAC-SHA256 over `id.timestamp.body`.

The library signs with whatever time zone it is given as if it were UTC, and judges a received message by
the machine's clock: this module passes it UTC, takes `now` as a fact, and knows one error.
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks.webhooks import Webhook

from partners.postal.errors import SignatureNotAccepted

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
TOLERANCE: Final = timedelta(minutes=5)


def new_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(*, event_id: str, body: bytes, signing_secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers of one attempt; during a rotation one signature per secret."""
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(event_id, at, body.decode()) for secret in signing_secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }


def verify(*, known_secrets: Sequence[str], body: bytes, received: Mapping[str, str], now: datetime) -> str:
    """The message's id, when a signature of one of the secrets is among those received.

    Raises `SignatureNotAccepted` for a wrong, missing or garbled signature, and for one whose timestamp is
    more than five minutes from now. Versions other than `v1` are passed over, not refused.
    """
    message_id = received.get("webhook-id", "")
    given = received.get("webhook-signature", "").split(" ")
    try:
        at = datetime.fromtimestamp(int(received.get("webhook-timestamp", "")), UTC)
        expected = [Webhook(secret).sign(message_id, at, body.decode()) for secret in known_secrets]
    except (ValueError, OverflowError, OSError) as reason:
        raise SignatureNotAccepted from reason
    pairs = [(right.encode(), one.encode()) for right in expected for one in given]
    if not message_id or abs(now - at) > TOLERANCE:
        raise SignatureNotAccepted
    if not any(hmac.compare_digest(right, one) for right, one in pairs):
        raise SignatureNotAccepted
    return message_id
