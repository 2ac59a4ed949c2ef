"""What others hear about openings and appointments: ids, codes and times."""

import uuid
from datetime import datetime
from typing import ClassVar

from app.core.outbox import Fact


class AppointmentFact(Fact, frozen=True, kw_only=True):
    """Something that happened to one appointment."""

    subject_field: ClassVar[str] = "appointment_id"
    appointment_id: uuid.UUID
    centre_id: uuid.UUID
    starts_at: datetime


class PersonsAppointmentFact(AppointmentFact, frozen=True, kw_only=True):
    """One that concerns the person it belongs to; `version` tells their messages apart."""

    citizen_id: uuid.UUID
    version: int


class AppointmentConfirmed(PersonsAppointmentFact, frozen=True, kw_only=True):
    """The citizen will come, and the place is theirs."""

    kind: ClassVar[str] = "appointment.confirmed"


class AppointmentRescheduled(PersonsAppointmentFact, frozen=True, kw_only=True):
    """The same appointment, at another time."""

    kind: ClassVar[str] = "appointment.rescheduled"
    previous_starts_at: datetime


class AppointmentCancelled(PersonsAppointmentFact, frozen=True, kw_only=True):
    """The place is free again. `was_confirmed` tells whether anybody had been told of it."""

    kind: ClassVar[str] = "appointment.cancelled"
    was_confirmed: bool


class AppointmentExpired(AppointmentFact, frozen=True, kw_only=True):
    """A hold ended without being confirmed; its place is free again."""

    kind: ClassVar[str] = "appointment.expired"


class AppointmentMissed(AppointmentFact, frozen=True, kw_only=True):
    """Nobody came within the time of grace."""

    kind: ClassVar[str] = "appointment.missed"
    citizen_id: uuid.UUID


class AppointmentReminderDue(PersonsAppointmentFact, frozen=True, kw_only=True):
    """It is near, and its person confirmed it a while ago."""

    kind: ClassVar[str] = "appointment.reminder_due"


class OpeningPublished(Fact, frozen=True, kw_only=True):
    """A pool is open from–to, and its slots exist."""

    kind: ClassVar[str] = "opening.published"
    subject_field: ClassVar[str] = "opening_id"
    opening_id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


class WaitlistJoined(Fact, frozen=True, kw_only=True):
    """Somebody waits for a place; there may be one already."""

    kind: ClassVar[str] = "waitlist.joined"
    subject_field: ClassVar[str] = "entry_id"
    entry_id: uuid.UUID
    centre_id: uuid.UUID
    window_from: datetime
    window_to: datetime


class WaitlistOffered(Fact, frozen=True, kw_only=True):
    """A place is held for somebody who waited, until they confirm it or the offer is over."""

    kind: ClassVar[str] = "waitlist.offered"
    subject_field: ClassVar[str] = "entry_id"
    entry_id: uuid.UUID
    appointment_id: uuid.UUID
    centre_id: uuid.UUID
    starts_at: datetime
    offer_expires_at: datetime
    version: int


class AppointmentOrphaned(PersonsAppointmentFact, frozen=True, kw_only=True):
    """A change of the centre took its places away; the appointment stands, and nobody was told yet."""

    kind: ClassVar[str] = "appointment.orphaned"


class AppointmentSupported(PersonsAppointmentFact, frozen=True, kw_only=True):
    """It has places again, at the time that was promised."""

    kind: ClassVar[str] = "appointment.supported"


class AppointmentMoved(PersonsAppointmentFact, frozen=True, kw_only=True):
    """The centre gave it another time, perhaps at another centre, because of a change of its own."""

    kind: ClassVar[str] = "appointment.moved"
    previous_starts_at: datetime


class AppointmentWithdrawn(PersonsAppointmentFact, frozen=True, kw_only=True):
    """The centre cancelled it because of a change of its own. Its places were gone already."""

    kind: ClassVar[str] = "appointment.withdrawn"
    was_confirmed: bool


class CapacityChanged(Fact, frozen=True, kw_only=True):
    """A centre's capacity is another one from–to: less, or more."""

    kind: ClassVar[str] = "capacity.changed"
    subject_field: ClassVar[str] = "change_id"
    change_id: uuid.UUID
    centre_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
