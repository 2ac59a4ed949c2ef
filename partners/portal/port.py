"""What we ask of a national portal, in our words; the older contract stands behind it, a newer one may."""

from typing import Protocol

from app.dossiers.exchange import Exchanged, Step
from app.dossiers.states import Status


class PortalUnavailable(Exception):
    """No definite answer: it may or may not have taken effect. Asking what the portal knows resolves it."""


class PortalRefused(Exception):
    """The portal understood and said no. `code` is the portal's; its words may name people, and go."""

    def __init__(self, service: str, code: str) -> None:
        super().__init__(f"the portal refused {service} with error_code {code}")
        self.service = service
        self.code = code
        self.tellable = f"{service} error_code {code}"


class NationalPortal(Protocol):
    """Each method may be repeated; each raises `PortalUnavailable` or `PortalRefused`."""

    async def status_of(self, number: str) -> int | None:
        """The status the portal holds of a dossier number; None when it does not know the dossier."""

    async def put(self, dossier: Exchanged, *, status: Status, known: bool) -> None:
        """The dossier's record, new or (`known`) in place of the former; its status becomes this one."""

    async def step(self, dossier: Exchanged, step: Step) -> None:
        """One more step of its progress; its status becomes the step's."""
