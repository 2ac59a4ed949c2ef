"""What others hear about packages."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class PackageFact(Fact, frozen=True, kw_only=True):
    """Common to every fact about a package."""

    subject_field: ClassVar[str] = "package_id"

    package_id: uuid.UUID
    home_visit_id: uuid.UUID
    centre_id: uuid.UUID


class PackageSealed(PackageFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "package.sealed"


class PackageHandedOver(PackageFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "package.handed_over"


class PackageReceived(PackageFact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "package.received"


class IncidentOpened(PackageFact, frozen=True, kw_only=True):
    """The seal was broken or a paper is missing; dispatcher, monitor and citizen must know."""

    kind: ClassVar[str] = "package.incident_opened"

    reason: str
