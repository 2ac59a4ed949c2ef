"""Standard Webhooks 1.0 signatures, both ways: HMAC-SHA256 over `id.timestamp.body`.

The library signs with whatever time zone it is given as if it were UTC, and raises five kinds of errors on
malformed input: this module passes it UTC and knows one error.
"""

import binascii
import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from partners.postal.errors import SignatureNotAccepted

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"


def new_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(*, event_id: str, body: bytes, signing_secrets: list[str], now: datetime) -> dict[str, str]:
    """The three headers of one attempt; during a rotation one signature per secret."""
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(event_id, at, body.decode()) for secret in signing_secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }


def verify(*, secret: str, body: bytes, received: Mapping[str, str]) -> None:
    """Raises `SignatureNotAccepted` for a wrong, missing, stale (5 minutes) or garbled signature."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    try:
        Webhook(secret).verify(body, {name: received.get(name, "") for name in names})
    except (WebhookVerificationError, ValueError, binascii.Error) as reason:
        raise SignatureNotAccepted from reason
