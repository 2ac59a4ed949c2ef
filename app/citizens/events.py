"""What others hear about the addresses of people."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class EmailNamed(Fact, frozen=True, kw_only=True):
    """Somebody named an address; a code goes there to show that they read it."""

    kind: ClassVar[str] = "email.named"
    subject_field: ClassVar[str] = "challenge_id"

    challenge_id: uuid.UUID
