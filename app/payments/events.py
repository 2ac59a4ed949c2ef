"""What others hear about money."""

import uuid
from datetime import date
from typing import ClassVar

from app.core.outbox import Fact
from app.dossiers.events import DossierFact


class SettlementUnbalanced(Fact, frozen=True, kw_only=True):
    """A day of a partner that had ended did not balance; the settlement names its cases."""

    kind: ClassVar[str] = "settlement.unbalanced"
    subject_field: ClassVar[str] = "settlement"

    settlement: str
    partner_id: uuid.UUID
    day: date
    checked_on: date
    reasons: int


class DossierFeesChanged(DossierFact, frozen=True, kw_only=True):
    """A fee was taken at the counter, or taken back; how much stands with the dossier, not here."""

    kind: ClassVar[str] = "dossier.fees_changed"
