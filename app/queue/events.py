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


class TicketCalled(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.called"

    counter_id: uuid.UUID
    calls: int


class TicketFinished(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.finished"


class TicketMissed(TicketFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "ticket.missed"
