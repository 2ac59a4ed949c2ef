"""The port to people's phones: what any provider must be able to do."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from app.settings import SENDER_TAKES_PER_SECOND
from notifications.classification import Verdict
from notifications.ways import Way
from notifications.zalo.registered import ZaloTemplate


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message carries beside its text, each channel as much of it as it can: a title, the
    appointment for a calendar (iCalendar), the page where its reader chooses what they are told, a
    template registered with the provider and what fills it.
    """

    title: str = ""
    language: str = "vi"
    calendar: str = ""
    choices_link: str = ""
    template_id: str = ""
    parameters: dict[str, str] = {}


PLAIN: Final = Content()


class Sender(StrEnum):
    """Codes leave by a sender of their own, so that none ever waits behind a morning's reminders."""

    CODES = "codes"
    NOTICES = "notices"


class Outgoing(NamedTuple):
    """A message on its way: E.164, rendered text, how long it is worth sending, by which sender.

    `address` is where on the channel it goes, where that is not the phone.
    """

    message_id: uuid.UUID
    attempt: int
    phone: str
    body: str
    valid_for_s: int
    address: str = ""
    content: Content = PLAIN
    sender: Sender = Sender.NOTICES


class Accepted(NamedTuple):
    """The provider has it."""

    provider_id: str


class Rejected(NamedTuple):
    """The provider does not want it, and certainly did not send it; `retry_after` is its own wish."""

    verdict: Verdict
    code: str
    retry_after: timedelta | None = None


class Unknown(NamedTuple):
    """It may have been sent: ask before sending again."""

    why: str


Sending = Accepted | Rejected | Unknown


class Report(NamedTuple):
    """What the provider knows of a message it accepted. A price is known late or never, in `currency`."""

    status: str
    error_code: str
    segments: int | None
    price: str | None
    currency: str | None


class SmsChannel(Protocol):
    """One provider of SMS. `send` is never repeated blindly: it has no idempotency key.

    `find` and `fetch` raise when the provider cannot be asked; both are harmless to repeat.
    """

    async def send(self, message: Outgoing) -> Sending: ...

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:
        """The provider's id of a message like this one, if it exists."""
        ...

    async def fetch(self, provider_id: str) -> Report | None:
        """What became of a message, None when the provider does not know it."""
        ...


class Channels(NamedTuple):
    """The providers of this installation, and where the pages are that a message leads to.

    `others` are the ways beside the first SMS provider, `letters_from` the address letters come from,
    `sms_per_second` what each sender of the first SMS provider takes.
    """

    sms: SmsChannel
    pages_url: str = ""
    others: Mapping[Way, SmsChannel] = MappingProxyType({})
    sms_first: Way = Way.SMS
    letters_from: str = ""
    sms_per_second: int = SENDER_TAKES_PER_SECOND
    zalo_templates: Mapping[str, ZaloTemplate] = MappingProxyType({})

    @property
    def has_copies(self) -> bool:
        return not {Way.EMAIL, Way.PUSH}.isdisjoint(self.others)
