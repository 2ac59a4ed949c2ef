"""What others hear about the calendar."""

import uuid
from datetime import date
from typing import ClassVar

from app.core.outbox import Fact


class CalendarConfirmed(Fact, frozen=True, kw_only=True):
    """A second person confirmed a day; it is being carried out at each centre."""

    kind: ClassVar[str] = "calendar.confirmed"
    subject_field: ClassVar[str] = "proposal_id"
    proposal_id: uuid.UUID
    day: date
    day_kind: str
