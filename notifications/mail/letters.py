"""A message as a letter (RFC 5322): one text, and the appointment for a calendar beside it (RFC 6047)."""

import re
import uuid
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, NamedTuple

from app.citizens.emails import is_address
from app.core.errors import Words

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CHOICES: Final = Words("Chọn cách nhận tin", "Choose how you are told")
METHOD: Final = re.compile(r"^METHOD:(REQUEST|CANCEL)\r?$", re.MULTILINE)


class LetterRefused(ValueError):
    """Something in it must not become part of a letter; `code` says what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sender(NamedTuple):
    """Who writes: a name for people, the address in `From`."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def letter(
    *,
    message_id: uuid.UUID,
    sender: Sender,
    to: str,
    title: str,
    text: str,
    calendar: str,
    language: str,
    now: datetime,
    choices_link: str = "",
) -> EmailMessage:
    """The letter, ready to be sent. Raises `LetterRefused` for whatever could write a header of its own.

    `calendar` is an iCalendar object with METHOD REQUEST or CANCEL, or nothing. `choices_link` is the page
    where its reader chooses what they are told; mailboxes show it beside the letter (RFC 2369).
    """
    if not is_address(to):
        raise LetterRefused("address")
    if CONTROL.search(title) or CONTROL.search(sender.name) or CONTROL.search(choices_link):
        raise LetterRefused("header")
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<{message_id}@{sender.domain}>"
    mail["Date"] = format_datetime(now)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = title
    mail["Content-Language"] = language
    # Nobody's holiday notice is wanted back (RFC 3834), and no mailing list is meant.
    mail["Auto-Submitted"] = "auto-generated"
    if choices_link:
        # The mailbox's own button (RFC 2369, RFC 8058): no more letters, and nothing else.
        mail["List-Unsubscribe"] = f"<{choices_link}/unsubscribe>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text = f"{text}\n\n{CHOICES.in_language(language)}: {choices_link}\n"
    mail.set_content(text, cte="quoted-printable")
    if calendar:
        mail.add_alternative(calendar.encode(), "text", "calendar", cte="base64")
        part = mail.get_payload(1)
        assert isinstance(part, EmailMessage)
        part.set_param("charset", "utf-8")
        part.set_param("method", _method(calendar))
    return mail


def _method(calendar: str) -> str:
    """The parameter says what the object says (RFC 6047 2.4)."""
    found = METHOD.search(calendar)
    if found is None:
        raise LetterRefused("calendar")
    return found[1]
