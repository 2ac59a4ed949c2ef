"""What the emulator has accepted."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from notifications.segments import cost

PRICE_USD: Final = 0.05
FINAL: Final = frozenset({"sent", "delivered", "undelivered", "failed"})


@dataclass
class SmsRecord:
    """One accepted message, with what it was asked for."""

    sid: str
    to: str
    sender: str
    body: str
    form: dict[str, str]
    created_at: datetime
    status: str = "queued"
    error_code: int | None = None
    callbacks: list[str] = field(default_factory=list)

    @property
    def validity_s(self) -> str:
        return self.form.get("ValidityPeriod", "")

    @property
    def segments(self) -> int:
        """Nought while a messaging service has not chosen a sender."""
        return 0 if self.status == "accepted" else cost(self.body).segments

    @property
    def price(self) -> str | None:
        """Unknown at first, and nothing for what never left."""
        if self.status not in FINAL:
            return None
        return "0.0000" if self.status == "failed" else f"-{PRICE_USD * self.segments:.4f}"

    def become(self, told: str) -> None:
        """A status, or a status and its error code: `undelivered:30005`."""
        self.status, _, code = told.partition(":")
        self.error_code = int(code) if code else None

    def as_log(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "status": self.status,
            "callbacks": list(self.callbacks),
            "at": self.created_at.isoformat(),
        }


class Mailbox:
    """Every message, and how many calls were made to send one."""

    def __init__(self) -> None:
        self._records: list[SmsRecord] = []
        self._calls: list[str] = []
        self._lock = threading.Lock()

    def add(self, form: dict[str, str]) -> SmsRecord:
        service = form.get("MessagingServiceSid", "")
        record = SmsRecord(
            sid=f"SM{secrets.token_hex(16)}",
            to=form["To"],
            sender=form.get("From", service),
            body=form["Body"],
            form=form,
            created_at=datetime.now(UTC).replace(microsecond=0),
            status="accepted" if service else "queued",
        )
        with self._lock:
            self._records.append(record)
        return record

    def all(self) -> list[SmsRecord]:
        with self._lock:
            return list(self._records)

    def by_sid(self, sid: str) -> SmsRecord | None:
        return next((record for record in self.all() if record.sid == sid), None)

    def note_call(self, phone: str) -> None:
        with self._lock:
            self._calls.append(phone)

    def calls(self) -> list[str]:
        """The numbers of every call to send, accepted or not, in order."""
        with self._lock:
            return list(self._calls)
