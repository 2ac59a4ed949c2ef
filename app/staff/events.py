"""What others hear about the roster."""

import uuid
from datetime import date
from typing import ClassVar

from app.core.outbox import Fact


class StandbyActivated(Fact, frozen=True, kw_only=True):
    """A standby officer takes over a counter for the day."""

    kind: ClassVar[str] = "shift.standby_activated"
    subject_field: ClassVar[str] = "shift_id"

    shift_id: uuid.UUID
    centre_id: uuid.UUID
    officer_id: uuid.UUID
    counter_id: uuid.UUID
    day: date
