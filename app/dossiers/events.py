"""What others hear about dossiers."""

import uuid
from datetime import datetime
from typing import ClassVar

from app.core.outbox import Fact


class DossierFact(Fact, frozen=True, kw_only=True):
    """Common to every fact about a dossier."""

    subject_field: ClassVar[str] = "dossier_id"

    dossier_id: uuid.UUID
    dossier_number: str
    centre_id: uuid.UUID
    procedure_code: str
    version: int


class DossierAccepted(DossierFact, frozen=True, kw_only=True):
    """A dossier has its number and its promised moment."""

    kind: ClassVar[str] = "dossier.accepted"

    due_at: datetime
    ticket_id: uuid.UUID | None
    package_id: uuid.UUID | None


class DossierCompleted(DossierFact, frozen=True, kw_only=True):
    """The digitised result is there and waits for its owner."""

    kind: ClassVar[str] = "dossier.completed"


class DossierReturned(DossierFact, frozen=True, kw_only=True):
    """The result reached its owner, at the counter or at the door."""

    kind: ClassVar[str] = "dossier.returned"

    how: str
