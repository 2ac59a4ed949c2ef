"""What others hear about home visits."""

import uuid
from datetime import datetime
from typing import ClassVar

from app.core.outbox import Fact


class HomeVisitFact(Fact, frozen=True, kw_only=True):
    """Common to every fact about a home visit; `partner_id` is the courier's, once there is one."""

    subject_field: ClassVar[str] = "home_visit_id"

    home_visit_id: uuid.UUID
    centre_id: uuid.UUID
    visit_kind: str
    version: int
    partner_id: uuid.UUID | None = None
    courier_id: uuid.UUID | None = None


class HomeVisitConfirmed(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.confirmed"


class HomeVisitAssigned(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.assigned"


class HomeVisitEnRoute(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.en_route"


class HomeVisitCollected(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.collected"


class HomeVisitFailed(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.failed"


class HomeVisitReceived(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.received"


class HomeVisitDelivered(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.delivered"


class HomeVisitCancelled(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.cancelled"


class HomeVisitRescheduled(HomeVisitFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "home_visit.rescheduled"


class HomeVisitMoved(HomeVisitFact, frozen=True, kw_only=True):
    """It was rescheduled by the centre, which has closed the window: its person is to be told."""

    kind: ClassVar[str] = "home_visit.moved"


class HomeVisitLookedInto(HomeVisitFact, frozen=True, kw_only=True):
    """The centre asks for more papers, or gives them back."""

    kind: ClassVar[str] = "home_visit.looked_into"


class HomeVisitIncidentOpened(HomeVisitFact, frozen=True, kw_only=True):
    """Something happened that nobody can decide but a supervisor; `reason` is its kind."""

    kind: ClassVar[str] = "home_visit.incident_opened"

    reason: str


class HomeVisitPaid(HomeVisitFact, frozen=True, kw_only=True):
    """Money was taken for it, at the door or at the centre; the book's entry says how much."""

    kind: ClassVar[str] = "home_visit.paid"

    entry_id: uuid.UUID


class HomeVisitAtRisk(HomeVisitFact, frozen=True, kw_only=True):
    """No round can keep its window any more: its person is told, and somebody must find another way."""

    kind: ClassVar[str] = "home_visit.at_risk"

    reason: str


class HomeVisitReassigned(HomeVisitFact, frozen=True, kw_only=True):
    """Another courier comes than the one its person was told of."""

    kind: ClassVar[str] = "home_visit.reassigned"


class HomeVisitLate(HomeVisitFact, frozen=True, kw_only=True):
    """Its courier is on the way or comes next, and later than its person could expect."""

    kind: ClassVar[str] = "home_visit.late"

    expected_at: datetime
