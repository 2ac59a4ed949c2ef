"""What others hear from monitoring."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class AlarmRaised(Fact, frozen=True, kw_only=True):
    """Somebody waits, or will wait, too long."""

    kind: ClassVar[str] = "queue_alarm.raised"
    subject_field: ClassVar[str] = "alarm_id"

    alarm_id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    what: str
    cause: str


class AlarmCleared(Fact, frozen=True, kw_only=True):
    """It is over."""

    kind: ClassVar[str] = "queue_alarm.cleared"
    subject_field: ClassVar[str] = "alarm_id"

    alarm_id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
