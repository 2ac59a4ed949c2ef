"""A day's plan as its tables have it."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple


class DayRow(NamedTuple):
    """A day's plan as stored, without its rounds."""

    date: date
    version: int
    travel_version: int
    inflation: float
    guard_seconds: int
    dirty_since: datetime | None
    promised_since: int
    optimised_at: datetime | None


class DutyRow(NamedTuple):
    """One block of one courier; a late one is free at `clear_at`, after the visit `clear_of` if any, as
    was heard at `clear_as_of`.
    """

    id: uuid.UUID
    courier_id: uuid.UUID
    date: date
    block: str
    starts_at: datetime
    ends_at: datetime
    lat: float
    lon: float
    skills: Sequence[str]
    capacity: int
    state: str
    version: int
    clear_of: uuid.UUID | None = None
    clear_at: datetime | None = None
    clear_as_of: datetime | None = None


class StopRow(NamedTuple):
    """A visit in a round, or at risk (without a duty)."""

    home_visit_id: uuid.UUID
    date: date
    duty_id: uuid.UUID | None
    seq: int | None
    lock: str
    lat: float
    lon: float
    opens_at: datetime
    closes_at: datetime
    service_seconds: int
    size: int
    skills: Sequence[str]
    version: int
    at_risk_since: datetime | None
    at_risk_because: str
