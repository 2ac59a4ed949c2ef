"""What others hear about documents."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class DocumentUploaded(Fact, frozen=True, kw_only=True):
    """A document waits to be inspected."""

    kind: ClassVar[str] = "document.uploaded"
    subject_field: ClassVar[str] = "document_id"

    document_id: uuid.UUID
