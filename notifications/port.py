"""The port to people's phones: what any provider must be able to do."""

import uuid
from datetime import datetime
from typing import NamedTuple, Protocol

from notifications.classification import Verdict


class Outgoing(NamedTuple):
    """A message on its way: E.164, rendered text, how long it is worth sending."""

    message_id: uuid.UUID
    attempt: int
    phone: str
    body: str
    valid_for_s: int


class Accepted(NamedTuple):
    """The provider has it."""

    provider_id: str


class Rejected(NamedTuple):
    """The provider does not want it, and certainly did not send it."""

    verdict: Verdict
    code: str


class Unknown(NamedTuple):
    """It may have been sent: ask before sending again."""

    why: str


Sending = Accepted | Rejected | Unknown


class SmsChannel(Protocol):
    """One provider of SMS. `send` is never repeated blindly: it has no idempotency key."""

    async def send(self, message: Outgoing) -> Sending: ...

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:
        """The provider's id of a message like this one, if it exists. Harmless to repeat."""
        ...


class Channels(NamedTuple):
    """The providers of this installation, and where the pages are that a message leads to."""

    sms: SmsChannel
    pages_url: str = ""
