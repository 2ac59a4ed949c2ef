"""What others hear about the queue."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class TicketFact(Fact, frozen=True, kw_only=True):
    """Common to every fact about a ticket."""

    subject_field: ClassVar[str] = "ticket_id"

    ticket_id: uuid.UUID
    centre_id: uuid.UUID
    number: str
    version: int


class TicketIssued(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.issued"

    appointment_id: uuid.UUID | None


class TicketReturnAgreed(TicketFact, frozen=True, kw_only=True):
    """The holder went away and comes back at the agreed time."""

    kind: ClassVar[str] = "ticket.return_agreed"


class TicketCalled(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.called"

    counter_id: uuid.UUID
    calls: int


class PriorityPassedTarget(TicketFact, frozen=True, kw_only=True):
    """Somebody without priority waited past the target because one with priority was called first.

    The ticket is the one called just now; `others` are those it passed, or 1 when it is itself the one
    that had to wait.
    """

    kind: ClassVar[str] = "ticket.priority_passed_target"

    counter_id: uuid.UUID
    others: int


class TicketFinished(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.finished"


class TicketMissed(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.missed"
