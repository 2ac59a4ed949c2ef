"""Letters that come back: which message, and whether its address is of any use (RFC 3464).

Each letter's return path names its message under a MAC (VERP): whoever did not get the letter cannot make
one up, so that a report needs no other proof.
"""

import hashlib
import hmac
import re
import uuid
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Final, NamedTuple

from app.core.keys import keys

MAC_LENGTH: Final = 20
TAG: Final = re.compile(r"\+([0-9a-f]{32})([0-9a-f]{20})@")
STATUS: Final = re.compile(r"^([245])\.([0-9]{1,3})\.([0-9]{1,3})")
LONGEST_REPORT: Final = 200_000
# A full mailbox is no wrong address (RFC 3463 3.3).
FULL: Final = "2.2"


class Bounce(NamedTuple):
    """What a report says of one message: `failed` it will not arrive, `gone` nothing sent there will."""

    message_id: uuid.UUID
    failed: bool
    gone: bool
    code: str


def return_path(message_id: uuid.UUID, mailbox: str | None) -> str | None:
    """`bounces@place` becomes `bounces+<id><mac>@place`; nothing where reports are not read."""
    if not mailbox:
        return None
    local, _, domain = mailbox.partition("@")
    return f"{local}+{message_id.hex}{_mac(message_id)}@{domain}"


def read_return_path(address: str) -> uuid.UUID | None:
    """The message a return path names, if we made it."""
    found = TAG.search(address.lower())
    if found is None:
        return None
    message_id = uuid.UUID(hex=found[1])
    return message_id if hmac.compare_digest(found[2], _mac(message_id)) else None


def read_report(recipient: str, report: bytes) -> Bounce | None:
    """The report that came to one of our return paths; None for holiday notices and whatever else people
    and programs answer.
    """
    message_id = read_return_path(recipient)
    if message_id is None:
        return None
    mail = message_from_bytes(report[:LONGEST_REPORT], policy=default)
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            bounce = _of_recipient(message_id, block) if isinstance(block, Message) else None
            if bounce is not None:
                return bounce
    return None


def _of_recipient(message_id: uuid.UUID, block: Message) -> Bounce | None:
    """A block about one recipient has an action; the first, about the server, has none."""
    action = str(block.get("Action", "")).strip().lower()
    status = STATUS.match(str(block.get("Status", "")).strip())
    if action not in {"failed", "delayed"} or status is None:
        return None
    failed = action == "failed"
    gone = failed and status[1] == "5" and status[2] in {"1", "2"} and f"{status[2]}.{status[3]}" != FULL
    return Bounce(message_id, failed, gone, status[0])


def _mac(message_id: uuid.UUID) -> str:
    return hmac.new(keys().codes, b"bounce|" + message_id.bytes, hashlib.sha256).hexdigest()[:MAC_LENGTH]
