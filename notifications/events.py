"""What others hear about messages."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class MessageNotDelivered(Fact, frozen=True, kw_only=True):
    """A message ended without arriving; `verdict` is the class of the provider's code (`classification`),
    empty where it gave none. Whoever has another way to the person may take it.
    """

    kind: ClassVar[str] = "message.not_delivered"
    subject_field: ClassVar[str] = "message_id"

    message_id: uuid.UUID
    template: str
    state: str
    verdict: str
    code: str
