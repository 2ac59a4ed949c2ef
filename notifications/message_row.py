"""A message as whoever brings it out sees it."""

import uuid
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from notifications.port import Sender
from notifications.templates import Category


class Wait(NamedTuple):
    """Not now: look again after this long."""

    after: timedelta


class Ripe(NamedTuple):
    """It may leave now, and others may go with it."""


class MessageRow(NamedTuple):
    """A message on its way."""

    id: uuid.UUID
    template: str
    category: str
    centre_id: uuid.UUID | None
    phone: str
    body: str
    state: str
    attempts: int
    after_unknown: int
    asked: int
    created_at: datetime
    not_before: datetime
    expires_at: datetime
    retry_at: datetime | None
    calling_since: datetime | None
    channel: str
    address: str
    content: str
    thing: str
    thing_version: int
    locale: str
    label: str

    @property
    def is_code(self) -> bool:
        return self.category == Category.OTP

    @property
    def sender(self) -> Sender:
        return Sender.CODES if self.is_code else Sender.NOTICES


COLUMNS: Final = ", ".join(MessageRow._fields)
# Of calls that may have ended on the phone; what was refused, or never left the provider, did not.
ARRIVED: Final = ("accepted", "unknown", "calling", "unreachable")
