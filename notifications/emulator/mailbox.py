"""What the emulator has accepted."""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class SmsRecord:
    """One accepted message."""

    sid: str
    to: str
    sender: str
    body: str
    validity_s: str
    created_at: datetime
    status: str = "queued"
    error_code: int | None = None
    callbacks: list[str] = field(default_factory=list)

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
    """Every message, and how often a number was tried."""

    def __init__(self) -> None:
        self._records: list[SmsRecord] = []
        self._tries: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, form: dict[str, str]) -> SmsRecord:
        record = SmsRecord(
            sid=f"SM{secrets.token_hex(16)}",
            to=form["To"],
            sender=form.get("From", form.get("MessagingServiceSid", "")),
            body=form["Body"],
            validity_s=form.get("ValidityPeriod", ""),
            created_at=datetime.now(UTC).replace(microsecond=0),
        )
        with self._lock:
            self._records.append(record)
        return record

    def all(self) -> list[SmsRecord]:
        with self._lock:
            return list(self._records)

    def by_sid(self, sid: str) -> SmsRecord | None:
        return next((record for record in self.all() if record.sid == sid), None)

    def count_try(self, phone: str) -> int:
        with self._lock:
            self._tries[phone] += 1
            return self._tries[phone]
