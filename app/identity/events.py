"""What others hear about identities."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class OtpRequested(Fact, frozen=True, kw_only=True):
    """A code waits to be sent; the code itself is sealed in the challenge's row."""

    kind: ClassVar[str] = "otp.requested"
    subject_field: ClassVar[str] = "challenge_id"

    challenge_id: uuid.UUID
