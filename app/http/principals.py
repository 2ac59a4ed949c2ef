"""Who is calling: what a verified token or page cookie says, and nothing more."""

import uuid
from dataclasses import dataclass, field
from enum import StrEnum


class Caller(StrEnum):
    """Who may call a route. A route that names nobody lets nobody in.

    The five kinds of token are citizen, officer, device, partner and nobody at all; shift leads,
    centre leaders, monitors, calendar editors and message editors are officers with a role. So is a
    dispatcher: somebody of the postal enterprise at a centre (Decree 107/2021), who sees the rounds and no
    queue.
    """

    ANYONE = "anyone"
    CITIZEN = "citizen"
    OFFICER = "officer"
    SHIFT_LEAD = "shift_lead"
    CENTRE_LEADER = "centre_leader"
    MONITOR = "monitor"
    CALENDAR_EDITOR = "calendar_editor"
    DISPATCHER = "dispatcher"
    MESSAGE_EDITOR = "message_editor"
    DEVICE = "device"
    PARTNER = "partner"
    PROVIDER = "provider"


class Audience(StrEnum):
    """One audience per API: a token for one is worthless at the others."""

    CITIZEN = "citizen"
    STAFF = "staff"
    PARTNER = "partner"
    DEVICE = "device"


AUDIENCE_OF: dict[Caller, Audience] = {
    Caller.CITIZEN: Audience.CITIZEN,
    Caller.OFFICER: Audience.STAFF,
    Caller.SHIFT_LEAD: Audience.STAFF,
    Caller.CENTRE_LEADER: Audience.STAFF,
    Caller.MONITOR: Audience.STAFF,
    Caller.CALENDAR_EDITOR: Audience.STAFF,
    Caller.DISPATCHER: Audience.STAFF,
    Caller.MESSAGE_EDITOR: Audience.STAFF,
    Caller.DEVICE: Audience.DEVICE,
    Caller.PARTNER: Audience.PARTNER,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of this request.

    `id` is the citizen, officer, device or partner; `sign_in_id` the session it belongs to. Officers
    and devices act at one centre. `callers` are the roles the caller fulfils.
    """

    audience: Audience
    id: uuid.UUID
    sign_in_id: uuid.UUID
    callers: frozenset[Caller]
    centre_id: uuid.UUID | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def centre(self) -> uuid.UUID:
        """The centre an officer or a device acts at; asking anybody else is a mistake."""
        if self.centre_id is None:
            raise RuntimeError("This caller acts at no centre.")
        return self.centre_id
