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


class DossierMoved(DossierFact, frozen=True, kw_only=True):
    """Common to moves of the lifecycle: the status now, and the promised moment now, if there is one."""

    status: int
    due_at: datetime | None


class DossierRegistered(DossierMoved, frozen=True, kw_only=True):
    """Handed in and numbered; nobody has said yet that it is accepted."""

    kind: ClassVar[str] = "dossier.registered"


class DossierRefused(DossierMoved, frozen=True, kw_only=True):
    """Not accepted (form 03)."""

    kind: ClassVar[str] = "dossier.refused"


class DossierStarted(DossierMoved, frozen=True, kw_only=True):
    """Somebody works on it."""

    kind: ClassVar[str] = "dossier.started"


class DossierSupplementRequested(DossierMoved, frozen=True, kw_only=True):
    """Papers are missing (form 02); every request after the first counts as late."""

    kind: ClassVar[str] = "dossier.supplement_requested"

    request: int
    counts_as_late: bool


class DossierSupplemented(DossierMoved, frozen=True, kw_only=True):
    """The supplement is complete; the promised moment moved by the pause."""

    kind: ClassVar[str] = "dossier.supplemented"

    previous_due_at: datetime | None


class DossierPaymentDue(DossierMoved, frozen=True, kw_only=True):
    """The applicant has a financial duty to fulfil first."""

    kind: ClassVar[str] = "dossier.payment_due"


class DossierPaymentReceived(DossierMoved, frozen=True, kw_only=True):
    """The duty is fulfilled and work goes on."""

    kind: ClassVar[str] = "dossier.payment_received"

    previous_due_at: datetime | None


class DossierExtended(DossierMoved, frozen=True, kw_only=True):
    """We are sorry: the result comes later (form 04); every time after the first is flagged."""

    kind: ClassVar[str] = "dossier.extended"

    previous_due_at: datetime
    extension: int


class DossierWithdrawn(DossierMoved, frozen=True, kw_only=True):
    """The applicant took it back, and an officer confirmed it."""

    kind: ClassVar[str] = "dossier.withdrawn"


class DossierStopped(DossierMoved, frozen=True, kw_only=True):
    """Processing was stopped (form 05)."""

    kind: ClassVar[str] = "dossier.stopped"


class DossierCorrected(DossierMoved, frozen=True, kw_only=True):
    """A centre leader took a move back; the result there was is none."""

    kind: ClassVar[str] = "dossier.corrected"

    from_status: int


class DossierWarned(DossierFact, frozen=True, kw_only=True):
    """The promised moment is near, or over; `level` is who is to look: officer, leader, overdue."""

    kind: ClassVar[str] = "dossier.warned"

    level: str
    due_at: datetime
